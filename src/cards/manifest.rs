//! What `describe` returns besides the forms.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::endpoint::{self, LAMBDA, STS};
use crate::cards::field::Field;

/// The connector's name.
pub const NAME: &str = "aws-lambda";
/// The connector's title for users.
pub const TITLE: &str = "AWS Lambda";
/// The component's semantic version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// One sentence for a catalogue.
pub const DESCRIPTION: &str = "Invokes and lists AWS Lambda functions, and follows durable executions, from a sandbox that can reach only AWS.";

/// `cards.card`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Description {
    pub id: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// The options and the inputs.
    pub fields: &'static [&'static Field],
    pub outputs: &'static [Field],
}

/// The hosts that the connector contacts if the connection does not have a custom endpoint. `{region}`
/// stands for the connection's region.
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
