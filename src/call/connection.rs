//! Where Lambda is and who is calling, as the caller gave it: unchecked, and without its secrets in
//! any `Debug` output.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::EndpointChoice;
use crate::call::roles::RoleOptions;

/// `types.connection` as the caller gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// May be empty where the function's name holds the region.
    pub region: String,
    /// Who is calling.
    pub credentials: Credentials,
    /// Which endpoint.
    pub endpoint: EndpointChoice,
}

/// Who is calling: `types.credentials` as the caller gave it.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Documented there.
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
    /// Its case's name in the interface.
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
