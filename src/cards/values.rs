//! Reads the value of a field.
//!
//! Platforms differ in what they send for a blank field (no key, null or an empty string), and for
//! numbers and booleans (JSON or a string). All of these are accepted. Other values are rejected with
//! the key of the field, and so are keys that no field has.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use crate::aws::json::{self, Fields, Json};
use crate::call::error::Error;
use crate::call::text::is_word;
use crate::cards::field::{Choice, Field, Values};

/// Reads the values of a form's `fields`: the JSON object that errors call `name`.
///
/// # Errors
/// Returns `invalid-input` if `text` is not a JSON object, or if one of its keys is not that of a
/// field. A field that the form hides is still a field.
pub fn read<'a>(name: &str, text: &'a str, fields: &[&'static Field]) -> Result<Values<'a>, Error> {
    let values = Fields::read(text).ok_or_else(|| {
        let problem = json::check(text).err();
        let problem = problem.unwrap_or_else(|| "it must be a JSON object, keyed by field".into());
        Error::invalid(name, problem)
    })?;
    let is_known = |key: &str| fields.iter().any(|field| field.key == key);
    if let Some((key, _)) = values.iter().find(|(key, _)| !is_known(key)) {
        return Err(unknown_key(name, key, fields));
    }
    Ok(values)
}

/// The error for a key that no field has. It repeats a key that looks like one, so that a typo is
/// found. A secret that was pasted in place of a key is longer, or has other characters.
fn unknown_key(name: &str, key: &str, fields: &[&'static Field]) -> Error {
    let looks_like_a_key = (1..=MAX_REPEATED_KEY).contains(&key.len())
        && key.bytes().all(|byte| is_word(byte) || byte == b'.');
    let (field, problem) = if looks_like_a_key {
        (format!("{name}.{key}"), "there is no field of this key")
    } else {
        (name.into(), "it has a key that is not a field's")
    };
    let keys = fields.iter().map(|field| field.key);
    Error::invalid(
        field,
        with_list(format!("{problem}; the fields are:"), keys),
    )
}

/// The longest unknown key that an error repeats. A secret access key has 40 characters.
const MAX_REPEATED_KEY: usize = 32;

/// Appends what is allowed to a message.
pub fn with_list<'a>(mut message: String, allowed: impl Iterator<Item = &'a str>) -> String {
    for (index, item) in allowed.enumerate() {
        message.push_str(if index == 0 { " " } else { ", " });
        message.push_str(item);
    }
    message
}

/// Replaces the path in an error of the typed interface by the key of the field that supplied the
/// value.
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
    /// The error for an invalid value of this field.
    pub fn invalid(&self, message: impl Into<String>) -> Error {
        Error::invalid(self.key, message)
    }

    /// Reads a string, or `None` if the field is blank.
    ///
    /// # Errors
    /// Returns `invalid-input` for an array or an object.
    pub fn text(&self, values: &Values<'_>) -> Result<Option<String>, Error> {
        let Some(value) = values.get(self.key) else {
            return Ok(None);
        };
        if value.get().starts_with(['{', '[']) {
            return Err(self.invalid("it must be text"));
        }
        Ok(Some(value.text()).filter(|text| !text.is_empty()))
    }

    /// Reads a string that is required.
    ///
    /// # Errors
    /// Returns `invalid-input` for a blank field, an array or an object.
    pub fn required_text(&self, values: &Values<'_>) -> Result<String, Error> {
        self.text(values)?
            .ok_or_else(|| self.invalid("it is required"))
    }

    /// Reads a non-negative integer, or `None` if the field is blank.
    ///
    /// # Errors
    /// Returns `invalid-input` for another value, or one that does not fit into `T`.
    pub fn number<T: TryFrom<u64>>(&self, values: &Values<'_>) -> Result<Option<T>, Error> {
        let Some(text) = self.text(values)? else {
            return Ok(None);
        };
        let number = whole_number(text.trim()).and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| {
            self.invalid("it must be a whole number that is not negative and not too large")
        })
    }

    /// Reads a number of seconds, in milliseconds, or `None` if the field is blank.
    ///
    /// # Errors
    /// As for [`Field::number`].
    pub fn milliseconds(&self, values: &Values<'_>) -> Result<Option<u32>, Error> {
        let seconds: Option<u32> = self.number(values)?;
        Ok(seconds.map(|seconds| seconds.saturating_mul(1_000)))
    }

    /// Reads `true` or `false`, or `None` if the field is blank.
    ///
    /// # Errors
    /// Returns `invalid-input` for another value.
    pub fn boolean(&self, values: &Values<'_>) -> Result<Option<bool>, Error> {
        match self.text(values)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.invalid("it must be true or false")),
        }
    }

    /// Reads the meaning of the chosen one of a dropdown's `choices`.
    ///
    /// # Errors
    /// Returns `invalid-input` that lists the choices.
    pub fn choice<T: Copy>(&self, values: &Values<'_>, choices: &[Choice<T>]) -> Result<T, Error> {
        let chosen = self.chosen(values)?;
        if let Some(choice) = choices.iter().find(|choice| choice.value == chosen) {
            return Ok(choice.means);
        }
        let values = choices.iter().map(|choice| choice.value);
        Err(self.invalid(with_list("it must be one of:".into(), values)))
    }

    /// Returns the value's JSON verbatim, `null` included, or `None` if the field is blank.
    ///
    /// A platform whose editor is a text box sends JSON as a string. If a string contains an object
    /// or an array, that is the value.
    pub fn json<'a>(&self, values: &Values<'a>) -> Option<Cow<'a, str>> {
        let json = values.raw(self.key)?.get();
        let Some(text) = values.raw(self.key).and_then(Json::string) else {
            return Some(Cow::Borrowed(json));
        };
        let inner = text.trim();
        if inner.is_empty() {
            return None;
        }
        let is_structure = inner.starts_with(['{', '[']) && json::check(inner).is_ok();
        Some(match is_structure {
            false => Cow::Borrowed(json),
            // A payload of six megabytes is not copied again.
            true if inner.len() == text.len() => Cow::Owned(text),
            true => Cow::Owned(inner.into()),
        })
    }

    /// Whether the form shows the field.
    pub fn is_shown(&self, values: &Values<'_>) -> bool {
        self.visible_when.is_none_or(|condition| {
            let chosen = condition.field.chosen(values);
            chosen.is_ok_and(|chosen| condition.values.contains(&&*chosen))
        })
    }

    /// The string, or the default if the field is blank.
    fn chosen(&self, values: &Values<'_>) -> Result<String, Error> {
        let default = || self.default.unwrap_or_default().trim_matches('"').into();
        Ok(self.text(values)?.unwrap_or_else(default))
    }
}

/// Parses `7`, and `7.0`, which some platforms write for integers.
fn whole_number(text: &str) -> Option<u64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok().filter(|_| !digits.starts_with('+'))
}
