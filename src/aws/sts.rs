//! AWS Security Token Service: the query protocol, its forms out and its XML in.

use alloc::string::String;
use alloc::vec::Vec;

use super::{uri, xml};

/// Signing name and endpoint prefix.
pub const SERVICE: &str = "sts";

/// `content-type` of every request; it is signed.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

const VERSION: &str = "2011-06-15";

/// The form of an action and its parameters, strictly percent-encoded.
pub fn form(action: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut out = String::new();
    let all = [("Action", action), ("Version", VERSION)];
    for (key, value) in all.iter().chain(parameters) {
        if !out.is_empty() {
            out.push('&');
        }
        uri::encode_into(&mut out, key);
        out.push('=');
        uri::encode_into(&mut out, value);
    }
    out.into_bytes()
}

/// As [`xml::texts`]; `None` also where the body is not UTF-8.
pub fn texts<const N: usize>(body: &[u8], paths: [&str; N]) -> Option<[Option<String>; N]> {
    xml::texts(core::str::from_utf8(body).ok()?, paths)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            String::from_utf8(body).unwrap(),
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=sess&ExternalId=ext%3Aid%2F1&DurationSeconds=900"
        );
    }

    const PATHS: [&str; 2] = [
        "GetCallerIdentityResult/Account",
        "GetCallerIdentityResult/Arn",
    ];

    fn identity(xml: &str) -> Option<[Option<String>; 2]> {
        texts(xml.as_bytes(), PATHS)
    }

    #[test]
    fn order_white_space_entities_and_unknown_elements() {
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
    fn what_is_hostile_or_no_xml_is_refused() {
        let deep = "<a>".repeat(100_000);
        let wide = alloc::format!("<R>{}</R>", "<a/>".repeat(2_000));
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
}
