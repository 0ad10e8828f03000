//! The trace that an invocation continues.
//!
//! Lambda reads the header `X-Amzn-Trace-Id` and ignores the W3C header `traceparent`, so the
//! connector converts the one to the other.
//!
//! Sources: "Tracing header" in the X-Ray developer guide; W3C Trace Context, section 3.2.

use alloc::format;
use alloc::string::String;
use core::ops::Range;

use crate::call::error::Error;
use crate::call::text;

const FIELD: &str = "request.trace-id";

const FORM: &str = "a W3C traceparent has the form 00-<trace ID>-<parent ID>-<flags>, of 32, 16 and 2 hexadecimal digits in lower case";

/// Returns the value of `X-Amzn-Trace-Id` for `trace_id`, which is that value itself or a W3C
/// `traceparent`.
///
/// # Errors
/// `invalid-input` for `request.trace-id`, if it cannot be a header or is a malformed
/// `traceparent`.
pub fn header(trace_id: String) -> Result<String, Error> {
    text::check(
        format_args!("{FIELD}"),
        &trace_id,
        1,
        8_192,
        |byte| byte.is_ascii_graphic(),
        "a trace ID consists of visible ASCII characters, for example Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
    )?;
    if !is_traceparent(&trace_id) {
        return Ok(trace_id);
    }
    convert(&trace_id).map_err(|(part, problem)| {
        Error::invalid(
            FIELD,
            format!("the {part} of the traceparent {problem}: {FORM}"),
        )
    })
}

/// Whether `text` begins with a version of `traceparent`. An `X-Amzn-Trace-Id` consists of
/// `key=value` pairs, so it never does.
fn is_traceparent(text: &str) -> bool {
    matches!(text.as_bytes(), [high, low, b'-', ..]
        if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
        && !text.contains('=')
}

/// Returns the `X-Amzn-Trace-Id`.
///
/// # Errors
/// The part that is wrong, and what is wrong with it.
fn convert(traceparent: &str) -> Result<String, (&'static str, &'static str)> {
    let part = |name, range: Range<usize>| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let ends = matches!(traceparent.as_bytes().get(range.end), None | Some(b'-'));
        match traceparent.get(range) {
            Some(part) if ends && part.bytes().all(is_digit) => Ok(part),
            _ => Err((name, "is malformed")),
        }
    };
    let version = part("version", 0..2)?;
    let trace_id = part("trace ID", 3..35)?;
    let parent_id = part("parent ID", 36..52)?;
    let flags = part("flags field", 53..55)?;
    if version == "ff" {
        return Err(("version", "is ff, which W3C forbids"));
    }
    for (name, id) in [("trace ID", trace_id), ("parent ID", parent_id)] {
        if id.bytes().all(|digit| digit == b'0') {
            return Err((name, "is all zeros"));
        }
    }
    if version == "00" && traceparent.len() > 55 {
        return Err(("flags field", "is not the end, as it is in version 00"));
    }
    // X-Ray has no place for the other flags.
    let last_digit = flags.bytes().last();
    let is_sampled = last_digit.is_some_and(|digit| b"13579bdf".contains(&digit));
    let sampled = if is_sampled { "1" } else { "0" };
    let (time, random) = trace_id.split_at_checked(8).unwrap_or_default();
    Ok(format!(
        "Root=1-{time}-{random};Parent={parent_id};Sampled={sampled}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_contains, refused};

    /// The examples of W3C Trace Context, section 3.2.4, and what each becomes.
    #[test]
    fn traceparent_is_converted() {
        const NOT_SAMPLED: &str =
            "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=0";
        const SAMPLED: &str =
            "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1";
        let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        for (version, flags, converted) in [
            ("00", "01", SAMPLED),
            ("00", "00", NOT_SAMPLED),
            // Level 2 defines bit 1 as `random-trace-id`. The others are reserved.
            ("00", "02", NOT_SAMPLED),
            ("00", "03", SAMPLED),
            ("00", "08", NOT_SAMPLED),
            ("00", "09", SAMPLED),
            ("00", "fe", NOT_SAMPLED),
            ("00", "ff", SAMPLED),
            // Later versions begin like version 00.
            ("01", "01", SAMPLED),
            ("cc", "00", NOT_SAMPLED),
            ("fe", "01", SAMPLED),
            ("cc", "01-", SAMPLED),
            ("cc", "01-what-the-future-will-be-like", SAMPLED),
        ] {
            let traceparent = format!("{version}-{ids}-{flags}");
            assert_eq!(
                header(traceparent.clone()).as_deref(),
                Ok(converted),
                "{traceparent}"
            );
        }
    }

    #[test]
    fn every_bit_of_the_flags_but_the_first_is_ignored() {
        for flags in 0..=255_u8 {
            let traceparent =
                format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags:02x}");
            let sampled = format!(";Sampled={}", flags & 1);
            assert!(header(traceparent).unwrap().ends_with(&sampled), "{flags}");
        }
    }

    #[test]
    fn malformed_traceparent_is_rejected_by_the_part_that_is_wrong() {
        for (bad, problem) in [
            (
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "the version of the traceparent is ff",
            ),
            (
                "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "the version of the traceparent is malformed",
            ),
            (
                "FF-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "the version of the traceparent is malformed",
            ),
            (
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is all zeros",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "the parent ID of the traceparent is all zeros",
            ),
            (
                "cc-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is all zeros",
            ),
            (
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "the parent ID of the traceparent is all zeros",
            ),
            (
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
                "the parent ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0F",
                "the flags field of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e47360-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f35.7b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "the trace ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
                "the parent ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b70-01",
                "the parent ID of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
                "the flags field of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                "the flags field of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                "the flags field of the traceparent is malformed",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736",
                "the parent ID of the traceparent is malformed",
            ),
            ("00-", "the trace ID of the traceparent is malformed"),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                "the flags field of the traceparent is not the end",
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
                "the flags field of the traceparent is not the end",
            ),
            (
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
                "the flags field of the traceparent is malformed",
            ),
            (
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                "the flags field of the traceparent is malformed",
            ),
        ] {
            let refused = refused(header(bad.into()));
            assert_eq!(refused.field, "request.trace-id", "{bad}");
            assert_contains(&refused.message, [problem, FORM]);
        }
    }

    #[test]
    fn value_that_does_not_begin_like_a_traceparent_is_unchanged() {
        for unchanged in [
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Self=1-67891234-12456789abcdef012345678;Root=1-5759e988-bd862e3fe1be46a994272793",
            "1-5759e988-bd862e3fe1be46a994272793",
            "00",
            "000-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ab-cd=1;Root=1-5759e988-bd862e3fe1be46a994272793",
        ] {
            assert_eq!(header(unchanged.into()).as_deref(), Ok(unchanged));
        }
    }

    #[test]
    fn text_that_cannot_be_a_header_is_rejected() {
        let long = "a".repeat(8_193);
        for bad in [
            "",
            "Root=1 ",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
            "é",
            &long,
        ] {
            let field = refused(header(bad.into())).field;
            assert_eq!(field, "request.trace-id", "{bad:?}");
        }
    }
}
