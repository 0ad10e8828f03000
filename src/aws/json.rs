//! JSON, checked once and then read in place: a payload is checked without being built, and an answer's
//! fields are slices of its text.
//!
//! `scan` alone decides what is valid and where each value ends, at any depth. The reader here takes
//! documents apart along those ends, and unescapes the strings that a decoder asks for; every decoder
//! uses [`Fields`]. serde_json words what is wrong with an invalid text. `docs/decisions/json.md` says
//! why it does not read the documents too.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::IgnoredAny;

use crate::aws::number::decimal;

mod scan;

/// Upper bound on the elements of one list or object. Lambda never sends more, and parsed elements
/// take far more memory than their text: 6 MB could hold a million.
pub const MAX_ELEMENTS: usize = 10_000;

/// Whether `text` is one JSON value of any kind, at any depth.
///
/// # Errors
/// What is wrong, with line and column; never the text itself.
pub fn check(text: &str) -> Result<(), String> {
    let rest = scan::skip_value(text.as_bytes());
    if rest.is_some_and(|rest| scan::skip_whitespace(rest).is_empty()) {
        return Ok(());
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(format!("not valid JSON: {error}")),
    }
}

/// One valid JSON value, as the text that it came in, without white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    /// As [`check`].
    pub fn parse(text: &'a str) -> Result<Json<'a>, String> {
        check(text).map(|()| Json(text.trim_ascii()))
    }

    /// The text as it came.
    pub fn get(self) -> &'a str {
        self.0
    }

    /// A string's content; of any other value, and of a string that is not valid Unicode, its JSON
    /// text.
    pub fn text(self) -> String {
        self.string().unwrap_or_else(|| self.0.to_owned())
    }

    /// A string's content; `None` of any other value, and of a string that is not valid Unicode.
    pub fn string(self) -> Option<String> {
        unescape(self.0.strip_prefix('"')?.strip_suffix('"')?)
    }

    /// The elements of a list; `None` where it is not a list, or has more than [`MAX_ELEMENTS`].
    pub fn list(self) -> Option<Vec<Json<'a>>> {
        parse_all(self.0, |reader| reader.list(Reader::value))
    }

    /// The fields of an object; `None` where it is not an object, or has more than
    /// [`MAX_ELEMENTS`].
    pub fn object(self) -> Option<Fields<'a>> {
        Fields::read(self.0)
    }

    /// A whole number that is not negative.
    pub fn unsigned<T: TryFrom<u64>>(self) -> Option<T> {
        let number: u64 = self.0.parse().ok()?;
        T::try_from(number).ok()
    }

    /// A number, see [`decimal`].
    pub fn number(self) -> Option<f64> {
        decimal(self.0)
    }
}

/// A JSON object's fields in the order they came, duplicates included.
pub struct Fields<'a>(Vec<Member<'a>>);

type Member<'a> = (Cow<'a, str>, Json<'a>);

impl<'a> Fields<'a> {
    /// Reads `text`; `None` where it is not a JSON object, or has more than [`MAX_ELEMENTS`] fields.
    pub fn read(text: &'a str) -> Option<Fields<'a>> {
        parse_all(text, Reader::object)
    }

    /// The value of that name; of several, the last, as most JSON readers have it. `null` counts
    /// as absent.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.raw(name).filter(|value| value.get() != "null")
    }

    /// As [`Fields::get`], with an explicit `null`.
    pub fn raw(&self, name: &str) -> Option<Json<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// As [`Fields::get`], through [`Json::text`].
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Json::text)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }
}

/// The list of objects in the field `list` of an object, each by `row`, and the object's other fields:
/// in one pass, while a [`Json::list`] of [`Json::object`] would be three. `None` where that is not
/// what `text` holds.
pub fn parse_rows<'a, T>(
    text: &'a str,
    list: &str,
    row: fn(&Fields<'a>) -> Option<T>,
) -> Option<(Vec<T>, Fields<'a>)> {
    let (mut rows, mut others) = (None, Vec::new());
    parse_all(text, |reader| {
        reader.members(&mut |name, reader| {
            if name == list {
                rows = Some(reader.list(|reader| row(&reader.object()?))?);
            } else {
                others.push((name, reader.value()?));
            }
            Some(())
        })
    })?;
    Some((rows?, Fields(others)))
}

