//! Each ready-made policy allows Lambda's hosts of one region over HTTPS, and nothing else.

use std::collections::BTreeSet;
use std::fs;

use saphyr::{LoadableYamlNode, Yaml};
use toml::{Table, Value};

use crate::hosts::hosts;
use crate::page;

const REGION: &str = "eu-central-1";

fn read(file: &str) -> String {
    fs::read_to_string(page::root().join("examples").join(file)).unwrap()
}

fn toml(file: &str) -> Table {
    read(file).parse().unwrap()
}

fn lambda() -> BTreeSet<String> {
    let origins = hosts("lambda", REGION).map(|host| format!("https://{host}"));
    origins.into()
}

fn texts<'a>(list: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    list.into_iter().map(|it| it.as_str().unwrap()).collect()
}

/// One rule takes a custom endpoint from a variable, which defaults to Lambda's host.
#[test]
fn obelisk_policy_allows_only_lambda() {
    let deployment = toml("obelisk/deployment.toml");
    let connector = &deployment["activity_wasm"].as_array().unwrap()[0];
    let mut seen = BTreeSet::new();
    for rule in connector["allowed_host"].as_array().unwrap() {
        assert_eq!(texts(rule["methods"].as_array().unwrap()), ["GET", "POST"]);
        let pattern = rule["pattern"].as_str().unwrap();
        let pattern = pattern
            .strip_prefix("${AWS_ENDPOINT_URL_LAMBDA:-")
            .map_or(pattern, |rest| rest.strip_suffix('}').unwrap());
        seen.insert(pattern.replace("${AWS_REGION}", REGION));
    }
    assert_eq!(seen, lambda());
}

#[test]
fn spin_policy_allows_only_lambda() {
    let manifest = toml("policies/spin.toml");
    assert_eq!(manifest["spin_manifest_version"].as_integer(), Some(2));
    let step = &manifest["component"]["step"];
    let seen = texts(step["allowed_outbound_hosts"].as_array().unwrap())
        .into_iter()
        .map(|origin| origin.replace("{{ region }}", REGION))
        .collect();
    assert_eq!(lambda(), seen);
    assert_eq!(
        manifest["variables"]["region"]["required"].as_bool(),
        Some(true)
    );

    // The connector inherits the hosts of the component that uses it, and nothing else.
    let connector = &step["dependencies"]["connectors:aws-lambda/lambda@0.2.0"];
    let inherited = texts(connector["inherit_configuration"].as_array().unwrap());
    assert_eq!(inherited, ["allowed_outbound_hosts"]);
}

#[test]
fn wasmcloud_policy_allows_only_lambda() {
    let text = read("policies/wasmcloud.yaml");
    let document = &Yaml::load_from_str(&text).unwrap()[0];
    assert_eq!(document["kind"].as_str(), Some("WorkloadDeployment"));
    let connector = &document["spec"]["template"]["spec"]["components"][0];
    let hosts = connector["localResources"]["allowedHosts"].as_sequence();
    let seen = hosts
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap().to_owned());
    assert_eq!(lambda(), seen.collect());
}

/// The kinds of permissions in a policy of wassette, and the hosts that it allows.
fn wassette(file: &str) -> (Vec<String>, BTreeSet<String>) {
    let text = read(file);
    let document = &Yaml::load_from_str(&text).unwrap()[0];
    assert_eq!(document["version"].as_str(), Some("1.0"));
    let permissions = document["permissions"].as_mapping().unwrap();
    let kinds = permissions.keys().map(|it| it.as_str().unwrap().to_owned());
    let hosts = document["permissions"]["network"]["allow"].as_sequence();
    let seen = hosts
        .unwrap()
        .iter()
        .map(|it| it["host"].as_str().unwrap().to_owned());
    (kinds.collect(), seen.collect())
}

#[test]
fn wassette_policy_allows_only_lambda() {
    let (kinds, seen) = wassette("policies/wassette.yaml");
    assert_eq!(kinds, ["network"]);
    assert_eq!(seen, lambda());
}

/// The tools use the standard endpoint, and read their connection from variables.
#[test]
fn wassette_policy_of_the_tools_allows_only_lambda_and_variables() {
    let (kinds, seen) = wassette("policies/wassette-tools.yaml");
    assert_eq!(kinds, ["network", "environment"]);
    let standard = format!("https://lambda.{REGION}.amazonaws.com");
    assert_eq!(seen, BTreeSet::from([standard]));
    assert!(seen.is_subset(&lambda()));
}
