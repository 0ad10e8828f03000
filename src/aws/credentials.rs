//! Who is calling, and the wrapper that keeps secrets out of every output.

use alloc::string::String;
use core::fmt;

/// Text that must not appear in an error, a log or a `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The text itself: for the signature and the wire, nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// An AWS access key: long-term, or temporary with its session token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Sent in the clear with every request, as part of the credential.
    pub access_key_id: String,
    /// Signs; never sent.
    pub secret_access_key: Secret,
    /// Sent in `X-Amz-Security-Token` and signed.
    pub session_token: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let key = AccessKey {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("topsecret".into()),
            session_token: Some(Secret::new("tokenvalue".into())),
        };
        let shown = alloc::format!("{key:?}");
        assert!(shown.contains("AKIDEXAMPLE"), "{shown}");
        assert!(
            !shown.contains("topsecret") && !shown.contains("tokenvalue"),
            "{shown}"
        );
    }
}
