//! Listings over pages of various sizes: every row is returned exactly once.

use core::cell::Cell;

use serde_json::{Value, json};

use super::*;
use crate::block_on::block_on;
use crate::call::error::{Executed, TransportKind};
use crate::perform::perform;
use crate::testing::scripted::{Scripted, Sent};
use crate::testing::{
    answer, assert_contains, connection, json as ok, refused, service_error, transport_error,
};

fn list(query: FunctionQuery) -> ListFunctions {
    ListFunctions::new(connection(), query).unwrap()
}

/// Responds like Lambda, with rows by `Marker` and `MaxItems`, at most 50.
fn serve(names: &[String], request: &Request<'_>, page_rows: usize) -> Response {
    let get = |key| {
        let found = request.query.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value)
    };
    let start: usize = get("Marker").map_or(0, |marker| {
        marker.strip_prefix("m").unwrap().parse().unwrap()
    });
    let asked: usize = get("MaxItems").unwrap().parse().unwrap();
    assert!((1..=50).contains(&asked));
    let end = names.len().min(start + asked.min(page_rows));
    let rows: Vec<Value> = names[start..end]
        .iter()
        .map(|name| json!({"FunctionName": name, "FunctionArn": format!("arn:{name}")}))
        .collect();
    let next = (end < names.len()).then(|| format!("m{end}"));
    ok(&json!({"Functions": rows, "NextMarker": next}))
}

/// Makes one call. Returns its rows, its `next` and the number of requests.
fn call(
    names: &[String],
    query: FunctionQuery,
    page_rows: usize,
) -> (Vec<String>, Option<String>, usize) {
    let mut operation = list(query);
    for requests in 1.. {
        let response = serve(names, &operation.request(), page_rows);
        operation.read(response, 1).unwrap();
        if let Some(page) = operation.take_output() {
            return (
                page.functions.into_iter().map(|row| row.name).collect(),
                page.next,
                requests,
            );
        }
    }
    unreachable!()
}

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("{}-{n}", if n % 3 == 0 { "Orders" } else { "mail" }))
        .collect()
}