/// What `read` finds in `text`, if there is nothing else in it.
fn parse_all<'a, T>(text: &'a str, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let rest = scan::skip_whitespace(text.as_bytes());
    let mut reader = Reader { text, rest };
    let value = read(&mut reader)?;
    reader.rest.is_empty().then_some(value)
}

/// Takes values off the front of a text. Nothing of its rest is white space.
struct Reader<'a> {
    text: &'a str,
    /// In bytes: only where an element ends must a place be between two characters.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The text between two places, each told by what follows it.
    fn between(&self, from: &[u8], to: &[u8]) -> Option<&'a str> {
        let at = |rest: &[u8]| self.text.len().checked_sub(rest.len());
        self.text.get(at(from)?..at(to)?)
    }

    /// Any value.
    fn value(&mut self) -> Option<Json<'a>> {
        let start = self.rest;
        let rest = scan::skip_value(start)?;
        self.rest = scan::skip_whitespace(rest);
        self.between(start, rest).map(Json)
    }

    /// A list's elements. `None` where there are too many.
    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let [b'[', rest @ ..] = self.rest else {
            return None;
        };
        let mut elements = Vec::new();
        self.elements(rest, b']', &mut |reader| {
            elements.push(element(reader)?);
            Some(())
        })?;
        Some(elements)
    }

    fn object(&mut self) -> Option<Fields<'a>> {
        let mut fields = Vec::new();
        self.members(&mut |name, reader| {
            fields.push((name, reader.value()?));
            Some(())
        })?;
        Some(Fields(fields))
    }

    /// An object: each `name :` is taken off, and `member` must take its value. `None` where there
    /// are too many.
    fn members(
        &mut self,
        member: &mut dyn FnMut(Cow<'a, str>, &mut Self) -> Option<()>,
    ) -> Option<()> {
        let [b'{', rest @ ..] = self.rest else {
            return None;
        };
        self.elements(rest, b'}', &mut |reader| {
            let name = reader.name()?;
            let [b':', rest @ ..] = reader.rest else {
                return None;
            };
            reader.rest = scan::skip_whitespace(rest);
            member(name, reader)
        })
    }

    /// What commas separate, from `rest` to the closing bracket; `element` must take one of them.
    fn elements(
        &mut self,
        rest: &'a [u8],
        close: u8,
        element: &mut dyn FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.rest = scan::skip_whitespace(rest);
        if let [last, rest @ ..] = self.rest
            && *last == close
        {
            self.rest = scan::skip_whitespace(rest);
            return Some(());
        }
        for _ in 0..MAX_ELEMENTS {
            element(self)?;
            match self.rest {
                [b',', rest @ ..] => self.rest = scan::skip_whitespace(rest),
                [last, rest @ ..] if *last == close => {
                    self.rest = scan::skip_whitespace(rest);
                    return Some(());
                }
                _ => return None,
            }
        }
        None
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        let [b'"', start @ ..] = self.rest else {
            return None;
        };
        let end = scan::skip_plain(start);
        // Almost all are without an escape.
        if let [b'"', rest @ ..] = end {
            self.rest = scan::skip_whitespace(rest);
            return self.between(start, end).map(Cow::Borrowed);
        }
        let inside = self.value()?.0.strip_prefix('"')?.strip_suffix('"')?;
        // One that is not valid Unicode stays as it is: no decoder asks for it.
        Some(unescape(inside).map_or(Cow::Borrowed(inside), Cow::Owned))
    }
}

/// The content of a valid string; `None` where it holds half of a surrogate pair.
fn unescape(inside: &str) -> Option<String> {
    if scan::skip_plain(inside.as_bytes()).is_empty() {
        return Some(inside.into());
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at)?;
        out.push_str(plain);
        let mut letters = escape.chars();
        let kind = letters.nth(1)?;
        rest = letters.as_str();
        out.push(match kind {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, after) = escaped_character(rest)?;
                rest = after;
                character
            }
            itself => itself,
        });
    }
    out.push_str(rest);
    Some(out)
}

