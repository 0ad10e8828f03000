//! Reads the subset of XML that responses of the AWS Query protocol use: elements, text, the five
//! entities and character references. A full parser would add 30 KB to the component.
//!
//! Attributes, comments and processing instructions are skipped. A document type declaration and
//! wrongly nested elements are rejected.

use alloc::string::String;
use alloc::vec::Vec;

/// A response has a few dozen tags. A hostile one could have millions.
const MAX_TAGS: usize = 1_000;

/// Returns the trimmed text of the first element at each of `paths`, or `None` if `text` is not in
/// the subset of XML above.
///
/// A path is the elements' local names below the root, joined by `/`.
pub fn texts<const N: usize>(text: &str, paths: [&str; N]) -> Option<[Option<String>; N]> {
    let mut found: [Option<String>; N] = [const { None }; N];
    let mut open: Vec<&str> = Vec::new();
    // The text since the last start or end tag.
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

/// Records the text of the innermost open element, which ends here, if its path is wanted.
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

/// Returns the element's name, whether the element is empty, and what follows the tag. Attribute
/// values may contain `>`.
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

/// Appends `text`, with its entities and character references replaced.
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
    fn roxmltree_texts(text: &str) -> Option<[Option<String>; 3]> {
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
        // No regression files: a failure becomes a named test.
        #![proptest_config(ProptestConfig {
            cases: 20_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        /// Any document that roxmltree accepts is read alike. The reverse is not checked, because
        /// this reader does not validate names and attributes fully.
        #[test]
        fn a_document_that_roxmltree_accepts_is_read_alike(parts in prop::collection::vec(prop::sample::select(vec![
            "<a>", "<b>", "</a>", "</b>", "<r>", "</r>", "<b/>", "<a x='1>2' y = \"/\" >", "<c>", "</c>",
            " ", "text", "&amp;", "&#65;", "&#x42;", "<!-- <a> -->", "<?pi <b> ?>", "<![CDATA[<b>&]]>",
        ]), 0..14)) {
            let inside: String = parts.concat();
            for text in [inside.clone(), format!("<r>{inside}</r>"), format!("<?xml version='1.0'?><r><a>{inside}</a></r>")] {
                if let Some(expected) = roxmltree_texts(&text) {
                    prop_assert_eq!(texts(&text, PATHS), Some(expected), "{}", text);
                }
            }
        }
    }

    /// Found by fuzzing: a document type declaration was accepted inside a name.
    #[test]
    fn markup_inside_names_and_attributes_is_rejected() {
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
    fn a_document_that_is_not_well_formed_is_rejected() {
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
        // Stricter than roxmltree.
        assert_eq!(texts("<r>&#xd800;</r>", PATHS), None);
        assert_eq!(texts("<!DOCTYPE r><r/>", PATHS), None);
    }
}
