//! Who sent a response, and what a foreign one proves.

use super::*;
use crate::aws::endpoint::{EndpointChoice, LAMBDA, resolve};
use crate::testing::{answer, assert_contains};

const PAGE: &str = "<!DOCTYPE html><html>Sign in</html>";

fn endpoint(choice: EndpointChoice) -> Endpoint {
    resolve(LAMBDA, "eu-central-1", &choice).unwrap()
}

fn aws() -> Endpoint {
    endpoint(EndpointChoice::Standard)
}

fn url() -> Endpoint {
    endpoint(EndpointChoice::Url("https://proxy.example".into()))
}

fn emulator() -> Endpoint {
    endpoint(EndpointChoice::Emulator("http://127.0.0.1:9000".into()))
}

#[test]
fn response_with_a_request_id_is_from_aws_at_any_endpoint() {
    let response = answer(502, &[("X-Amzn-RequestId", "8f5e")], PAGE);
    for endpoint in [aws(), url(), emulator()] {
        assert_eq!(of(&response, &endpoint, LAMBDA), Origin::Aws);
    }
}

#[test]
fn response_without_a_request_id_is_accepted_only_from_an_emulator() {
    let html = [("content-type", "text/html; charset=utf-8")];
    let xhtml = [("content-type", "Application/XHTML+xml")];
    let json = [("content-type", "application/json")];
    for (status, headers, body, from_emulator) in [
        (200, &json[..], "{}", true),
        (200, &[], "", true),
        (200, &[], "{}", true),
        (202, &[], "", true),
        (204, &[], "", true),
        (404, &json, "{}", true),
        (502, &html, PAGE, true),
        (200, &html, "{}", false),
        (200, &xhtml, "{}", false),
        (200, &[], PAGE, false),
        (200, &[], " \n<HTML>", false),
        (200, &[("x-amzn-requestid", " ")], PAGE, false),
    ] {
        let response = answer(status, headers, body);
        for endpoint in [aws(), url()] {
            assert_eq!(of(&response, &endpoint, LAMBDA), Origin::Other, "{status}");
        }
        let expected = if from_emulator {
            Origin::Emulator
        } else {
            Origin::Other
        };
        assert_eq!(of(&response, &emulator(), LAMBDA), expected, "{body}");
    }
}

#[test]
fn request_id_in_the_xml_counts_for_sts_only() {
    let xml = "<R><ResponseMetadata><RequestId>8f5e</RequestId></ResponseMetadata></R>";
    assert_eq!(of(&answer(200, &[], xml), &aws(), STS), Origin::Aws);
    assert_eq!(of(&answer(200, &[], xml), &aws(), LAMBDA), Origin::Other);
    for foreign in ["<R/>", "<html><body>Sign in</body></html>"] {
        assert_eq!(of(&answer(200, &[], foreign), &aws(), STS), Origin::Other);
    }
}

#[test]
fn web_page_is_an_emulators_only_as_an_error() {
    let page = |status| of(&answer(status, &[], "<html>"), &emulator(), LAMBDA);
    assert_eq!(page(200), Origin::Other);
    assert_eq!(page(299), Origin::Other);
    for status in [300, 404, 500] {
        assert_eq!(page(status), Origin::Emulator, "{status}");
    }
}

#[test]
fn foreign_response_proves_nothing_unless_its_status_refuses_to_forward() {
    const REFUSALS: [u16; 9] = [407, 411, 413, 414, 417, 421, 431, 505, 511];
    for status in 100..1_000 {
        let refused = REFUSALS.contains(&status);
        for effect in [Effect::Run, Effect::Change, Effect::DryRun] {
            let proof = executed(status, effect);
            assert_eq!(proof == Executed::No, refused, "{status} {effect:?}");
            assert_ne!(proof, Executed::Yes, "{status} {effect:?}");
        }
        assert_eq!(executed(status, Effect::Read), Executed::No, "{status}");
    }
}

#[test]
fn error_names_the_status_the_server_and_the_content_type() {
    let headers = [("Server", "envoy"), ("Content-Type", "text/plain")];
    let response = answer(408, &headers, "stream timeout");
    let error = not_lambda(&response, &url(), Effect::Run, 2);
    assert_eq!(
        error,
        TransportError {
            kind: TransportKind::NotLambda,
            message: "the response has status 408, server `envoy`, content type `text/plain` and no x-amzn-RequestId, which AWS always sends: a gateway gave up waiting, and the request may be upstream: raise its timeout above the function's; the function may have run".into(),
            executed: Executed::Unknown,
            request_id: None,
            attempts: 2,
            transient: true,
        }
    );
}

#[test]
fn error_of_a_change_does_not_speak_of_a_function() {
    for status in [200, 400, 408, 504, 520] {
        let error = not_lambda(&answer(status, &[], PAGE), &url(), Effect::Change, 1);
        assert_eq!(error.executed, Executed::Unknown);
        assert!(!error.message.contains("function"), "{}", error.message);
    }
    let refused = not_lambda(&answer(413, &[], PAGE), &url(), Effect::Change, 1);
    assert_eq!(refused.executed, Executed::No);
}

#[test]
fn advice_depends_on_the_status_and_the_endpoint() {
    for (endpoint, status, advice, transient) in [
        (url(), 101, "a proxy or gateway responded", false),
        (
            url(),
            200,
            "a local emulator needs the endpoint `emulator`",
            false,
        ),
        (url(), 302, "redirects are not followed", false),
        (url(), 400, "a proxy or gateway responded", false),
        (url(), 407, "a proxy requires authentication", false),
        (url(), 413, "a gateway limits the size of requests", false),
        (url(), 429, "a proxy or gateway responded", true),
        (url(), 503, "could not get a response from Lambda", true),
        (url(), 504, "a gateway gave up waiting", true),
        (url(), 505, "could not get a response from Lambda", false),
        (emulator(), 200, "127.0.0.1:9000 serves a web page", false),
    ] {
        let error = not_lambda(&answer(status, &[], PAGE), &endpoint, Effect::Run, 1);
        assert_contains(&error.message, [advice]);
        assert_eq!(error.transient, transient, "{status}");
        let in_doubt = error.message.ends_with("; the function may have run");
        assert_eq!(in_doubt, error.executed == Executed::Unknown, "{status}");
    }
}

#[test]
fn foreign_headers_are_quoted_briefly_and_in_ascii() {
    let value = format!("a\u{202e}\u{7}{}", "x".repeat(100));
    let error = not_lambda(
        &answer(400, &[("server", &value)], ""),
        &aws(),
        Effect::Run,
        1,
    );
    let quoted = format!("server `a??{}…`", "x".repeat(61));
    assert_contains(&error.message, [&*quoted]);
}
