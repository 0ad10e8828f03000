//! The card `list-functions`.

use super::*;

#[test]
fn listing() {
    let lambda = Lambda::new(&["a", "b", "ab"]);
    let list = |values: &str| -> Value {
        serde_json::from_str(&block_on(run(&lambda, CONNECT, "list-functions", values)).unwrap())
            .unwrap()
    };
    let page = list(r#"{"nameContains":"A","limit":1}"#);
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
    let rest =
        list(&json!({"nameContains": "A", "limit": "1", "cursor": page["next"]}).to_string());
    assert_eq!(
        (&rest["functions"][0]["name"], &rest["next"]),
        (&json!("ab"), &Value::Null)
    );
    let field = refused(
        block_on(run(&lambda, CONNECT, "list-functions", r#"{"limit":0}"#)).map(Value::String),
    )
    .0;
    assert_eq!(field, "limit");
}
