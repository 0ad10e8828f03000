//! The card that lists functions.

use super::{Card, FIELD, Field, Kind};

pub const CARD: Card = Card {
    id: "list-functions",
    title: "List Functions",
    description: "Lists the Lambda functions of the account and region.",
    options: &[],
    inputs: &[
        Field {
            key: "nameContains",
            label: "Name Contains",
            definition: "Only functions whose name contains this, ignoring case. Empty lists all.",
            ..FIELD
        },
        Field {
            key: "allVersions",
            label: "All Versions",
            definition: "Whether to list every published version of each function, too.",
            kind: Kind::Boolean,
            default: Some("false"),
            ..FIELD
        },
        Field {
            key: "limit",
            label: "Limit",
            definition: "How many rows to return at most, 1 to 10,000.",
            kind: Kind::Number,
            default: Some("50"),
            ..FIELD
        },
        Field {
            key: "cursor",
            label: "Cursor",
            definition: "Where to go on: the output Next of the page before.",
            ..FIELD
        },
    ],
    outputs: &[
        Field {
            key: "functions",
            label: "Functions",
            definition: "An array of objects: name, arn, version, description, runtime, packageType, architectures, timeoutSeconds, memorySizeMb, lastModified, tenantIsolated, durable.",
            kind: Kind::Object,
            ..FIELD
        },
        Field {
            key: "next",
            label: "Next",
            definition: "The cursor of the next page; empty on the last one.",
            ..FIELD
        },
    ],
};
