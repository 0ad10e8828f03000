//! `docs/cards.md` lists every card, field, default and output of `describe.json`, and no others.

use std::fs;

use serde_json::Value;

use crate::page;

const CONNECTION: &str = "| Field | Key | Default | Shown for the credential type |";
const FIELDS: &str = "| Field | Key | Default | What it is for |";
const GROUPED_FIELDS: &str = "| Group | Field | Key | Default | What it is for |";
const OUTPUTS: &str = "| Output | Key | What it is |";

fn document() -> String {
    fs::read_to_string(page::root().join("docs/cards.md")).unwrap()
}

fn manifest() -> Value {
    let text = fs::read_to_string(page::root().join("host-test/tests/describe.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The heading of a card's section.
fn heading(card: &Value) -> String {
    format!("{}: card `{}`", text(&card["title"]), text(&card["id"]))
}

/// The text below a heading of the second level.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) = document
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("docs/cards.md: no section `{heading}`"));
    rest.split_once("\n## ")
        .map_or(rest, |(section, _)| section)
}

/// The rows of the table with this header.
fn rows(section: &str, header: &str) -> Vec<Vec<String>> {
    let (_, rest) = section
        .split_once(&format!("{header}\n"))
        .unwrap_or_else(|| panic!("docs/cards.md: no table `{header}` in `{section}`"));
    rest.lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// The cell of a field's default, which is JSON in the manifest.
fn default(field: &Value) -> String {
    match field["default"].as_str() {
        Some(json) => match serde_json::from_str(json).unwrap() {
            Value::String(text) => code(&text),
            other => code(&other.to_string()),
        },
        None => String::new(),
    }
}

/// The cells of a field: label, key and default.
fn cells(field: &Value) -> Vec<String> {
    let label = text(&field["label"]).to_owned();
    vec![label, code(text(&field["key"])), default(field)]
}

#[test]
fn cards_page_has_a_section_for_every_card_and_no_other() {
    let document = document();
    let seen: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter(|heading| heading.contains("card `"))
        .collect();
    let manifest = manifest();
    let expected: Vec<String> = list(&manifest["cards"]).iter().map(heading).collect();
    assert_eq!(seen, expected);
}

#[test]
fn cards_page_lists_every_field_with_its_group_and_default() {
    let (document, manifest) = (document(), manifest());
    for card in list(&manifest["cards"]) {
        let section = section(&document, &heading(card));
        let options = list(&card["options"])
            .iter()
            .map(|field| ("Options", field));
        let inputs = list(&card["inputs"])
            .iter()
            .map(|field| (text(&field["group"]), field));
        let fields: Vec<(&str, &Value)> = options.chain(inputs).collect();
        let grouped = fields.iter().any(|(group, _)| !group.is_empty());
        let expected: Vec<Vec<String>> = fields
            .into_iter()
            .map(|(group, field)| {
                let group = grouped.then(|| group.to_owned());
                group.into_iter().chain(cells(field)).collect()
            })
            .collect();
        let header = if grouped { GROUPED_FIELDS } else { FIELDS };
        let mut seen = rows(section, header);
        for row in &mut seen {
            let purpose = row.pop().unwrap();
            assert!(!purpose.is_empty(), "{row:?}");
        }
        assert_eq!(seen, expected, "docs/cards.md: {}", card["id"]);
    }
}

#[test]
fn cards_page_lists_every_field_of_the_connection_with_its_condition() {
    let expected: Vec<Vec<String>> = list(&manifest()["connection"])
        .iter()
        .map(|field| {
            let condition = &field["visible-when"];
            let mut shown: Vec<String> = if condition.is_null() {
                vec!["all".to_owned()]
            } else {
                assert_eq!(condition["key"], "credentialType", "{field}");
                let values = list(&condition["values"]).iter();
                values.map(|value| code(text(value))).collect()
            };
            if let Some(group) = field["group"].as_str() {
                shown.push(format!("in {group}"));
            }
            let mut row = cells(field);
            row.push(shown.join(", "));
            row
        })
        .collect();
    assert_eq!(
        rows(section(&document(), "Connection"), CONNECTION),
        expected
    );
}

#[test]
fn cards_page_lists_every_output() {
    let (document, manifest) = (document(), manifest());
    for card in list(&manifest["cards"]) {
        let mut seen = rows(section(&document, &heading(card)), OUTPUTS);
        let meanings: Vec<String> = seen.iter_mut().map(|row| row.pop().unwrap()).collect();
        let outputs = list(&card["outputs"]);
        let expected: Vec<Vec<String>> = outputs
            .iter()
            .map(|output| cells(output)[..2].to_vec())
            .collect();
        assert_eq!(seen, expected, "docs/cards.md: {}", card["id"]);
        for (meaning, output) in meanings.iter().zip(outputs) {
            assert!(!meaning.is_empty(), "{output}");
            // The definition of an array names the keys of its objects.
            if let Some((_, keys)) = text(&output["definition"]).split_once("array of objects: ") {
                let named: Vec<&str> = meaning.split('`').skip(1).step_by(2).collect();
                let keys: Vec<&str> = keys.trim_end_matches('.').split(", ").collect();
                assert_eq!(named, keys, "docs/cards.md: {}", output["key"]);
            }
        }
    }
}

#[test]
fn cards_page_names_every_choice_of_every_dropdown() {
    let (document, manifest) = (document(), manifest());
    let connection = ("Connection".to_owned(), vec![&manifest["connection"]]);
    let cards = list(&manifest["cards"])
        .iter()
        .map(|card| (heading(card), vec![&card["options"], &card["inputs"]]));
    let mut named = 0;
    for (heading, forms) in cards.chain([connection]) {
        let section = section(&document, &heading);
        let fields = forms.into_iter().flat_map(list);
        for choice in fields.flat_map(|field| list(&field["choices"])) {
            let value = code(text(&choice["value"]));
            assert!(
                section.contains(&value),
                "docs/cards.md: {heading}: {value}"
            );
            named += 1;
        }
    }
    assert!(named > 10, "{named} choices");
}
