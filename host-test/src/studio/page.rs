//! The files of the page, embedded in the program, and the security headers.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

/// The path, content type and text of every file.
const FILES: [(&str, &str, &str); 10] = [
    ("/", HTML, include_str!("page/index.html")),
    (
        "/style.css",
        "text/css; charset=utf-8",
        include_str!("page/style.css"),
    ),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/app.js", SCRIPT, include_str!("page/app.js")),
    ("/form.js", SCRIPT, include_str!("page/form.js")),
    ("/controls.js", SCRIPT, include_str!("page/controls.js")),
    ("/growth.js", SCRIPT, include_str!("page/growth.js")),
    ("/results.js", SCRIPT, include_str!("page/results.js")),
    ("/history.js", SCRIPT, include_str!("page/history.js")),
    ("/json.js", SCRIPT, include_str!("page/json.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page cannot load from, send to, or be framed by other origins, and inline scripts are
/// blocked.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Returns the content type and text of the file at a path.
pub(super) fn file(path: &str) -> Option<(&'static str, &'static str)> {
    let file = FILES.iter().find(|(at, ..)| *at == path);
    file.map(|(_, kind, text)| (*kind, *text))
}

/// Adds the headers that every response carries.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}
