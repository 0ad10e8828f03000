//! How a field's value is read. Platforms differ in what they send for a field that was left blank
//! (nothing, null, an empty text) and for numbers and booleans (as such, or as text); all of it is
//! understood, anything else is refused by the field's key.

use alloc::format;
use alloc::string::String;

use crate::aws::json::{self, Fields, Json};
use crate::call::error::Error;
use crate::cards::field::{Choice, Field, Values};

/// Reads the object; `name` is what to call it in an error.
///
/// # Errors
/// `invalid-input` where the text is not a JSON object.
pub fn read<'a>(name: &str, text: &'a str) -> Result<Values<'a>, Error> {
    Fields::read(text).ok_or_else(|| {
        let problem = json::check(text).err();
        let problem = problem.unwrap_or_else(|| "it must be a JSON object by field key".into());
        Error::invalid(name, problem)
    })
}

/// A refusal by the typed interface, told in the form's terms: by the key of the one of `fields`
/// that supplied the value.
pub fn to_form_error(error: Error, fields: impl IntoIterator<Item = &'static Field>) -> Error {
    let Error::InvalidInput(mut input) = error else {
        return error;
    };
    let supplied = |field: &&Field| field.paths.contains(&&*input.field);
    if let Some(field) = fields.into_iter().find(supplied) {
        input.field = field.key.into();
    }
    Error::InvalidInput(input)
}

impl Field {
    /// A refusal of the value.
    pub fn invalid(&self, message: impl Into<String>) -> Error {
        Error::invalid(self.key, message)
    }

    /// A text; `None` where it was left blank.
    ///
    /// # Errors
    /// `invalid-input` where it is a list or an object.
    pub fn text(&self, values: &Values<'_>) -> Result<Option<String>, Error> {
        let Some(value) = values.get(self.key) else {
            return Ok(None);
        };
        if value.get().starts_with(['{', '[']) {
            return Err(self.invalid("it must be text"));
        }
        Ok(Some(value.text()).filter(|text| !text.is_empty()))
    }

    /// A text without which the form cannot be run.
    ///
    /// # Errors
    /// `invalid-input` where it is blank, or no text.
    pub fn required_text(&self, values: &Values<'_>) -> Result<String, Error> {
        self.text(values)?
            .ok_or_else(|| self.invalid("it is required"))
    }

    /// A whole number from 0 on.
    ///
    /// # Errors
    /// `invalid-input` where it is none, or larger than `T` holds.
    pub fn number<T: TryFrom<u64>>(&self, values: &Values<'_>) -> Result<Option<T>, Error> {
        let Some(text) = self.text(values)? else {
            return Ok(None);
        };
        let number = whole_number(text.trim()).and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| {
            self.invalid("it must be a whole number that is not negative and not too large")
        })
    }

    /// True or false.
    ///
    /// # Errors
    /// `invalid-input` where it is neither.
    pub fn boolean(&self, values: &Values<'_>) -> Result<Option<bool>, Error> {
        match self.text(values)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.invalid("it must be true or false")),
        }
    }

    /// What the chosen one of a dropdown's fixed `choices` means.
    ///
    /// # Errors
    /// `invalid-input` that names the choices.
    pub fn choice<T: Copy>(&self, values: &Values<'_>, choices: &[Choice<T>]) -> Result<T, Error> {
        let chosen = self.chosen(values)?;
        if let Some(choice) = choices.iter().find(|choice| choice.value == chosen) {
            return Ok(choice.means);
        }
        let mut message = String::from("it must be one of:");
        for choice in choices {
            message.push_str(&format!(" {}", choice.value));
        }
        Err(self.invalid(message))
    }

    /// A JSON value as it came, an explicit null included; `None` where the key is missing.
    pub fn raw<'a>(&self, values: &Values<'a>) -> Option<Json<'a>> {
        values.raw(self.key)
    }

    /// Whether the form shows it.
    pub fn is_shown(&self, values: &Values<'_>) -> bool {
        self.visible_when.is_none_or(|condition| {
            let chosen = condition.field.chosen(values);
            chosen.is_ok_and(|chosen| condition.values.contains(&&*chosen))
        })
    }

    /// The text; where it was left blank, the default.
    fn chosen(&self, values: &Values<'_>) -> Result<String, Error> {
        let default = || self.default.unwrap_or_default().trim_matches('"').into();
        Ok(self.text(values)?.unwrap_or_else(default))
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
