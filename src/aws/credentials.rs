//! Who is calling, and the wrapper that keeps secrets out of every output.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::time::{self, AmzDate};

/// Text that must not appear in an error, a log or a `Debug` output. It is wiped when it goes.
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

/// The end of SigV4's key-derivation chain, derived by somebody who knows the secret access key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Of the access key that it was derived from.
    pub access_key_id: String,
    /// The UTC day it is good for.
    pub day: Day,
    /// 32 bytes. Signs; never sent. Not an array: its moves would leave copies on the stack.
    pub key: Zeroizing<Vec<u8>>,
    /// Sent in `X-Amz-Security-Token` and signed.
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
    /// `YYYYMMDD`
    pub date: String,
    /// Its first second, since 1970-01-01 00:00 UTC.
    start_s: u64,
}

impl Day {
    /// Reads `YYYYMMDD`.
    pub fn parse(date: &str) -> Option<Day> {
        let start_s = time::parse_date(date)?;
        Some(Day {
            date: date.into(),
            start_s,
        })
    }
}

/// Who signs a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The key pair: any day, region and service.
    AccessKey(AccessKey),
    /// What was derived from it.
    SigningKey(SigningKey),
    /// Nobody, or somebody on the way.
    Unsigned,
}

/// A request that has to be dated on a day that the signing key is not for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongDay {
    /// `YYYYMMDD` of the key.
    pub key_date: String,
    /// `YYYYMMDD` of the request.
    pub today: String,
}

/// AWS accepts a date that is up to 5 minutes off. A key that was derived just before midnight
/// still signs a request that leaves just after it.
const MIDNIGHT_GRACE_S: u64 = 120;

impl Signer {
    /// The date to sign with at `now` (seconds since 1970).
    ///
    /// # Errors
    /// The signing key is for another day.
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

    /// Whether the request's date, and so the host's clock, matters.
    pub fn signs(&self) -> bool {
        !matches!(self, Signer::Unsigned)
    }

    /// Every text of it that no output may hold.
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
    use alloc::vec;

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
            alloc::format!("{:?}", Signer::AccessKey(key)),
            alloc::format!("{:?}", Signer::SigningKey(signing_key)),
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
    fn a_signing_key_signs_on_its_day_and_a_little_around_midnight() {
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
    fn what_is_no_day() {
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