#[test]
fn every_row_is_returned_once_for_any_limit_and_page_size() {
    for total in [0, 1, 49, 50, 51, 120] {
        let names = names(total);
        for part in [None, Some("orders"), Some("nothing")] {
            let expected: Vec<String> = names
                .iter()
                .filter(|name| part.is_none_or(|part| name.to_lowercase().contains(part)))
                .cloned()
                .collect();
            for (limit, page_rows) in [
                (1, 50),
                (7, 50),
                (50, 50),
                (1_000, 50),
                (7, 3),
                (50, 1),
                (3, 0x7fff),
            ] {
                let mut seen = Vec::new();
                let mut cursor = None;
                loop {
                    let query = FunctionQuery {
                        name_contains: part.map(Into::into),
                        limit: Some(limit),
                        cursor,
                        ..FunctionQuery::default()
                    };
                    let (rows, next, _) = call(&names, query, page_rows);
                    assert!(rows.len() <= limit as usize);
                    assert!(
                        rows.len() == limit as usize || next.is_none(),
                        "a short page is the last one"
                    );
                    seen.extend(rows);
                    cursor = next;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(seen, expected, "{total} {part:?} {limit} {page_rows}");
            }
        }
    }
}

#[test]
fn a_query_becomes_the_parameters_of_the_request() {
    let small = FunctionQuery {
        limit: Some(7),
        ..FunctionQuery::default()
    };
    let all = FunctionQuery {
        all_versions: true,
        ..FunctionQuery::default()
    };
    let filtered = FunctionQuery {
        name_contains: Some("x".into()),
        ..small.clone()
    };
    // Part of the page was read, so that the same page must come again.
    let position = Cursor {
        marker: Some("m".into()),
        consumed: 3,
        last_arn: "arn:a".into(),
    };
    let continued = FunctionQuery {
        cursor: Some(position.write()),
        ..small.clone()
    };
    for (query, parameters) in [
        (small, "MaxItems=7"),
        (all, "FunctionVersion=ALL&MaxItems=50"),
        (filtered, "MaxItems=50"),
        (continued, "MaxItems=50&Marker=m"),
    ] {
        assert_eq!(
            list(query).request().path_with_query(),
            format!("/2015-03-31/functions?{parameters}")
        );
    }
}

#[test]
fn a_call_ends_after_200_pages_and_the_next_one_continues() {
    let names = names(1_000);
    let query = |cursor| FunctionQuery {
        name_contains: Some("orders-999".into()),
        cursor,
        ..FunctionQuery::default()
    };
    let (rows, next, requests) = call(&names, query(None), 3);
    assert_eq!((rows.len(), requests), (0, 200));
    let (rows, next, requests) = call(&names, query(next), 3);
    assert_eq!(
        (rows, next, requests),
        (vec!["Orders-999".into()], None, 134)
    );
}

#[test]
fn a_row_has_every_field_but_no_environment_variables() {
    let body = json!({"Functions": [{
        "FunctionName": "f", "FunctionArn": "arn:f:1", "Version": "1", "Description": "d",
        "Runtime": "python3.14", "PackageType": "Zip", "Architectures": ["arm64"], "Timeout": 900,
        "MemorySize": 10240, "LastModified": "2024-01-01T00:00:00.000+0000",
        "Environment": {"Variables": {"PASSWORD": "marked-secret"}},
        "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
        "DurableConfig": {"ExecutionTimeout": 60}, "SomethingNew": [1, {"x": null}]
    }, {"FunctionName": "image", "Runtime": null, "PackageType": "Image", "DurableConfig": null}]});
    let mut operation = list(FunctionQuery::default());
    operation.read(ok(&body), 1).unwrap();
    let Some(page) = operation.take_output() else {
        panic!("one page")
    };
    assert_eq!(
        page.functions,
        [
            FunctionSummary {
                name: "f".into(),
                arn: "arn:f:1".into(),
                version: "1".into(),
                description: "d".into(),
                runtime: Some("python3.14".into()),
                package_type: "Zip".into(),
                architectures: vec!["arm64".into()],
                timeout_seconds: 900,
                memory_size_mb: 10_240,
                last_modified: "2024-01-01T00:00:00.000+0000".into(),
                tenant_isolated: true,
                durable: true,
            },
            FunctionSummary {
                name: "image".into(),
                version: "$LATEST".into(),
                package_type: "Image".into(),
                ..FunctionSummary::default()
            },
        ]
    );
    assert!(!format!("{page:?}{operation:?}").contains("marked-secret"));
}

#[test]
fn an_invalid_limit_or_cursor_is_rejected() {
    let field = |query| refused(ListFunctions::new(connection(), query)).field;
    for limit in [0, 10_001] {
        let query = FunctionQuery {
            limit: Some(limit),
            ..FunctionQuery::default()
        };
        assert_eq!(field(query), "query.limit");
    }
    let query = FunctionQuery {
        cursor: Some("mine".into()),
        ..FunctionQuery::default()
    };
    assert_eq!(field(query), "query.cursor");
}

#[test]
fn a_response_that_is_not_a_listing_is_malformed() {
    for body in [
        "",
        "{}",
        "<html></html>",
        r#"{"Functions": null}"#,
        r#"{"Functions": [{}]}"#,
    ] {
        let read = list(FunctionQuery::default()).read(answer(200, &[], body), 3);
        let error = transport_error(read);
        assert_eq!(
            (error.kind, error.executed, error.attempts),
            (TransportKind::Malformed, Executed::No, 3)
        );
    }
}

#[test]
fn a_listing_fails_when_its_marker_repeats() {
    let mut operation = list(FunctionQuery {
        limit: Some(10_000),
        ..FunctionQuery::default()
    });
    let page = json!({"Functions": [], "NextMarker": "same"});
    assert_eq!(operation.read(ok(&page), 1), Ok(()));
    assert_eq!(operation.take_output(), None);
    transport_error(operation.read(ok(&page), 1));
}

#[test]
fn a_denied_access_names_the_permission() {
    let read = list(FunctionQuery::default()).read(answer(403, &[], ""), 1);
    let error = service_error(read);
    assert_contains(&error.hint.unwrap(), ["lambda:ListFunctions on *"]);
    assert_eq!(error.executed, Executed::No);
}

/// Without a bound on the sum, a call would keep 200 pages of 6 MB.
#[test]
fn call_ends_with_a_cursor_when_its_rows_fill_16_mib() {
    const ROWS: usize = 12;
    let lambda = Scripted::new(|sent: &Sent| {
        let start: usize = sent
            .parameter("Marker")
            .map_or(0, |marker| marker.parse().unwrap());
        let row = |n: usize| json!({"FunctionName": format!("f{n}"), "FunctionArn": format!("arn:{n}"), "Description": "x".repeat(2_900_000)});
        let rows: Vec<Value> = (start..start + 2).map(row).collect();
        let next = (start + 2 < ROWS).then(|| (start + 2).to_string());
        Ok(ok(&json!({"Functions": rows, "NextMarker": next})))
    });
    let (mut names, mut sizes, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let query = FunctionQuery {
            limit: Some(10_000),
            cursor,
            ..FunctionQuery::default()
        };
        let page = block_on(perform(&lambda, list(query))).unwrap();
        sizes.push(page.functions.len());
        names.extend(page.functions.into_iter().map(|row| row.name));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..ROWS).map(|n| format!("f{n}")).collect();
    assert_eq!(names, expected);
    // A page of two rows has 5.8 MB, so that the sixth row does not fit.
    assert_eq!(sizes, [5, 5, 2]);
}

#[test]
fn size_of_a_row_counts_its_texts_and_its_list() {
    let row = FunctionSummary {
        name: "12".into(),
        runtime: Some("345".into()),
        architectures: vec!["6".into(), String::new()],
        ..FunctionSummary::default()
    };
    let headers = size_of::<FunctionSummary>() + 2 * size_of::<String>();
    assert_eq!(row.size(), headers + 6);
}

#[test]
fn endless_pages_of_9999_rows_end_at_the_limit() {
    let requests = Cell::new(0);
    let lambda = Scripted::new(|_: &Sent| {
        requests.set(requests.get() + 1);
        let rows = vec![json!({"FunctionName": "f", "FunctionArn": "a"}); 9_999];
        let marker = format!("m{}", requests.get());
        Ok(ok(&json!({"Functions": rows, "NextMarker": marker})))
    });
    let query = FunctionQuery {
        limit: Some(10_000),
        ..FunctionQuery::default()
    };
    let page = block_on(perform(&lambda, list(query))).unwrap();
    assert_eq!((page.functions.len(), lambda.attempts()), (10_000, 2));
    assert!(page.next.is_some());
}

/// An attempt that fails leaves the state unchanged, so that a repetition loses and repeats no row.
#[test]
fn page_with_a_repeated_marker_adds_no_row() {
    let mut operation = list(FunctionQuery {
        limit: Some(3),
        ..FunctionQuery::default()
    });
    let page = |name: &str, next| {
        let row = json!({"FunctionName": name, "FunctionArn": name});
        ok(&json!({"Functions": [row], "NextMarker": next}))
    };
    assert_eq!(operation.read(page("a", Some("m")), 1), Ok(()));
    transport_error(operation.read(page("b", Some("m")), 1));
    assert_eq!(operation.read(page("b", None), 2), Ok(()));
    let page = operation.take_output().unwrap();
    let names: Vec<&str> = page.functions.iter().map(|row| &*row.name).collect();
    assert_eq!((names, page.next), (vec!["a", "b"], None));
}
