//! The names of functions, and which of them are allowed.
//!
//! Lambda accepts a name in several spellings: with account and region, as an ARN, with a qualifier. This module
//! accepts one, so that the name that it compares is the one that runs. It rejects ARNs, and it separates the name from the
//! qualifier, because Lambda runs `x` for `function:x` and `123456789012:x`.

/// The longest name that Lambda gives a function.
const MAX_NAME: usize = 64;
/// The longest alias.
const MAX_QUALIFIER: usize = 128;

pub const FORMS: &str = "a function is named by its plain name, such as `orders`, or by its name and an alias or version, such as `orders:live`; other forms, such as ARNs, are rejected";

/// A function that a model named.
#[derive(Debug, PartialEq, Eq)]
pub struct FunctionName<'a> {
    pub name: &'a str,
    pub qualifier: Option<&'a str>,
}

impl<'a> FunctionName<'a> {
    /// Parses `NAME` or `NAME:QUALIFIER`.
    pub fn parse(text: &'a str) -> Option<FunctionName<'a>> {
        let (name, qualifier) = match text.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (text, None),
        };
        let is_valid = is_word(name, MAX_NAME) && qualifier.is_none_or(is_qualifier);
        is_valid.then_some(FunctionName { name, qualifier })
    }
}

fn is_qualifier(text: &str) -> bool {
    is_word(text, MAX_QUALIFIER) || matches!(text, "$LATEST" | "$LATEST.PUBLISHED")
}

fn is_word(text: &str, longest: usize) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=longest).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// The functions that may be invoked, listed and described, each with all its aliases and versions.
#[derive(Debug)]
pub struct Allowed {
    entries: Vec<Entry>,
}

#[derive(Debug)]
enum Entry {
    Name(String),
    Prefix(String),
}

impl Allowed {
    /// Parses names, or prefixes that end in `*`, separated by commas. An empty text allows nothing.
    ///
    /// # Errors
    /// The position of an entry that is neither, counted from 1.
    pub fn parse(text: &str) -> Result<Allowed, usize> {
        if text.trim().is_empty() {
            return Ok(Allowed {
                entries: Vec::new(),
            });
        }
        let entries = text.split(',').enumerate().map(|(index, entry)| {
            let entry = entry.trim();
            match entry.strip_suffix('*') {
                Some(prefix) if prefix.is_empty() || is_word(prefix, MAX_NAME) => {
                    Ok(Entry::Prefix(prefix.to_owned()))
                }
                None if is_word(entry, MAX_NAME) => Ok(Entry::Name(entry.to_owned())),
                _ => Err(index.saturating_add(1)),
            }
        });
        Ok(Allowed {
            entries: entries.collect::<Result<_, _>>()?,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns whether a function of this name is allowed. Names are compared byte for byte, as Lambda does.
    pub fn allows(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| match entry {
            Entry::Name(allowed) => allowed == name,
            Entry::Prefix(prefix) => name.starts_with(prefix.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_with_or_without_qualifier_is_parsed() {
        let parsed = |text| FunctionName::parse(text).map(|found| (found.name, found.qualifier));
        assert_eq!(parsed("orders"), Some(("orders", None)));
        assert_eq!(
            parsed("Orders_2-x:live"),
            Some(("Orders_2-x", Some("live")))
        );
        assert_eq!(parsed("orders:$LATEST"), Some(("orders", Some("$LATEST"))));
        assert_eq!(
            parsed("orders:$LATEST.PUBLISHED"),
            Some(("orders", Some("$LATEST.PUBLISHED")))
        );
        assert_eq!(
            parsed("function:orders"),
            Some(("function", Some("orders")))
        );
        assert_eq!(
            parsed(&"x".repeat(64)),
            Some(("x".repeat(64).as_str(), None))
        );
    }

    #[test]
    fn other_forms_are_rejected() {
        let too_long = "x".repeat(65);
        let rejected = [
            "",
            ":",
            ":live",
            "orders:",
            " orders",
            "orders ",
            "orders\n",
            "orders\0",
            "orders:live:2",
            "orders: live",
            "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "123456789012:function:orders",
            "orders/../x",
            "us-east-1:123456789012:function:orders",
            "function:orders:live",
            "..",
            "a.b",
            "a%2Fb",
            "a/b",
            "*",
            "orders*",
            "größe",
            "\u{ff4f}rders",
            "orders:$latest",
            "orders:$LATEST ",
            "orders,x",
            &too_long,
        ];
        for text in rejected {
            assert_eq!(FunctionName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn allowed_names_are_equal_or_begin_with_a_prefix() {
        let allowed = Allowed::parse(" orders, billing-* ,x").unwrap();
        for name in ["orders", "billing-", "billing-api", "x"] {
            assert!(allowed.allows(name), "{name}");
        }
        for name in [
            "order",
            "orders2",
            "Orders",
            "ORDERS",
            "billing",
            "BILLING-api",
            "xx",
            "",
        ] {
            assert!(!allowed.allows(name), "{name}");
        }
    }

    #[test]
    fn star_allows_every_name_and_an_empty_text_none() {
        assert!(Allowed::parse("*").unwrap().allows("orders"));
        for text in ["", "  "] {
            assert!(Allowed::parse(text).unwrap().is_empty());
            assert!(!Allowed::parse(text).unwrap().allows("orders"));
        }
    }

    #[test]
    fn entry_that_is_neither_name_nor_prefix_is_an_error() {
        for (text, position) in [
            ("orders,", 2),
            (",orders", 1),
            ("orders,,x", 2),
            ("*orders", 1),
            ("or*ders", 1),
            ("orders**", 1),
            ("a,orders:live", 2),
            ("arn:aws:lambda:us-east-1:123456789012:function:orders", 1),
            ("a b", 1),
            ("*,a.b", 2),
        ] {
            assert_eq!(Allowed::parse(text).unwrap_err(), position, "{text}");
        }
    }
}
