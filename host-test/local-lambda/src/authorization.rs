//! The two headers that carry a signature: `Authorization` and `X-Amz-Date`.

use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::errors::ApiError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const AMZ_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// A parsed `Authorization` header.
pub(super) struct Authorization<'a> {
    pub access_key_id: &'a str,
    pub day: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    pub terminator: &'a str,
    pub signed_headers: Vec<&'a str>,
    pub signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub fn read(headers: &'a HeaderMap) -> Result<Self, ApiError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or_else(|| {
            ApiError::unauthenticated(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            )
        })?;
        if values.next().is_some() {
            return Err(incomplete(
                "The request has more than one Authorization header.",
            ));
        }
        let value = value
            .to_str()
            .map_err(|_| incomplete("The Authorization header is not ASCII."))?;
        let Some(parameters) = value
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
        else {
            return Err(incomplete(&format!(
                "Unsupported AWS 'algorithm': only '{ALGORITHM}' is supported."
            )));
        };
        let find = |name: &str| {
            parameters
                .split(',')
                .filter_map(|parameter| parameter.trim().split_once('='))
                .find_map(|(n, value)| (n == name).then_some(value))
        };
        let (Some(credential), Some(signed), Some(signature)) =
            (find("Credential"), find("SignedHeaders"), find("Signature"))
        else {
            let missing: String = ["Credential", "Signature", "SignedHeaders"]
                .into_iter()
                .filter(|name| find(name).is_none())
                .map(|name| format!("Authorization header requires '{name}' parameter. "))
                .collect();
            return Err(incomplete(&missing));
        };
        let &[access_key_id, day, region, service, terminator] =
            credential.split('/').collect::<Vec<_>>().as_slice()
        else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term",
            ));
        };
        let signed_headers = signed.split(';').collect();
        Ok(Self {
            access_key_id,
            day,
            region,
            service,
            terminator,
            signed_headers,
            signature,
        })
    }
}

/// Returns the value of `X-Amz-Date` as text and as a time.
pub(super) fn signing_date(headers: &HeaderMap) -> Result<(&str, SystemTime), ApiError> {
    let mut values = headers.get_all("x-amz-date").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(incomplete(
            "Authorization header requires existence of exactly one 'X-Amz-Date' header.",
        ));
    };
    let bad = || incomplete("Date must be in ISO-8601 'basic format', such as 20261122T120000Z.");
    let text = value.to_str().map_err(|_| bad())?;
    let date = PrimitiveDateTime::parse(text, AMZ_DATE).map_err(|_| bad())?;
    Ok((text, date.assume_utc().into()))
}

/// Formats a time for `X-Amz-Date`.
pub(super) fn amz_date(at: SystemTime) -> String {
    // The format names only fields that every date has.
    OffsetDateTime::from(at)
        .format(AMZ_DATE)
        .unwrap_or_default()
}

fn incomplete(message: &str) -> ApiError {
    ApiError::unauthenticated("IncompleteSignatureException", message)
}
