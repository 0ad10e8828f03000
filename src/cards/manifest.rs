//! What `describe` tells besides the forms.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::endpoint::{self, LAMBDA, STS};
use crate::cards::field::Field;

/// The connector's name.
pub const NAME: &str = "aws-lambda";
/// For people.
pub const TITLE: &str = "AWS Lambda";
/// Semantic version of the component.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// One sentence for a catalogue.
pub const DESCRIPTION: &str =
    "Invokes AWS Lambda functions and lists them, from a sandbox that reaches nothing but AWS.";

/// `cards.card`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Description {
    pub id: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// Options and inputs.
    pub fields: &'static [&'static Field],
    pub outputs: &'static [Field],
}

/// Host names that the connector may contact where the connection has no custom endpoint, with
/// `{region}` where it stands.
pub fn outbound_hosts() -> Vec<String> {
    let mut hosts = Vec::new();
    for service in [LAMBDA, STS] {
        for suffix in endpoint::dns_suffixes() {
            for fips in ["", "-fips"] {
                hosts.push(format!("{service}{fips}.{{region}}.{suffix}"));
            }
        }
    }
    hosts
}
