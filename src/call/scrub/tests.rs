//! Every form in which a secret can come back.

use super::*;
use crate::aws::uri;

const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3Qt+MSJHMEUCIQDtoken==";

fn scrubbed(secret: &str, text: &str) -> String {
    let mut text = text.to_owned();
    Secrets::new([secret].into_iter()).scrub(&mut text);
    text
}

#[test]
fn whole_secret_is_replaced_wherever_it_is() {
    for (text, clean) in [
        (TOKEN.to_owned(), "…"),
        (format!("token {TOKEN}, once"), "token …, once"),
        (format!("{TOKEN}{TOKEN}"), "……"),
        (format!("é{TOKEN}é {TOKEN}\u{202e}"), "é…é …\u{202e}"),
    ] {
        assert_eq!(scrubbed(TOKEN, &text), clean);
    }
}

#[test]
fn encoded_secret_is_replaced() {
    let mut percent = String::new();
    uri::encode_into(&mut percent, TOKEN);
    let mut twice = String::new();
    uri::encode_into(&mut twice, &percent);
    let lower = percent.replace("%2F", "%2f");
    let xml = TOKEN.replace('/', "&#x2F;").replace('=', "&#61;");
    let json = TOKEN.replace('/', "\\/").replace('+', "\\u002B");
    let (a, b) = TOKEN.split_at(30);
    let wrapped = format!("{a}\r\n  {b}");
    for text in [percent, twice, lower, xml, json, wrapped] {
        assert_eq!(scrubbed(TOKEN, &format!("<{text}>")), "<…>", "{text}");
    }
    let signed = "a&b<c>d\"e'f-0123456789";
    let escaped = "a&amp;b&lt;c&gt;d&quot;e&apos;f-0123456789";
    assert_eq!(scrubbed(signed, escaped), "…");
}

#[test]
fn secret_that_contains_an_escape_is_replaced() {
    for secret in [
        "InvalidRuntim%2e%2eeException",
        "0123456789&amp;abcdef",
        "0123456789\\/abcdefgh",
    ] {
        assert_eq!(scrubbed(secret, &format!("<{secret}> {secret}")), "<…> …");
    }
}

#[test]
fn piece_of_a_secret_is_replaced() {
    for start in 0..TOKEN.len() - 2 * MIN_SECRET {
        let piece = &TOKEN[start..start + 2 * MIN_SECRET - 1];
        assert_eq!(scrubbed(TOKEN, &format!("[{piece}]")), "[…]", "{start}");
    }
    let ends = [&TOKEN[..MIN_SECRET], &TOKEN[TOKEN.len() - MIN_SECRET..]];
    for end in ends {
        assert_eq!(scrubbed(TOKEN, end), "…");
    }
}

#[test]
fn short_secret_is_not_searched_for() {
    assert_eq!(scrubbed("test", "my-test-fn"), "my-test-fn");
    let fifteen = "0123456789abcde";
    assert_eq!(scrubbed(fifteen, fifteen), fifteen);
    assert_eq!(scrubbed("0123456789abcdef", "<0123456789abcdef>"), "<…>");
}

#[test]
fn text_without_a_secret_is_unchanged() {
    for text in [
        "",
        "100% of 5 &c. \\",
        "%zz &#999; &#x; &unknown; \\uD800 %2",
        &TOKEN[..MIN_SECRET - 1],
        "Credential=AKIDEXAMPLE/20261128/us-east-1/lambda/aws4_request",
    ] {
        assert_eq!(scrubbed(TOKEN, text), text);
    }
}

#[test]
fn longer_text_than_is_searched_is_cut_off() {
    let text = format!("{}{TOKEN}", "é".repeat(MAX_TEXT / 2));
    let clean = scrubbed(TOKEN, &text);
    assert_eq!(clean, format!("{}…", "é".repeat(MAX_TEXT / 2)));
    let longest = "x".repeat(MAX_TEXT);
    assert_eq!(scrubbed(TOKEN, &longest), longest);
    assert_eq!(
        scrubbed(TOKEN, &format!("{longest}x")),
        format!("{longest}…")
    );
}

/// Only `\/` stands for a slash.
#[test]
fn other_escape_does_not_stand_for_a_slash() {
    let secret = "wJalrXUt/nFEMIK7";
    assert_eq!(scrubbed(secret, r"wJalrXUt\/nFEMIK7"), "…");
    for text in [r"wJalrXUt\nFEMIK7", r"wJalrXUt\bnFEMIK7"] {
        assert_eq!(scrubbed(secret, text), text);
    }
}