/// The character that the four digits at the start of `text`, and perhaps a second escape behind
/// them, stand for; and what follows.
fn escaped_character(text: &str) -> Option<(char, &str)> {
    let (first, rest) = code_unit(text)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, rest));
    }
    let (second, rest) = code_unit(rest.strip_prefix("\\u")?)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, rest))
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
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
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let text = format!(r#"{{"a":{deep},"b":1}}"#);
        let fields = Fields::read(&text).unwrap();
        assert_eq!(fields.text("a"), Some(deep));
        assert_eq!(fields.text("b").as_deref(), Some("1"));
        assert!(Fields::read("[]").is_none());
        assert!(Fields::read("{} x").is_none());
    }

    #[test]
    fn what_has_too_many_parts_is_not_taken_apart() {
        let list = |parts: usize| format!("[{}0]", "0,".repeat(parts - 1));
        let object = |parts: usize| format!("{{{}\"a\":0}}", "\"\":0,".repeat(parts - 1));
        let [most, more] = [list(MAX_ELEMENTS), list(MAX_ELEMENTS + 1)];
        assert_eq!(
            Json::parse(&most).unwrap().list().unwrap().len(),
            MAX_ELEMENTS
        );
        assert_eq!(Json::parse(&more).unwrap().list(), None);
        assert!(Fields::read(&object(MAX_ELEMENTS)).is_some());
        assert!(Fields::read(&object(MAX_ELEMENTS + 1)).is_none());
    }

    #[test]
    fn parts_are_found_whatever_stands_in_them() {
        let text = r#" { "a,\"}" : [ 1 , "]" , {"x":[,]} ] } "#.replace("[,]", "[2,3]");
        let fields = Fields::read(&text).unwrap();
        let value = fields.get(r#"a,"}"#).unwrap();
        let list: Vec<&str> = value.list().unwrap().into_iter().map(Json::get).collect();
        assert_eq!(list, ["1", "\"]\"", r#"{"x":[2,3]}"#]);
        assert!(value.object().is_none());
        assert_eq!(Json::parse(" [ ] ").unwrap().list(), Some(Vec::new()));
        assert!(
            Json::parse("{}")
                .unwrap()
                .object()
                .unwrap()
                .iter()
                .next()
                .is_none()
        );
        assert_eq!(
            Json::parse(r#""\\\"x""#).unwrap().string().as_deref(),
            Some("\\\"x")
        );
    }

    #[test]
    fn rows_are_read_in_passing() {
        let row = |row: &Fields<'_>| row.text("n");
        let read = |text| {
            let (rows, others) = parse_rows(text, "list", row)?;
            Some((rows.join(" "), others.text("next")))
        };
        for (text, expected) in [
            (
                r#" {"a":{"list":[]} , "list" : [ {"n":1} , {"n":"x"} ] , "next":"y"} "#,
                Some(("1 x", Some("y"))),
            ),
            (r#"{"list":[],"next":null}"#, Some(("", None))),
            (r#"{"l\u0069st":[{"n":1}]}"#, Some(("1", None))),
            (r#"{"list":[{"n":1}],"list":[{"n":2}]}"#, Some(("2", None))),
            (r#"{"list":[{"m":1}]}"#, None),
            (r#"{"list":[1]}"#, None),
            (r#"{"list":null}"#, None),
            (r#"{"list":{}}"#, None),
            (r#"{"next":"y"}"#, None),
            (r#"{"list":[{"n":1},]}"#, None),
            (r#"{"list":[{"n":1}]"#, None),
            (r#"{"list":[{"n":1}]} x"#, None),
            (r#"[{"n":1}]"#, None),
        ] {
            let expected =
                expected.map(|(rows, next)| (rows.to_owned(), next.map(ToOwned::to_owned)));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_are_unescaped() {
        for (json, content) in [
            (r#""""#, Some("")),
            (r#""\b\f\n\r\t\/\\\"é""#, Some("\u{8}\u{c}\n\r\t/\\\"é")),
            (r#""\u00e9\ud83d\ude80!""#, Some("é🚀!")),
            (r#""\ud83d""#, None),
            (r#""\ud83dx""#, None),
            (r#""\ud83d\n""#, None),
            (r#""\ude80\ud83d""#, None),
            ("7", None),
        ] {
            assert_eq!(
                Json::parse(json).unwrap().string().as_deref(),
                content,
                "{json}"
            );
        }
    }
}
