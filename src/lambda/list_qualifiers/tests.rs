//! Qualifiers from several pages of both listings.

use core::cell::Cell;

use serde_json::json;

use super::*;
use crate::block_on::block_on;
use crate::call::error::{Executed, TransportError, TransportKind};
use crate::perform::perform;
use crate::testing::scripted::{Answer, Scripted, Sent};
use crate::testing::{
    answer, assert_contains, coded, connection, json as ok, lambdas, service_error, transport_error,
};

fn list(function: &str) -> ListQualifiers {
    ListQualifiers::new(connection(), function).unwrap()
}

fn choice(name: &str, kind: QualifierKind, description: &str) -> QualifierChoice {
    QualifierChoice {
        name: name.into(),
        kind,
        description: description.into(),
    }
}

#[test]
fn qualifiers_are_aliases_then_latest_then_versions_with_the_newest_first() {
    let mut operation = list("f:live");
    let exchange = [
        (
            "/2015-03-31/functions/f/aliases?MaxItems=50",
            json!({"Aliases": [{"Name": "beta", "FunctionVersion": "3", "Description": ""}], "NextMarker": "a+1"}),
        ),
        (
            "/2015-03-31/functions/f/aliases?MaxItems=50&Marker=a%2B1",
            json!({"Aliases": [{"Name": "live", "FunctionVersion": "2", "Description": "production",
                "RoutingConfig": {"AdditionalVersionWeights": {"3": 0.125}}}], "NextMarker": null}),
        ),
        (
            "/2015-03-31/functions/f/versions?MaxItems=50",
            json!({"Versions": [{"Version": "$LATEST", "Description": "what it does"}, {"Version": "1"}], "NextMarker": "v"}),
        ),
        (
            "/2015-03-31/functions/f/versions?MaxItems=50&Marker=v",
            json!({"Versions": [{"Version": "2", "Description": "second"}, {"Version": "3", "Description": null}], "NextMarker": ""}),
        ),
    ];
    let mut done = None;
    for (target, body) in exchange {
        assert_eq!(done, None);
        assert_eq!(operation.request().path_with_query(), target);
        operation.read(ok(&body), 1).unwrap();
        done = operation.take_output();
    }
    assert_eq!(
        done.unwrap(),
        [
            choice("beta", QualifierKind::Alias, "version 3"),
            choice(
                "live",
                QualifierKind::Alias,
                "version 2, 12.5 % of the calls to version 3: production"
            ),
            choice("$LATEST", QualifierKind::Latest, "what it does"),
            choice("3", QualifierKind::Version, ""),
            choice("2", QualifierKind::Version, "second"),
            choice("1", QualifierKind::Version, ""),
        ]
    );
}

#[test]
fn a_weight_out_of_range_does_not_trap() {
    for (weight, text) in [
        (0.1, "10 %"),
        (1.0, "100 %"),
        (0.005, "0.5 %"),
        (f64::NAN, "0 %"),
        (-1.0, "0 %"),
    ] {
        assert_eq!(percent(weight), text);
    }
    assert_eq!(percent(f64::INFINITY), "1844674407370955161.5 %");
}

#[test]
fn a_denied_access_names_the_permission_of_its_listing() {
    let hint = |operation: &mut ListQualifiers| {
        let denied = operation.read(answer(403, &[], ""), 1);
        service_error(denied).hint.unwrap()
    };
    let arn = "arn:aws:lambda:us-east-1:<account>:function:f";
    // Only the first page of a listing may be left out.
    let mut operation = list("f:live");
    let begun = json!({"Aliases": [], "NextMarker": "a"});
    assert_eq!(operation.read(ok(&begun), 1), Ok(()));
    assert!(hint(&mut operation).ends_with(&format!("lambda:ListAliases on {arn}")));
    assert_eq!(operation.read(ok(&json!({"Aliases": []})), 1), Ok(()));
    assert_eq!(operation.take_output(), None);
    let begun = json!({"Versions": [], "NextMarker": "v"});
    assert_eq!(operation.read(ok(&begun), 1), Ok(()));
    assert!(
        hint(&mut operation).ends_with(&format!(" allow lambda:ListVersionsByFunction on {arn}"))
    );
    assert_eq!(operation.take_output(), None);
}

/// Answers one listing, and rejects the others with 403.
fn only(allowed: &'static [&'static str]) -> Scripted<impl Fn(&Sent) -> Answer> {
    Scripted::new(move |sent: &Sent| {
        let (_, listing) = sent.path.rsplit_once('/').unwrap();
        Ok(match listing {
            _ if !allowed.contains(&listing) => coded(403, "AccessDeniedException"),
            "aliases" => ok(&json!({"Aliases": [{"Name": "live", "FunctionVersion": "1"}]})),
            _ => ok(&json!({"Versions": [{"Version": "$LATEST"}, {"Version": "1"}]})),
        })
    })
}

