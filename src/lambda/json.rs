//! JSON read one level deep, values left as the text they came in: what functions and services
//! send is never trusted to have one shape, and a payload is checked without being built.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Whether `text` is one JSON value of any kind, at any depth.
///
/// # Errors
/// What is wrong, with line and column; never the text itself.
pub fn check(text: &str) -> Result<(), String> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(format!("not valid JSON: {error}")),
    }
}

/// A JSON object's fields in the order they came, duplicates included.
pub struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads `text`; `None` where it is not a JSON object.
    pub fn read(text: &'a str) -> Option<Fields<'a>> {
        serde_json::from_str(text).ok()
    }

    /// The value of that name; of several, the last, as most JSON readers have it. `null` counts
    /// as absent.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.raw(name).filter(|value| value.get() != "null")
    }

    /// As [`Fields::get`], with an explicit `null`.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// As [`Fields::get`], through [`text`].
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(text)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A string's content; of any other value, and of a string that is not valid Unicode, its JSON
/// text.
pub fn text(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// The elements of a list; `None` where the value is none.
pub fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_value_passes_the_check() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for good in [
            "null",
            "0",
            "-1.5e+300",
            "1e999",
            "123456789012345678901234567890",
            "\"\"",
            "[]",
            "{}",
            "{\"a\":1,\"a\":2}",
            " {\"a\" : [1, 2]}\n",
            "\"\\ud800\"",
            &deep,
        ] {
            assert_eq!(check(good), Ok(()), "{good:.40}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place_and_without_its_text() {
        for bad in [
            "",
            " ",
            "{",
            "{'a':1}",
            "{\"a\":1,}",
            "nul",
            "1 2",
            "\u{feff}{}",
            "NaN",
            "secret",
        ] {
            let message = check(bad).unwrap_err();
            assert!(message.starts_with("not valid JSON: "), "{message}");
            assert!(message.contains("line 1 column"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn fields_keep_raw_values_and_the_last_duplicate_counts() {
        let fields =
            Fields::read(r#"{"a":1e999,"b":"x","b":"y\n","c":null,"d":"\ud800"}"#).unwrap();
        assert_eq!(fields.text("a").as_deref(), Some("1e999"));
        assert_eq!(fields.text("b").as_deref(), Some("y\n"));
        assert_eq!(fields.text("c"), None);
        assert_eq!(fields.text("d").as_deref(), Some(r#""\ud800""#));
        assert_eq!(fields.text("e"), None);
        assert!(Fields::read("[]").is_none());
        assert!(Fields::read("{} x").is_none());
    }
}
