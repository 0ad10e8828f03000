//! What a host does so that the sandbox sees as little as it needs: it derives the day's signing
//! key, so that the secret stays here.

use std::time::SystemTime;

use aws_sigv4::sign::v4::generate_signing_key;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::bindings::types::{AccessKey, Credentials, SigningKey};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");

/// The SigV4 key that signs requests to Lambda in `region` on the UTC day of `at`, and nothing
/// else. Derived by AWS's own crate.
///
/// Derive it when it is needed: it is refused on the next day.
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

/// Whether these credentials are exchanged at STS before Lambda can be called.
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

    /// Another implementation's key: Python's `hmac`, four times.
    #[test]
    fn a_day_a_region_and_lambda() {
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
