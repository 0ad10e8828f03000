//! A form's values: a JSON object by field key, as platforms send it. They differ in what they send
//! for a field that was left blank (nothing, null, an empty text) and for numbers and booleans
//! (as such, or as text); all of it is understood, anything else is refused by the field's key.

use alloc::format;
use alloc::string::String;

use super::manifest::Field;
use crate::aws::json::{self, Fields, Json};
use crate::call::error::Error;

/// The values of one form.
pub struct Values<'a>(Fields<'a>);

impl<'a> Values<'a> {
    /// Reads the object; `name` is what to call it in an error.
    ///
    /// # Errors
    /// `invalid-input` where the text is not a JSON object.
    pub fn read(name: &str, text: &'a str) -> Result<Values<'a>, Error> {
        match Fields::read(text) {
            Some(fields) => Ok(Values(fields)),
            None => Err(Error::invalid(
                name,
                match json::check(text) {
                    Ok(()) => "it must be a JSON object by field key".into(),
                    Err(problem) => problem,
                },
            )),
        }
    }

    /// A text; `None` where it was left blank.
    ///
    /// # Errors
    /// `invalid-input` where it is a list or an object.
    pub fn text(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        if value.get().starts_with(['{', '[']) {
            return Err(Error::invalid(key, "it must be text"));
        }
        Ok(Some(value.text()).filter(|text| !text.is_empty()))
    }

    /// A text without which the form cannot be run.
    ///
    /// # Errors
    /// `invalid-input` where it is blank, or no text.
    pub fn required_text(&self, key: &str) -> Result<String, Error> {
        self.text(key)?
            .ok_or_else(|| Error::invalid(key, "it is required"))
    }

    /// A whole number from 0 on.
    ///
    /// # Errors
    /// `invalid-input` where it is none, or larger than `T` holds.
    pub fn number<T: TryFrom<u64>>(&self, key: &str) -> Result<Option<T>, Error> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        let number = whole_number(text.trim()).and_then(|number| T::try_from(number).ok());
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(Error::invalid(
                key,
                "it must be a whole number that is not negative and not too large",
            )),
        }
    }

    /// True or false.
    ///
    /// # Errors
    /// `invalid-input` where it is neither.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, Error> {
        match self.text(key)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Error::invalid(key, "it must be true or false")),
        }
    }

    /// One of a dropdown's fixed choices; where it was left blank, the field's default.
    ///
    /// # Errors
    /// `invalid-input` that names the choices.
    pub fn choice(&self, field: &Field) -> Result<&'static str, Error> {
        let chosen = self.text(field.key)?;
        let wanted = match &chosen {
            Some(text) => text,
            None => field.default.unwrap_or_default().trim_matches('"'),
        };
        if let Some(choice) = field.choices.iter().find(|choice| choice.value == wanted) {
            return Ok(choice.value);
        }
        let mut message = String::from("it must be one of:");
        for choice in field.choices {
            message.push_str(&format!(" {}", choice.value));
        }
        Err(Error::invalid(field.key, message))
    }

    /// A JSON value as it came, an explicit null included; `None` where the key is missing.
    pub fn raw(&self, key: &str) -> Option<Json<'a>> {
        self.0.raw(key)
    }
}

/// `7`, and `7.0` as some platforms write all numbers.
fn whole_number(text: &str) -> Option<u64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok().filter(|_| !digits.starts_with('+'))
}
