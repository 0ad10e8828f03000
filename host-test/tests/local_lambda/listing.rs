//! ListFunctions, ListVersionsByFunction, ListAliases.

use std::collections::BTreeSet;

use local_lambda::{Config, ENVIRONMENT_SECRET, LocalLambda};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::client::{Call, start};

const FUNCTIONS: &str = "/2015-03-31/functions";
const BUILT_IN: usize = 15;

async fn with_extra(extra_functions: usize) -> LocalLambda {
    testing::lambda_with(Config {
        extra_functions,
        ..Config::default()
    })
    .await
}

/// Follows the markers; the sizes of the pages and all rows.
async fn gather(lambda: &LocalLambda, path: &str, member: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut sizes, mut rows) = (Vec::new(), Vec::new());
    let mut marker: Option<String> = None;
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let marked = match &marker {
            Some(marker) => format!(
                "{path}{separator}Marker={}",
                utf8_percent_encode(marker, NON_ALPHANUMERIC)
            ),
            None => path.to_owned(),
        };
        let answer = Call::get(marked).send(lambda).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let page = answer.json();
        let shown = page[member].as_array().unwrap();
        sizes.push(shown.len());
        rows.extend(shown.iter().cloned());
        match page["NextMarker"].as_str() {
            Some(next) => marker = Some(next.to_owned()),
            None => return (sizes, rows),
        }
    }
}

#[tokio::test]
async fn paging_gathers_every_function_once() {
    let lambda = with_extra(1_234).await;
    let (sizes, rows) = gather(&lambda, FUNCTIONS, "Functions").await;
    let total = BUILT_IN + 1_234;
    assert_eq!(sizes.len(), total.div_ceil(50));
    assert!(
        sizes[..sizes.len() - 1].iter().all(|size| *size == 50),
        "{sizes:?}"
    );
    assert_eq!(rows.len(), total);
    let names: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["FunctionName"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), total);
    assert!(names.contains("echo") && names.contains("billing-api-0000"));

    let again = with_extra(1_234).await;
    assert_eq!(
        gather(&again, FUNCTIONS, "Functions").await.1,
        rows,
        "the functions are always the same"
    );
}

#[tokio::test]
async fn max_items_makes_pages_smaller_never_larger() {
    let lambda = with_extra(100).await;
    let (sizes, rows) = gather(
        &lambda,
        "/2015-03-31/functions/?MaxItems=10000",
        "Functions",
    )
    .await;
    assert_eq!((sizes, rows.len()), (vec![50, 50, 15], 115));
    let (sizes, rows) = gather(&lambda, "/2015-03-31/functions?MaxItems=46", "Functions").await;
    assert_eq!((sizes, rows.len()), (vec![46, 46, 23], 115));
    for (value, constraint) in [
        ("0", "have value greater than or equal to 1"),
        ("-5", "have value greater than or equal to 1"),
        ("10001", "have value less than or equal to 10000"),
        ("many", "be an integer"),
    ] {
        Call::get(format!("{FUNCTIONS}?MaxItems={value}")).send(&lambda).await.assert_error(
            400,
            "ValidationException",
            json!({ "message": format!(
                "1 validation error detected: Value '{value}' at 'maxItems' failed to satisfy constraint: \
                 Member must {constraint}"
            ) }),
        );
    }
}

#[tokio::test]
async fn a_marker_is_good_for_its_own_list_only() {
    let lambda = with_extra(100).await;
    let first = Call::get(FUNCTIONS).send(&lambda).await.json();
    let marker =
        utf8_percent_encode(first["NextMarker"].as_str().unwrap(), NON_ALPHANUMERIC).to_string();
    let refused = json!({ "Type": "User", "message": "The Marker parameter is invalid" });
    for path in [
        format!("{FUNCTIONS}?Marker=echo"),
        format!("{FUNCTIONS}?Marker="),
        format!("{FUNCTIONS}?FunctionVersion=ALL&Marker={marker}"),
        format!("{FUNCTIONS}/versioned/versions?Marker={marker}"),
        format!("{FUNCTIONS}/versioned/aliases?Marker={marker}"),
    ] {
        Call::get(path).send(&lambda).await.assert_error(
            400,
            "InvalidParameterValueException",
            refused.clone(),
        );
    }
}

