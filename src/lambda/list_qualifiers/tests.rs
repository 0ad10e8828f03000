//! Qualifiers from several pages of both listings.

use serde_json::json;

use super::*;
use crate::testing::{answer, connection, json as ok, service_error};

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
    let mut operation = list("f:live");
    let arn = "arn:aws:lambda:us-east-1:<account>:function:f";
    assert!(hint(&mut operation).ends_with(&format!("lambda:ListAliases on {arn}")));
    assert_eq!(operation.read(ok(&json!({"Aliases": []})), 1), Ok(()));
    assert_eq!(operation.take_output(), None);
    assert!(hint(&mut operation).ends_with(&format!("lambda:ListVersionsByFunction on {arn}")));
}
