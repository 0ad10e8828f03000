//! As much XML as the answers of AWS's query protocol are made of: elements, texts, the five
//! entities, character references. A library that reads all of it is 30 KB of the component.
//!
//! Attributes, comments and processing instructions are read over. A document type declaration is
//! refused, and so is what is not nested as it should be.

use alloc::string::String;
use alloc::vec::Vec;

/// An answer has a few dozen; a hostile one could have millions.
const MAX_TAGS: usize = 1_000;

/// Texts of the first elements at `paths` below the root element, by local name, without white
/// space around them; `None` where `text` is not XML as above.
///
/// A path is element names joined by `/`.
pub fn texts<const N: usize>(text: &str, paths: [&str; N]) -> Option<[Option<String>; N]> {
    let mut found: [Option<String>; N] = [const { None }; N];
    let mut open: Vec<&str> = Vec::new();
    // Of the element that was opened last.
    let mut characters = String::new();
    let mut root_seen = false;
    let mut rest = text;
    for _ in 0..MAX_TAGS {
        let Some((before, markup)) = rest.split_once('<') else {
            let whole = root_seen && open.is_empty() && is_blank(rest);
            return whole.then_some(found);
        };
        if open.is_empty() && !is_blank(before) {
            return None;
        }
        unescape_into(&mut characters, before)?;

        rest = if let Some(comment) = markup.strip_prefix("!--") {
            comment.split_once("-->")?.1
        } else if let Some(instruction) = markup.strip_prefix('?') {
            instruction.split_once("?>")?.1
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            let (data, rest) = data.split_once("]]>")?;
            open.last()?;
            characters.push_str(data);
            rest
        } else if let Some(name) = markup.strip_prefix('/') {
            let (name, rest) = name.split_once('>')?;
            record_text(&mut found, &paths, &open, &characters);
            characters.clear();
            if open.pop()? != name.trim_end() {
                return None;
            }
            rest
        } else if open.is_empty() && root_seen {
            return None;
        } else {
            root_seen = true;
            characters.clear();
            let (name, is_empty, rest) = start_tag(markup)?;
            open.push(name);
            if is_empty {
                record_text(&mut found, &paths, &open, "");
                open.pop();
            }
            rest
        };
    }
    None
}

/// The innermost element of `open` ends. Is it one that is looked for?
fn record_text(found: &mut [Option<String>], paths: &[&str], open: &[&str], characters: &str) {
    for (found, path) in found.iter_mut().zip(paths) {
        let here = open.iter().skip(1).map(|name| local_name(name));
        if found.is_none() && here.eq(path.split('/')) {
            *found = Some(characters.trim().into());
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_ascii().is_empty()
}

fn local_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// Name, whether that is all of the element, and what follows. Attributes may hold `>`.
fn start_tag(markup: &str) -> Option<(&str, bool, &str)> {
    let ends = |character: char| character.is_ascii_whitespace() || "/><".contains(character);
    let (name, mut rest) = markup.split_at_checked(markup.find(ends)?)?;
    let starts_a_name = |first: char| first.is_alphabetic() || first == '_';
    if !name.starts_with(starts_a_name) {
        return None;
    }
    loop {
        rest = rest.trim_ascii_start();
        if let Some(rest) = rest.strip_prefix("/>") {
            return Some((name, true, rest));
        }
        if let Some(rest) = rest.strip_prefix('>') {
            return Some((name, false, rest));
        }
        let (attribute, value) = rest.split_once('=')?;
        if attribute.contains(['<', '>', '/']) {
            return None;
        }
        let value = value.trim_ascii_start();
        let quote = value.chars().next().filter(|mark| "\"'".contains(*mark))?;
        let (value, after) = value.get(1..)?.split_once(quote)?;
        if value.contains('<') {
            return None;
        }
        rest = after;
    }
}

/// Appends `text` with what its entities and character references stand for.
fn unescape_into(out: &mut String, text: &str) -> Option<()> {
    let mut rest = text;
    while let Some((plain, reference)) = rest.split_once('&') {
        let (name, after) = reference.split_once(';')?;
        out.push_str(plain);
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATHS: [&str; 3] = ["a/b", "a", "b"];

    /// What roxmltree finds.
    fn by_the_library(text: &str) -> Option<[Option<String>; 3]> {
        let document = roxmltree::Document::parse(text).ok()?;
        Some(PATHS.map(|path| {
            let elements = document.root_element().descendants().filter(|node| {
                let names: Vec<&str> = node
                    .ancestors()
                    .filter(roxmltree::Node::is_element)
                    .map(|node| node.tag_name().name())
                    .collect();
                let below_root = names.iter().rev().skip(1).copied();
                node.is_element() && below_root.eq(path.split('/'))
            });
            let text = |node: roxmltree::Node<'_, '_>| {
                let last = node.children().rev().take_while(|node| !node.is_element());
                let last: Vec<&str> = last
                    .filter_map(|node| node.is_text().then(|| node.text())?)
                    .collect();
                last.into_iter().rev().collect::<String>().trim().to_owned()
            };
            elements.into_iter().next().map(text)
        }))
    }

    proptest! {
        // No files for failures: they are to become tests by name.
        #![proptest_config(ProptestConfig {
            cases: 20_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        /// Whatever the library takes for XML is read as it reads it. The other way round nothing
        /// is promised: names and attributes are not looked at closely here.
        #[test]
        fn the_library_agrees(parts in prop::collection::vec(prop::sample::select(vec![
            "<a>", "<b>", "</a>", "</b>", "<r>", "</r>", "<b/>", "<a x='1>2' y = \"/\" >", "<c>", "</c>",
            " ", "text", "&amp;", "&#65;", "&#x42;", "<!-- <a> -->", "<?pi <b> ?>", "<![CDATA[<b>&]]>",
        ]), 0..14)) {
            let inside: String = parts.concat();
            for text in [inside.clone(), format!("<r>{inside}</r>"), format!("<?xml version='1.0'?><r><a>{inside}</a></r>")] {
                if let Some(expected) = by_the_library(&text) {
                    prop_assert_eq!(texts(&text, PATHS), Some(expected), "{}", text);
                }
            }
        }
    }

    /// As fuzzing found: a document type declaration stood in a name.
    #[test]
    fn no_markup_stands_in_names_and_attributes() {
        for text in [
            "<esta\u{1e}\0<![GDC<!DOCTYPETA[/>",
            "<r<!DOCTYPE/>",
            "<r<a/></r>",
            "<r <!DOCTYPE=''/>",
            "<r x='<!DOCTYPE r>'/>",
            "<r></r<!DOCTYPE>",
        ] {
            assert_eq!(texts(text, PATHS), None, "{text}");
            assert!(roxmltree::Document::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "",
            "text",
            "<r>",
            "</r>",
            "<r></s>",
            "<r/><r/>",
            "<r/>text",
            "<r><a></r></a>",
            "<r>&amp</r>",
            "<r>&x;</r>",
            "<r x=1/>",
            "<r x='1/>",
            "<r <a/>></r>",
            "<1/>",
            "< r/>",
            "<![CDATA[x]]><r/>",
            "<r><!-- </r>",
        ] {
            assert_eq!(texts(text, PATHS), None, "{text}");
            assert!(roxmltree::Document::parse(text).is_err(), "{text}");
        }
        // Stricter than the library.
        assert_eq!(texts("<r>&#xd800;</r>", PATHS), None);
        assert_eq!(texts("<!DOCTYPE r><r/>", PATHS), None);
    }
}
