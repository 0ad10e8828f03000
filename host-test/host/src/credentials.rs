//! Keeps the secret access key out of the sandbox: derives a signing key on the host.

use std::time::SystemTime;

use aws_sigv4::sign::v4::generate_signing_key;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::bindings::types::{AccessKey, Credentials, SigningKey};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");

/// Derives the SigV4 key that signs requests to Lambda in `region` on the UTC day of `at`, and
/// nothing else. The derivation is that of the `aws-sigv4` crate.
///
/// Derive the key for each call: AWS rejects it on the next day. An empty region is not detected
/// here; AWS rejects the signature.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use aws_lambda_connector_host::bindings::types::AccessKey;
/// use aws_lambda_connector_host::credentials::signing_key;
///
/// let key = AccessKey {
///     access_key_id: "AKIDEXAMPLE".to_owned(),
///     secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
///     session_token: None,
/// };
/// let noon = UNIX_EPOCH + Duration::from_secs(1_795_348_800);
/// let derived = signing_key(&key, "us-east-1", noon);
/// assert_eq!(derived.date, "20261122");
/// assert_eq!(derived.key.len(), 32);
///
/// // A key is good for one day and one region.
/// let next_day = signing_key(&key, "us-east-1", noon + Duration::from_secs(86_400));
/// assert_ne!(derived.key, next_day.key);
/// assert_ne!(derived.key, signing_key(&key, "eu-central-1", noon).key);
/// ```
pub fn signing_key(key: &AccessKey, region: &str, at: SystemTime) -> SigningKey {
    let derived = generate_signing_key(&key.secret_access_key, at, region, "lambda");
    SigningKey {
        access_key_id: key.access_key_id.clone(),
        // The format names only fields that every date has.
        date: OffsetDateTime::from(at).format(DAY).unwrap_or_default(),
        key: derived.as_ref().to_vec(),
        session_token: key.session_token.clone(),
    }
}

/// Whether these credentials must be exchanged at STS before Lambda can be called. If so, the
/// [`Policy`](crate::policy::Policy) must allow STS: see
/// [`Policy::and_sts`](crate::policy::Policy::and_sts).
///
/// ```
/// use aws_lambda_connector_host::bindings::types::Credentials;
/// use aws_lambda_connector_host::credentials::needs_sts;
///
/// assert!(!needs_sts(&Credentials::HostSigned));
/// ```
pub fn needs_sts(credentials: &Credentials) -> bool {
    match credentials {
        Credentials::AssumeRole(_) | Credentials::WebIdentity(_) => true,
        Credentials::AccessKey(_) | Credentials::SigningKey(_) | Credentials::HostSigned => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn key() -> AccessKey {
        AccessKey {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: Some("token".to_owned()),
        }
    }

    /// The expected key comes from Python's `hmac`, applied four times.
    #[test]
    fn signing_key_matches_an_independent_implementation() {
        let derived = signing_key(
            &key(),
            "us-east-1",
            UNIX_EPOCH + Duration::from_secs(1_795_348_800),
        );
        assert_eq!(derived.date, "20261122");
        assert_eq!(derived.access_key_id, "AKIDEXAMPLE");
        assert_eq!(derived.session_token.as_deref(), Some("token"));
        let hex: String = derived
            .key
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "256959eec0007716b1e124d322a0a7e276b39ca7c104a360abdeb890eff3cfa7"
        );
    }
}
