//! A warning about proxies. The reference host connects directly, so a proxy in the environment has
//! no effect, and a connection that only the proxy allows fails.

use aws_types::os_shim_internal::Env;

const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Returns the warning for a connection to `host`, if a proxy is set that does not exempt it. The
/// value of the variable can contain a password, so the warning does not repeat it.
pub fn warning(env: &Env, host: &str) -> Option<String> {
    let name = PROXIES.into_iter().find(|name| var(env, name).is_some())?;
    if is_exempt(env, host) {
        return None;
    }
    Some(format!(
        "warning: {name} is set, but this program does not use proxies; it connects to {host} \
         directly; to hide this warning, add {host} to NO_PROXY"
    ))
}

/// Returns the warning for connections to hosts that are not known yet.
pub fn warning_for_any_host(env: &Env) -> Option<String> {
    let name = PROXIES.into_iter().find(|name| var(env, name).is_some())?;
    if is_exempt(env, "") {
        return None;
    }
    Some(format!(
        "warning: {name} is set, but this program does not use proxies; it connects to all hosts \
         directly; to hide this warning, set NO_PROXY to *"
    ))
}

fn var(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

/// Whether `NO_PROXY` covers the host: by `*`, by its name, or by a domain that it is in.
fn is_exempt(env: &Env, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let covers = |entry: &str| {
        let entry = entry.trim().to_ascii_lowercase();
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        // An entry may name a port, and an IPv6 address then has brackets.
        let domain = match domain
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((address, _)) => address,
            None => match domain.split_once(':') {
                Some((name, port)) if !port.contains(':') => name,
                _ => domain,
            },
        };
        let inside = |rest: &str| rest.is_empty() || rest.ends_with('.');
        entry == "*" || (!domain.is_empty() && host.strip_suffix(domain).is_some_and(inside))
    };
    ["NO_PROXY", "no_proxy"]
        .into_iter()
        .filter_map(|name| var(env, name))
        .any(|list| list.split(',').any(covers))
}

/// Returns the host that a URL names, without user info, brackets and port.
pub fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "lambda.us-east-1.amazonaws.com";

    #[test]
    fn proxy_is_named_without_its_value() {
        for name in PROXIES {
            let env = Env::from_slice(&[(name, "http://user:hunter2@proxy:3128")]);
            let text = warning(&env, HOST).unwrap();
            assert!(text.contains(name) && text.contains(HOST), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
        for vars in [&[][..], &[("HTTPS_PROXY", "")]] {
            let env = Env::from_slice(vars);
            assert_eq!(warning(&env, HOST), None, "{vars:?}");
            assert_eq!(warning_for_any_host(&env), None, "{vars:?}");
        }
        let set = ("HTTPS_PROXY", "http://user:hunter2@proxy:3128");
        for (list, warned) in [("*", false), (HOST, true), ("", true)] {
            let warning = warning_for_any_host(&Env::from_slice(&[set, ("NO_PROXY", list)]));
            assert_eq!(warning.is_some(), warned, "{list}");
            assert!(!warning.unwrap_or_default().contains("hunter2"), "{list}");
        }
    }

    #[test]
    fn exempt_host_is_not_warned_about() {
        for (list, host, exempt) in [
            ("*", HOST, true),
            (HOST, HOST, true),
            ("amazonaws.com", HOST, true),
            (".amazonaws.com", HOST, true),
            ("*.amazonaws.com", HOST, true),
            ("localhost, AmazonAWS.com:443", HOST, true),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]:9001", "::1", true),
            ("::1", "::1", true),
            ("", HOST, false),
            (",", HOST, false),
            ("aws.com", HOST, false),
            ("us-east-1", HOST, false),
            ("sub.lambda.us-east-1.amazonaws.com", HOST, false),
        ] {
            let vars = [("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", list)];
            let warned = warning(&Env::from_slice(&vars), host);
            assert_eq!(warned.is_none(), exempt, "{list}: {host}");
        }
    }

    #[test]
    fn host_of_a_url_has_no_user_info_and_no_port() {
        for (url, host) in [
            ("https://h", Some("h")),
            ("https://u:p@h:1/path", Some("h")),
            ("http://[::1]:9001/", Some("::1")),
            ("http://", None),
            ("h", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
