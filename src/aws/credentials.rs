//! Credentials that sign a request, and the wrapper that keeps secrets out of every output.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::time::{self, AmzDate};

/// Text that must not appear in an error, a log or a `Debug` output. It is zeroized on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`, without copying it.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// Returns the text itself, for the signature and the wire only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// An AWS access key: a long-term one, or a temporary one with its session token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Sent in the clear with every request, as part of the `Credential`.
    pub access_key_id: String,
    /// Used to sign and never sent.
    pub secret_access_key: Secret,
    /// Sent in `X-Amz-Security-Token`, which is signed.
    pub session_token: Option<Secret>,
}

/// A SigV4 signing key: the end of the key derivation, computed by a holder of the secret access
/// key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The ID of the access key that this key was derived from.
    pub access_key_id: String,
    /// The UTC day on which the key is valid.
    pub day: Day,
    /// The 32 bytes of the key, used to sign and never sent. An array's moves would leave copies on
    /// the stack.
    pub key: Zeroizing<Vec<u8>>,
    /// Sent in `X-Amz-Security-Token`, which is signed.
    pub session_token: Option<Secret>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("access_key_id", &self.access_key_id)
            .field("day", &self.day)
            .finish_non_exhaustive()
    }
}

/// A UTC day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day as `YYYYMMDD`.
    pub date: String,
    /// The day's first second, counted from 1970-01-01 00:00 UTC.
    start_s: u64,
}

impl Day {
    /// Parses `YYYYMMDD`. Returns `None` for anything else and for a day that does not exist.
    pub fn parse(date: &str) -> Option<Day> {
        let start_s = time::parse_date(date)?;
        Some(Day {
            date: date.into(),
            start_s,
        })
    }
}

/// What signs a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// An access key, for any day, region and service.
    AccessKey(AccessKey),
    /// A derived key, for one day, region and service.
    SigningKey(SigningKey),
    /// The request is sent unsigned. It needs no signature, or a proxy adds one.
    Unsigned,
}

/// The signing key is not valid on the day of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongDay {
    /// The key's day as `YYYYMMDD`.
    pub key_date: String,
    /// The request's day as `YYYYMMDD`.
    pub today: String,
}

/// How far outside of its day a signing key is still used. AWS accepts a date that is up to 5
/// minutes off, so a key derived just before midnight can sign a request sent just after it.
const MIDNIGHT_GRACE_S: u64 = 120;

impl Signer {
    /// Returns the date to sign with at `now` (seconds since 1970).
    ///
    /// # Errors
    /// [`WrongDay`] if the signing key is for another day.
    pub fn date(&self, now: u64) -> Result<AmzDate, WrongDay> {
        let Signer::SigningKey(key) = self else {
            return Ok(AmzDate::from_unix(now));
        };
        let first = key.day.start_s;
        let last = first.saturating_add(time::SECONDS_A_DAY.saturating_sub(1));
        let within = now.clamp(first, last);
        if within.abs_diff(now) > MIDNIGHT_GRACE_S {
            return Err(WrongDay {
                key_date: key.day.date.clone(),
                today: AmzDate::from_unix(now).date,
            });
        }
        Ok(AmzDate::from_unix(within))
    }

    /// Whether requests are signed, so that the host's clock matters.
    pub fn signs(&self) -> bool {
        !matches!(self, Signer::Unsigned)
    }

    /// Returns every secret text, none of which may appear in an output.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let (secret, token) = match self {
            Signer::AccessKey(key) => (Some(&key.secret_access_key), key.session_token.as_ref()),
            Signer::SigningKey(key) => (None, key.session_token.as_ref()),
            Signer::Unsigned => (None, None),
        };
        secret.into_iter().chain(token).map(Secret::reveal)
    }
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
        let signing_key = SigningKey {
            access_key_id: "AKIDEXAMPLE".into(),
            day: Day::parse("20261122").unwrap(),
            key: Zeroizing::new(vec![231; 32]),
            session_token: key.session_token.clone(),
        };
        for shown in [
            format!("{:?}", Signer::AccessKey(key)),
            format!("{:?}", Signer::SigningKey(signing_key)),
        ] {
            assert!(shown.contains("AKIDEXAMPLE"), "{shown}");
            for secret in ["topsecret", "tokenvalue", "231", "e7"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }

    /// 2026-11-22T00:00:00Z
    const MIDNIGHT: u64 = 1_795_305_600;

    #[test]
    fn a_signing_key_signs_on_its_day_and_two_minutes_around_it() {
        let key = |date: &str| {
            Signer::SigningKey(SigningKey {
                access_key_id: "AKIDEXAMPLE".into(),
                day: Day::parse(date).unwrap(),
                key: Zeroizing::new(vec![0; 32]),
                session_token: None,
            })
        };
        let date_time = |signer: Signer, now| signer.date(now).map(|date| date.date_time);
        for (now, signed) in [
            (MIDNIGHT - 120, "20261122T000000Z"),
            (MIDNIGHT, "20261122T000000Z"),
            (MIDNIGHT + 43_200, "20261122T120000Z"),
            (MIDNIGHT + 86_399, "20261122T235959Z"),
            (MIDNIGHT + 86_400, "20261122T235959Z"),
            (MIDNIGHT + 86_519, "20261122T235959Z"),
        ] {
            assert_eq!(date_time(key("20261122"), now).as_deref(), Ok(signed));
        }
        for (now, today) in [
            (MIDNIGHT - 121, "20261121"),
            (MIDNIGHT + 86_520, "20261123"),
            (0, "19700101"),
            (u64::MAX, "99991231"),
        ] {
            let wrong = WrongDay {
                key_date: "20261122".into(),
                today: today.into(),
            };
            assert_eq!(date_time(key("20261122"), now), Err(wrong));
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_rejected() {
        for date in [
            "",
            "2026112",
            "202611222",
            "20261322",
            "20260230",
            "2026-1-2",
            "19691231",
        ] {
            assert_eq!(Day::parse(date), None, "{date}");
        }
    }
}