#[test]
fn one_listing_is_returned_when_the_other_is_denied() {
    let live = choice("live", QualifierKind::Alias, "version 1");
    let latest = choice("$LATEST", QualifierKind::Latest, "");
    let first = choice("1", QualifierKind::Version, "");
    for (allowed, expected) in [
        (&["aliases"][..], vec![live.clone()]),
        (&["versions"], vec![latest.clone(), first.clone()]),
        (&["aliases", "versions"], vec![live, latest, first]),
    ] {
        let lambda = only(allowed);
        assert_eq!(block_on(perform(&lambda, list("f"))), Ok(expected));
        assert_eq!(lambda.attempts(), 2);
    }
    let lambda = only(&[]);
    let error = service_error(block_on(perform(&lambda, list("f"))));
    assert_eq!(error.category, Category::AccessDenied);
    let permissions = "lambda:ListAliases or lambda:ListVersionsByFunction on arn:aws:lambda:us-east-1:<account>:function:f";
    assert!(error.hint.unwrap().ends_with(permissions));
    assert_eq!(lambda.attempts(), 2);
}

#[test]
fn error_other_than_a_denied_access_ends_the_call() {
    let lambda = Scripted::script(vec![Ok(coded(404, "ResourceNotFoundException"))]);
    let error = service_error(block_on(perform(&lambda, list("f"))));
    assert_eq!(error.category, Category::NotFound);
}

/// Lists from an endpoint without an end, whose pages have `rows` rows of `bytes` bytes.
fn endless(listing: &'static str, rows: usize, bytes: usize) -> (TransportError, usize) {
    let count = Cell::new(0);
    let lambda = Scripted::new(move |sent: &Sent| {
        let aliases = sent.path.ends_with("/aliases");
        if aliases && listing == "Versions" {
            return Ok(ok(&json!({"Aliases": []})));
        }
        count.set(count.get() + 1);
        let row = json!({"Name": "a", "Version": "1", "FunctionVersion": "1", "Description": "x".repeat(bytes)});
        let page = vec![row; rows];
        Ok(ok(
            &json!({listing: page, "NextMarker": format!("m{}", count.get())}),
        ))
    });
    let error = transport_error(block_on(perform(&lambda, list("f"))));
    assert_eq!(
        (error.kind, error.executed),
        (TransportKind::Malformed, Executed::No)
    );
    (error, lambda.attempts())
}

#[test]
fn endless_listing_ends_with_an_error_that_names_the_limit() {
    let (error, requests) = endless("Aliases", 9_999, 0);
    assert_contains(
        &error.message,
        ["more than 10,000 aliases", "name the qualifier"],
    );
    assert_eq!(requests, 2);
    let (error, requests) = endless("Versions", 9_999, 0);
    assert_contains(&error.message, ["more than 10,000 versions"]);
    assert_eq!(requests, 3);
    // Three pages of 5.9 MB exceed 16 MiB.
    for listing in ["Aliases", "Versions"] {
        let (error, requests) = endless(listing, 2, 2_950_000);
        assert_contains(&error.message, ["more than 16 MiB"]);
        assert_eq!(requests, if listing == "Aliases" { 3 } else { 4 });
    }
    let (error, requests) = endless("Aliases", 1, 0);
    assert_contains(&error.message, ["more than 200 pages"]);
    assert_eq!((requests, error.attempts), (200, 1));
}

#[test]
fn exactly_10000_aliases_and_10000_versions_are_listed() {
    let lambda = Scripted::new(|sent: &Sent| {
        let (aliases, rows) = (sent.path.ends_with("/aliases"), 5_000);
        let first = sent.parameter("Marker").is_none();
        let row =
            |n| json!({"Name": format!("a{n}"), "Version": format!("{n}"), "FunctionVersion": "1"});
        let page: Vec<_> = (0..rows).map(row).collect();
        let listing = if aliases { "Aliases" } else { "Versions" };
        Ok(ok(
            &json!({listing: page, "NextMarker": first.then_some("m")}),
        ))
    });
    let choices = block_on(perform(&lambda, list("f"))).unwrap();
    assert_eq!((choices.len(), lambda.attempts()), (20_000, 4));
}

#[test]
fn shares_of_an_alias_are_in_the_order_of_the_versions() {
    let mut operation = list("f");
    let row = r#"{"Aliases":[{"Name":"a","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"3":0.1,"2":0.2,"4":0.3}}}]}"#;
    operation.read(lambdas(200, &[], row), 1).unwrap();
    operation.read(ok(&json!({"Versions": []})), 1).unwrap();
    let choices = operation.take_output().unwrap();
    assert_eq!(
        choices[0].description,
        "version 1, 20 % of the calls to version 2, 10 % of the calls to version 3, 30 % of the calls to version 4"
    );
}

/// Lambda routes to one more version. A list of thousands would only fill the memory.
#[test]
fn alias_of_too_many_versions_is_malformed() {
    let weights = |count: usize| -> serde_json::Map<_, _> {
        (0..count).map(|n| (n.to_string(), json!(0.01))).collect()
    };
    let read = |count| {
        let row = json!({"Name": "a", "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": weights(count)}});
        list("f").read(ok(&json!({"Aliases": [row]})), 1)
    };
    assert_eq!(read(10), Ok(()));
    assert_eq!(transport_error(read(11)).kind, TransportKind::Malformed);
}

#[test]
fn marker_too_long_for_a_url_is_malformed() {
    let read = |bytes| {
        let page = json!({"Aliases": [], "NextMarker": "m".repeat(bytes)});
        list("f").read(ok(&page), 1)
    };
    assert_eq!(read(16_384), Ok(()));
    assert_contains(&transport_error(read(16_385)).message, ["NextMarker"]);
}