#[tokio::test]
async fn a_row_is_a_whole_configuration_with_its_secret() {
    let lambda = start().await;
    let (_, rows) = gather(&lambda, FUNCTIONS, "Functions").await;
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
    assert_eq!(
        row("durable")["DurableConfig"],
        json!({ "RetentionPeriodInDays": 14, "ExecutionTimeout": 86_400 })
    );
    // What listings never show.
    assert!(
        rows.iter()
            .all(|row| row.get("State").is_none() && row.get("LastUpdateStatus").is_none())
    );
}

#[tokio::test]
async fn extra_functions_include_images() {
    let lambda = with_extra(8).await;
    let (_, rows) = gather(&lambda, FUNCTIONS, "Functions").await;
    let images: Vec<&Value> = rows
        .iter()
        .filter(|row| row["PackageType"] == "Image")
        .collect();
    assert_eq!(images.len(), 1);
    assert_eq!(
        (images[0].get("Runtime"), images[0].get("Handler")),
        (None, None)
    );
}

#[tokio::test]
async fn all_versions_come_with_qualified_arns() {
    let lambda = start().await;
    let (sizes, rows) = gather(
        &lambda,
        "/2015-03-31/functions?FunctionVersion=ALL",
        "Functions",
    )
    .await;
    assert_eq!(
        sizes,
        [BUILT_IN + 1 + 3],
        "each function's newest code, one version of durable, three of versioned"
    );
    let arns: Vec<&str> = rows
        .iter()
        .filter(|row| row["FunctionName"] == "versioned")
        .map(|row| {
            row["FunctionArn"]
                .as_str()
                .unwrap()
                .rsplit_once(':')
                .unwrap()
                .1
        })
        .collect();
    assert_eq!(arns, ["$LATEST", "1", "2", "3"]);
    let answer = Call::get("/2015-03-31/functions?FunctionVersion=all")
        .send(&lambda)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-amzn-errortype")),
        (400, Some("ValidationException"))
    );
    let answer = Call::get("/2015-03-31/functions?MasterRegion=ALL")
        .send(&lambda)
        .await;
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("InvalidParameterValueException")
    );
}

#[tokio::test]
async fn versions_of_one_function() {
    let lambda = start().await;
    for name in [
        "versioned",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aversioned",
    ] {
        let (sizes, rows) = gather(
            &lambda,
            &format!("{FUNCTIONS}/{name}/versions?MaxItems=3"),
            "Versions",
        )
        .await;
        assert_eq!(sizes, [3, 1]);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row["Version"].as_str().unwrap(),
                    row["Description"].as_str().unwrap(),
                )
            })
            .collect();
        let own = "Has versions and aliases";
        assert_eq!(
            shown,
            [
                ("$LATEST", own),
                ("1", "First"),
                ("2", "Zweite Version: größer"),
                ("3", own)
            ]
        );
    }
}

#[tokio::test]
async fn aliases_of_one_function() {
    let lambda = start().await;
    let (sizes, rows) = gather(
        &lambda,
        &format!("{FUNCTIONS}/versioned/aliases?MaxItems=1"),
        "Aliases",
    )
    .await;
    assert_eq!(sizes, [1, 1]);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:versioned";
    for (row, name, version, routing) in [
        (
            &rows[0],
            "live",
            "2",
            json!({ "AdditionalVersionWeights": { "3": 0.1 } }),
        ),
        (&rows[1], "beta", "3", Value::Null),
    ] {
        assert_eq!(row["Name"], name);
        assert_eq!(row["AliasArn"], format!("{arn}:{name}"));
        assert_eq!(row["FunctionVersion"], version);
        assert_eq!(row["RoutingConfig"], routing);
    }
    let (_, rows) = gather(
        &lambda,
        &format!("{FUNCTIONS}/versioned/aliases?FunctionVersion=3"),
        "Aliases",
    )
    .await;
    assert_eq!(rows.len(), 1);
    let (_, rows) = gather(&lambda, &format!("{FUNCTIONS}/echo/aliases"), "Aliases").await;
    assert_eq!(rows, Vec::<Value>::new());
}

#[tokio::test]
async fn an_unknown_function_has_no_lists() {
    let lambda = start().await;
    for list in ["versions", "aliases"] {
        Call::get(format!("{FUNCTIONS}/nobody/{list}"))
            .send(&lambda)
            .await
            .assert_error(
                404,
                "ResourceNotFoundException",
                json!({ "Type": "User", "Message":
                "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody" }),
            );
    }
    let answer = Call::get(format!("{FUNCTIONS}/a.b/aliases"))
        .send(&lambda)
        .await;
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("ValidationException"),
        "no dots here, unlike in versions"
    );
}
