//! ListFunctions, ListVersionsByFunction, ListAliases.

use std::collections::BTreeSet;

use local_lambda::{ENVIRONMENT_SECRET, LocalLambda};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use testing::case;

use crate::client::{get, lower, start, untyped, upper};

const FUNCTIONS: &str = "/2015-03-31/functions";
const BUILT_IN: usize = 18;

async fn with_extra(extra_functions: usize) -> LocalLambda {
    testing::lambda_with(|config| config.extra_functions = extra_functions).await
}

/// The page's marker, encoded for the next query.
fn next_marker(page: &Value) -> Option<String> {
    let next = page["NextMarker"].as_str()?;
    Some(utf8_percent_encode(next, NON_ALPHANUMERIC).to_string())
}

/// Follows the markers of a listing at `path`, which is relative to the list of functions. Returns
/// the page sizes and all rows.
async fn gather(lambda: &LocalLambda, path: &str, member: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut sizes, mut rows) = (Vec::new(), Vec::new());
    let mut marked = format!("{FUNCTIONS}{path}");
    loop {
        let answer = get(lambda, marked).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let page = answer.json();
        let shown = page[member].as_array().unwrap();
        sizes.push(shown.len());
        rows.extend(shown.iter().cloned());
        let Some(marker) = next_marker(&page) else {
            return (sizes, rows);
        };
        let separator = if path.contains('?') { '&' } else { '?' };
        marked = format!("{FUNCTIONS}{path}{separator}Marker={marker}");
    }
}

#[tokio::test]
async fn paging_returns_every_function_once() {
    let lambda = with_extra(1_234).await;
    let (sizes, rows) = gather(&lambda, "", "Functions").await;
    let total = BUILT_IN + 1_234;
    assert_eq!(sizes.len(), total.div_ceil(50));
    let full = &sizes[..sizes.len() - 1];
    assert!(full.iter().all(|size| *size == 50), "{sizes:?}");
    assert_eq!(rows.len(), total);
    let names = rows.iter().map(|row| row["FunctionName"].as_str().unwrap());
    let names: BTreeSet<&str> = names.collect();
    assert_eq!(names.len(), total);
    assert!(names.contains("echo") && names.contains("billing-api-0000"));

    // The generated functions are deterministic.
    let again = with_extra(1_234).await;
    assert_eq!(gather(&again, "", "Functions").await.1, rows);
}

#[tokio::test]
async fn max_items_makes_pages_smaller_but_never_larger() {
    let lambda = with_extra(100).await;
    for (path, expected) in [
        ("/?MaxItems=10000", [50, 50, 18]),
        ("?MaxItems=46", [46, 46, 26]),
    ] {
        let (sizes, rows) = gather(&lambda, path, "Functions").await;
        assert_eq!((&sizes[..], rows.len()), (&expected[..], BUILT_IN + 100));
    }
    for (value, constraint) in [
        ("0", "have value greater than or equal to 1"),
        ("-5", "have value greater than or equal to 1"),
        ("10001", "have value less than or equal to 10000"),
        ("many", "be an integer"),
    ] {
        let answer = get(&lambda, format!("{FUNCTIONS}?MaxItems={value}")).await;
        let message = format!(
            "1 validation error detected: Value '{value}' at 'maxItems' failed to satisfy constraint: \
             Member must {constraint}"
        );
        answer.assert_error(400, "ValidationException", untyped(message));
    }
}

#[tokio::test]
async fn marker_of_another_list_is_rejected() {
    let lambda = with_extra(100).await;
    let marker = next_marker(&get(&lambda, FUNCTIONS).await.json()).unwrap();
    for path in [
        "?Marker=echo",
        "?Marker=",
        &format!("?FunctionVersion=ALL&Marker={marker}"),
        &format!("/versioned/versions?Marker={marker}"),
        &format!("/versioned/aliases?Marker={marker}"),
    ] {
        let _case = case(path);
        let answer = get(&lambda, format!("{FUNCTIONS}{path}")).await;
        let body = lower("The Marker parameter is invalid");
        answer.assert_error(400, "InvalidParameterValueException", body);
    }
}

