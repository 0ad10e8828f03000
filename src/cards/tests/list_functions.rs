//! The card `list-functions`.

use super::*;

#[test]
fn listing_is_filtered_and_paged() {
    let lambda = account(&["a", "b", "ab"]);
    let list = |values: &str| run_card(&lambda, "list-functions", values);
    let page = list(r#"{"nameContains":"A","limit":1}"#).unwrap();
    assert_eq!(page["functions"][0]["name"], "a");
    assert_eq!(page["functions"][0]["runtime"], "python3.14");
    let row = page["functions"][0].as_object().unwrap();
    let mut keys: Vec<&str> = row.keys().map(|key| &**key).collect();
    let definition = Card::ListFunctions.description().outputs[0].definition;
    let named = definition.strip_prefix("An array of objects: ").unwrap();
    let mut named: Vec<&str> = named.trim_end_matches('.').split(", ").collect();
    keys.sort_unstable();
    named.sort_unstable();
    assert_eq!(keys, named);
    let rest = json!({"nameContains": "A", "limit": "1", "cursor": page["next"]});
    let rest = list(&rest.to_string()).unwrap();
    assert_eq!(
        (&rest["functions"][0]["name"], &rest["next"]),
        (&json!("ab"), &Value::Null)
    );
    assert_eq!(refused(list(r#"{"limit":0}"#)).field, "limit");
}
