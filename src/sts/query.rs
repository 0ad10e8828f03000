//! The AWS Query protocol of STS: forms out, XML in.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::aws::endpoint::Endpoint;
use crate::aws::message::{Method, Request, Response};
use crate::aws::{uri, xml};
use crate::call::error::Error;
use crate::call::error_response::{self, RequestContext};

const VERSION: &str = "2011-06-15";

/// The body of a request, which may contain an OIDC token. Its `Debug` output has only its length, and
/// it is zeroized on drop.
#[derive(Clone)]
pub struct Form(Zeroizing<Vec<u8>>);

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Form({} bytes)", self.0.len())
    }
}

/// Builds the request that posts `form`. Its `content-type` is signed.
pub fn request<'a>(endpoint: &Endpoint, form: &'a Form) -> Request<'a> {
    const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
    let mut request = Request::new(Method::Post, endpoint, "/");
    let content_type = ("content-type", Cow::Borrowed(CONTENT_TYPE));
    request.headers.push(content_type);
    request.body = &form.0;
    request
}

/// Builds the form of an action and its parameters, strictly percent-encoded, with `+` for a space.
pub fn form(action: &str, parameters: &[(&str, &str)]) -> Form {
    let mut out = String::new();
    let all = [("Action", action), ("Version", VERSION)];
    for (key, value) in all.iter().chain(parameters) {
        if !out.is_empty() {
            out.push('&');
        }
        uri::encode_into(&mut out, key);
        out.push('=');
        let mut words = value.split(' ');
        uri::encode_into(&mut out, words.next().unwrap_or_default());
        for word in words {
            out.push('+');
            uri::encode_into(&mut out, word);
        }
    }
    Form(Zeroizing::new(out.into_bytes()))
}

/// As [`xml::texts`]. Also returns `None` if the body is not UTF-8.
pub fn texts<const N: usize>(body: &[u8], paths: [&str; N]) -> Option<[Option<String>; N]> {
    xml::texts(core::str::from_utf8(body).ok()?, paths)
}

/// Reads an error response: the XML of STS, or another document from a proxy.
pub fn read_error(response: &Response, context: &RequestContext) -> Error {
    match texts(&response.body, ["Error/Code", "Error/Message"]) {
        Some([Some(code), message]) => error_response::with_code(response, code, message, context),
        _ => error_response::read(response, context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::error::ServiceError;
    use crate::call::operation::Effect;
    use crate::testing::{answer, service_error, unauthenticated};

    #[test]
    fn a_form_is_strictly_encoded() {
        let body = form(
            "AssumeRole",
            &[
                ("RoleArn", "arn:aws:iam::123456789012:role/x"),
                ("RoleSessionName", "sess"),
                ("ExternalId", "ext:id/1"),
                ("DurationSeconds", "900"),
            ],
        );
        assert_eq!(
            String::from_utf8(body.0.to_vec()).unwrap(),
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=sess&ExternalId=ext%3Aid%2F1&DurationSeconds=900"
        );
    }

    #[test]
    fn debug_of_a_form_has_only_its_length() {
        let form = form("A", &[("WebIdentityToken", "marked")]);
        assert_eq!(format!("{form:?}"), "Form(51 bytes)");
    }

    const PATHS: [&str; 2] = [
        "GetCallerIdentityResult/Account",
        "GetCallerIdentityResult/Arn",
    ];

    fn identity(xml: &str) -> Option<[Option<String>; 2]> {
        texts(xml.as_bytes(), PATHS)
    }

    #[test]
    fn texts_do_not_depend_on_order_white_space_entities_or_unknown_elements() {
        let expected = Some([
            Some("123456789012".into()),
            Some("arn:aws:iam::1:user/a&b".into()),
        ]);
        for xml in [
            r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/a&amp;b</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#,
            "<?xml version=\"1.0\"?>\n<R>\n <New/>\n <GetCallerIdentityResult>\n  <!-- c --><Account>\n 123456789012 </Account>\n <Arn>arn:aws:iam::1:user/a&#38;b</Arn></GetCallerIdentityResult>\n</R>",
            r#"<a:R xmlns:a="x"><a:GetCallerIdentityResult><a:Account>123456789012</a:Account><a:Arn>arn:aws:iam::1:user/a&#x26;b</a:Arn></a:GetCallerIdentityResult></a:R>"#,
        ] {
            assert_eq!(identity(xml), expected, "{xml}");
        }
        assert_eq!(identity("<R/>"), Some([None, None]));
    }

    #[test]
    fn a_document_that_is_hostile_or_not_xml_is_rejected() {
        let deep = "<a>".repeat(100_000);
        let wide = format!("<R>{}</R>", "<a/>".repeat(2_000));
        for xml in [
            "",
            "{}",
            "<R>",
            "<!DOCTYPE html><html/>",
            "<!DOCTYPE R [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><R>&c;</R>",
            "<R>&unknown;</R>",
            &deep,
            &wide,
        ] {
            assert_eq!(identity(xml), None, "{xml:.60}");
        }
        assert_eq!(texts(b"<R>\xff</R>", PATHS), None);
    }

    fn context() -> RequestContext {
        RequestContext {
            action: "sts:AssumeRole",
            resource: "*".into(),
            effect: Effect::Read,
            attempts: 1,
        }
    }

    fn failed(status: u16, body: &str) -> ServiceError {
        let error = read_error(&answer(status, &[], body), &context());
        service_error(Err::<(), _>(error))
    }

    #[test]
    fn an_error_is_read_from_xml_or_by_its_status() {
        let xml = r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>r</RequestId></ErrorResponse>"#;
        let error = read_error(&answer(403, &[], xml), &context());
        let error = unauthenticated(Err::<(), _>(error));
        assert_eq!(error.code, "InvalidClientTokenId");
        assert_eq!(
            error.message,
            "The security token included in the request is invalid."
        );
        assert_eq!(failed(502, "<html>").code, "HTTP 502");
    }

    /// Found by fuzzing.
    #[test]
    fn an_empty_code_or_message_counts_as_absent() {
        for xml in [
            "<R><Error><Code></Code><Message> </Message></Error></R>",
            "<R><Error><Code/></Error></R>",
        ] {
            let error = failed(400, xml);
            assert_eq!(error.code, "HTTP 400");
            assert_eq!(error.message, "the response has status 400 and no message");
        }
    }
}