#[tokio::test]
async fn function_row_is_a_full_configuration_with_its_secret() {
    let lambda = start().await;
    let (_, rows) = gather(&lambda, "", "Functions").await;
    let row = |name: &str| rows.iter().find(|row| row["FunctionName"] == name).unwrap();
    let echo = row("echo");
    for (field, value) in [
        (
            "FunctionArn",
            json!("arn:aws:lambda:us-east-1:123456789012:function:echo"),
        ),
        ("Runtime", json!("python3.14")),
        ("Handler", json!("app.handler")),
        ("Description", json!("Returns its event, byte for byte")),
        ("Timeout", json!(30)),
        ("MemorySize", json!(128)),
        ("Version", json!("$LATEST")),
        ("PackageType", json!("Zip")),
        ("Architectures", json!(["arm64"])),
        (
            "Environment",
            json!({ "Variables": { "DATABASE_PASSWORD": ENVIRONMENT_SECRET, "STAGE": "test" } }),
        ),
        ("TenancyConfig", Value::Null),
        ("DurableConfig", Value::Null),
    ] {
        assert_eq!(echo[field], value, "{field}");
    }
    let modified = echo["LastModified"].as_str().unwrap();
    assert_eq!(
        (modified.len(), &modified[10..11], &modified[23..]),
        (28, "T", "+0000"),
        "{modified}"
    );
    assert_eq!(
        row("tenant")["TenancyConfig"],
        json!({ "TenantIsolationMode": "PER_TENANT" })
    );
    for durable in ["durable", "workflow", "approval"] {
        assert_eq!(
            row(durable)["DurableConfig"],
            json!({ "RetentionPeriodInDays": 14, "ExecutionTimeout": 86_400 })
        );
    }
    // Listings never include these members.
    for hidden in ["State", "LastUpdateStatus"] {
        assert!(rows.iter().all(|row| row.get(hidden).is_none()));
    }
}

#[tokio::test]
async fn extra_functions_include_an_image() {
    let lambda = with_extra(8).await;
    let (_, rows) = gather(&lambda, "", "Functions").await;
    let mut images = rows.iter().filter(|row| row["PackageType"] == "Image");
    let (Some(image), None) = (images.next(), images.next()) else {
        panic!("one image")
    };
    assert_eq!((image.get("Runtime"), image.get("Handler")), (None, None));
}

#[tokio::test]
async fn all_versions_have_qualified_arns() {
    let lambda = start().await;
    let (sizes, rows) = gather(&lambda, "?FunctionVersion=ALL", "Functions").await;
    // The latest version of each function, one version of each durable function, three of `versioned`.
    assert_eq!(sizes, [BUILT_IN + 3 + 3]);
    let versioned = rows.iter().filter(|row| row["FunctionName"] == "versioned");
    let arns = versioned.map(|row| row["FunctionArn"].as_str().unwrap());
    let versions: Vec<&str> = arns.map(|arn| arn.rsplit(':').next().unwrap()).collect();
    assert_eq!(versions, ["$LATEST", "1", "2", "3"]);
    for (query, code) in [
        ("FunctionVersion=all", "ValidationException"),
        ("MasterRegion=ALL", "InvalidParameterValueException"),
    ] {
        let _case = case(query);
        let answer = get(&lambda, format!("{FUNCTIONS}?{query}")).await;
        answer.error(400, code);
    }
}

#[tokio::test]
async fn versions_of_a_function_are_listed_in_pages() {
    let lambda = start().await;
    for name in [
        "versioned",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aversioned",
    ] {
        let _case = case(name);
        let path = format!("/{name}/versions?MaxItems=3");
        let (sizes, rows) = gather(&lambda, &path, "Versions").await;
        assert_eq!(sizes, [3, 1]);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| ["Version", "Description"].map(|field| row[field].as_str().unwrap()))
            .collect();
        let own = "Has versions and aliases";
        assert_eq!(
            shown,
            [
                ["$LATEST", own],
                ["1", "First"],
                ["2", "Zweite Version: größer"],
                ["3", own]
            ]
        );
    }
}

#[tokio::test]
async fn aliases_of_a_function_are_listed_in_pages() {
    let lambda = start().await;
    let (sizes, rows) = gather(&lambda, "/versioned/aliases?MaxItems=1", "Aliases").await;
    assert_eq!(sizes, [1, 1]);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:versioned";
    let tenth_on_3 = json!({ "AdditionalVersionWeights": { "3": 0.1 } });
    for (row, name, version, routing) in [
        (&rows[0], "live", "2", tenth_on_3),
        (&rows[1], "beta", "3", Value::Null),
    ] {
        assert_eq!(row["Name"], name);
        assert_eq!(row["AliasArn"], format!("{arn}:{name}"));
        assert_eq!(row["FunctionVersion"], version);
        assert_eq!(row["RoutingConfig"], routing);
    }
    for (path, aliases) in [
        ("/versioned/aliases?FunctionVersion=3", 1),
        ("/echo/aliases", 0),
    ] {
        let (_, rows) = gather(&lambda, path, "Aliases").await;
        assert_eq!(rows.len(), aliases, "{path}");
    }
}

#[tokio::test]
async fn versions_and_aliases_of_an_unknown_function_are_not_found() {
    let lambda = start().await;
    for list in ["versions", "aliases"] {
        let answer = get(&lambda, format!("{FUNCTIONS}/missing/{list}")).await;
        let message = "Function not found: arn:aws:lambda:us-east-1:123456789012:function:missing";
        answer.assert_error(404, "ResourceNotFoundException", upper(message));
    }
    // An alias listing does not allow dots in the name, but a version listing does.
    let answer = get(&lambda, format!("{FUNCTIONS}/a.b/aliases")).await;
    answer.error(400, "ValidationException");
}
