//! Checks the origin of a request. The server listens on the loopback interface, but every web page
//! that the user opens also runs on this machine. Such a page could point its own name at 127.0.0.1
//! (DNS rebinding) or post a form here (CSRF). Browsers reveal both in headers that pages cannot
//! set.

use http::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The reason for rejecting a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("the header Host names another server; open the page by the address that was printed")]
    Host,
    #[error("the request comes from a page of another origin")]
    Origin,
    #[error("the body must be of type application/json")]
    ContentType,
}

impl Refused {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

/// Accepts a request only from the page itself or from a program other than a browser.
pub(super) fn check(request: &Parts, port: u16) -> Result<(), Refused> {
    let ours = |authority: &str| is_ours(authority, port);
    if !only(&request.headers, &HOST).is_some_and(ours)
        || !request
            .uri
            .authority()
            .map(Authority::as_str)
            .is_none_or(ours)
    {
        return Err(Refused::Host);
    }
    let origin_is_ours = |origin: &str| origin.strip_prefix("http://").is_some_and(ours);
    if request.headers.contains_key(ORIGIN)
        && !only(&request.headers, &ORIGIN).is_some_and(origin_is_ours)
    {
        return Err(Refused::Origin);
    }
    // A link on another site may open the page, but it may not request the API.
    if request.uri.path().starts_with("/api/")
        && request.headers.contains_key(SEC_FETCH_SITE)
        && !matches!(
            only(&request.headers, &SEC_FETCH_SITE),
            Some("same-origin" | "none")
        )
    {
        return Err(Refused::Origin);
    }
    // A form cannot send this content type. A script of another site must send a preflight request
    // first.
    if request.method == Method::POST && !only(&request.headers, &CONTENT_TYPE).is_some_and(is_json)
    {
        return Err(Refused::ContentType);
    }
    Ok(())
}

fn is_ours(authority: &str, port: u16) -> bool {
    ["127.0.0.1", "localhost"].iter().any(|host| {
        let rest = authority.strip_prefix(host);
        // Browsers omit the default port of the scheme.
        rest.is_some_and(|rest| rest == format!(":{port}") || (port == 80 && rest.is_empty()))
    })
}

fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Returns the value of a header that occurs exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn verdict(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), Refused> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0, 8080)
    }

    #[test]
    fn host_header_must_be_an_own_name() {
        for host in ["127.0.0.1:8080", "localhost:8080"] {
            assert_eq!(verdict("GET", "/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:8081",
            "127.0.0.1:80801",
            "localhost.evil.example:8080",
            "evil.example",
            "evil.example:8080",
            "user@127.0.0.1:8080",
            "",
        ] {
            let refused = verdict("GET", "/", &[("host", host)]);
            assert_eq!(refused, Err(Refused::Host), "{host}");
        }
        assert_eq!(verdict("GET", "/", &[]), Err(Refused::Host));
        let two = [("host", "127.0.0.1:8080"), ("host", "evil.example")];
        assert_eq!(verdict("GET", "/", &two), Err(Refused::Host));
        let absolute = verdict("GET", "http://evil.example/", &[("host", "127.0.0.1:8080")]);
        assert_eq!(absolute, Err(Refused::Host));
    }

    #[test]
    fn port_80_may_be_omitted() {
        assert!(is_ours("127.0.0.1", 80) && is_ours("localhost:80", 80));
        assert!(!is_ours("127.0.0.1", 8080));
    }

    #[test]
    fn foreign_origin_is_rejected() {
        let from = |name, value| {
            verdict(
                "POST",
                "/api/run",
                &[
                    ("host", "127.0.0.1:8080"),
                    ("content-type", "application/json"),
                    (name, value),
                ],
            )
        };
        assert_eq!(from("origin", "http://127.0.0.1:8080"), Ok(()));
        assert_eq!(from("origin", "http://localhost:8080"), Ok(()));
        assert_eq!(from("sec-fetch-site", "same-origin"), Ok(()));
        for origin in [
            "null",
            "http://evil.example",
            "https://127.0.0.1:8080",
            "http://127.0.0.1:8081",
            "http://127.0.0.1:8080.evil.example",
        ] {
            assert_eq!(from("origin", origin), Err(Refused::Origin), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(from("sec-fetch-site", site), Err(Refused::Origin), "{site}");
        }
    }

    #[test]
    fn body_must_be_json() {
        let of = |kind| {
            let headers = [("host", "localhost:8080"), ("content-type", kind)];
            verdict("POST", "/api/run", &headers)
        };
        assert_eq!(of("application/json"), Ok(()));
        assert_eq!(of("application/json; charset=utf-8"), Ok(()));
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
        ] {
            assert_eq!(of(kind), Err(Refused::ContentType), "{kind}");
        }
        let without = verdict("POST", "/api/run", &[("host", "localhost:8080")]);
        assert_eq!(without, Err(Refused::ContentType));
    }
}
