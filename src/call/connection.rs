//! The connection to Lambda as the caller gave it: region, endpoint and credentials, unchecked. Its
//! `Debug` output contains no secret.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::EndpointChoice;
use crate::call::roles::RoleOptions;

/// The interface's `types.connection`, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The AWS region. It may be empty if the function's name contains the region.
    pub region: String,
    /// The credentials that sign requests.
    pub credentials: Credentials,
    /// The endpoint to use.
    pub endpoint: EndpointChoice,
}

/// The interface's `types.credentials`, unchecked.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)] // The interface documents the cases.
pub enum Credentials {
    AccessKey(AccessKey),
    SigningKey {
        access_key_id: String,
        date: String,
        key: Zeroizing<Vec<u8>>,
        session_token: Option<Secret>,
    },
    AssumeRole {
        source: AccessKey,
        roles: Vec<RoleOptions>,
    },
    WebIdentity {
        token: Secret,
        role: RoleOptions,
    },
    HostSigned,
}

impl Credentials {
    /// Returns the name of the case in the interface.
    pub fn kind(&self) -> &'static str {
        match self {
            Credentials::AccessKey(_) => "access-key",
            Credentials::SigningKey { .. } => "signing-key",
            Credentials::AssumeRole { .. } => "assume-role",
            Credentials::WebIdentity { .. } => "web-identity",
            Credentials::HostSigned => "host-signed",
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind())
    }
}
