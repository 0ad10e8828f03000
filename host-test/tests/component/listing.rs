//! Listings of accounts of any size.

use std::collections::BTreeSet;

use aws_lambda_connector_host::bindings::lambda::{FunctionQuery, QualifierKind};
use local_lambda::ENVIRONMENT_SECRET;
use testing::{Component, Local, changed, for_each_component, query};

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn large_account_is_listed_once_without_its_secrets(component: Component) {
    let local = Local::with(component, |config| config.extra_functions = 1_234).await;
    let everything = changed(&query(), |query| query.limit = Some(10_000));
    let all = local.list(everything).await.unwrap();
    assert_eq!(all.next, None);
    let names: BTreeSet<&str> = all.functions.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((all.functions.len(), names.len()), (1_252, 1_252));
    assert!(!format!("{all:?}").contains(ENVIRONMENT_SECRET));

    // A limit of 77 puts the cursors in the middle of the pages that Lambda returns.
    let mut seen = BTreeSet::new();
    let mut next = FunctionQuery {
        limit: Some(77),
        name_contains: Some("E".into()),
        ..query()
    };
    loop {
        let page = local.list(next.clone()).await.unwrap();
        for row in page.functions {
            assert!(seen.insert(row.name.clone()), "{} twice", row.name);
        }
        next.cursor = page.next;
        if next.cursor.is_none() {
            break;
        }
    }
    let with_e = names
        .iter()
        .filter(|name| name.to_lowercase().contains('e'));
    let expected: BTreeSet<String> = with_e.map(|name| (*name).to_owned()).collect();
    assert!(!expected.is_empty() && expected.len() < names.len());
    assert_eq!(seen, expected);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn function_rows_carry_every_field(component: Component) {
    let local = Local::start(component).await;
    let find = async |name: &str, all_versions| {
        let query = FunctionQuery {
            name_contains: Some(name.into()),
            all_versions,
            ..query()
        };
        local.list(query).await.unwrap().functions
    };
    let [tenant] = &find("tenant", false).await[..] else {
        panic!("one function")
    };
    assert!(tenant.tenant_isolated && !tenant.durable);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:tenant";
    assert_eq!(tenant.arn, arn);
    assert_eq!(tenant.version, "$LATEST");
    assert_eq!(tenant.memory_size_mb, 128);
    assert!(tenant.runtime.is_some() && !tenant.architectures.is_empty());
    assert!(tenant.timeout_seconds > 0);
    let [durable] = &find("durable", false).await[..] else {
        panic!("one function")
    };
    assert!(durable.durable && !durable.tenant_isolated);
    let versioned = find("versioned", true).await;
    let versions: Vec<&str> = versioned.iter().map(|row| &*row.version).collect();
    assert_eq!(versions, ["$LATEST", "1", "2", "3"]);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn qualifiers_list_aliases_latest_and_versions_in_order(component: Component) {
    let local = Local::start(component).await;
    let choices = local.qualifiers("versioned:beta").await.unwrap();
    let seen = choices.iter().map(|choice| (&*choice.name, choice.kind));
    use QualifierKind::{Alias, Latest, Version};
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            ("live", Alias),
            ("beta", Alias),
            ("$LATEST", Latest),
            ("3", Version),
            ("2", Version),
            ("1", Version)
        ]
    );
    let weighted = &choices[0].description;
    let weights = "version 2, 10 % of the calls to version 3";
    assert!(weighted.starts_with(weights), "{weighted}");
}
