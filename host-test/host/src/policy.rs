//! The destinations that the component may reach.
//!
//! The policy has two layers, because a name does not determine its addresses. [`Policy::check`]
//! allows destinations by scheme, host and port. The resolver then rejects every name that resolves
//! to a link-local address or to that of a metadata service. The second layer cannot be disabled,
//! because these addresses serve the machine's own credentials to any process on it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use http::uri::{Authority, Scheme};

pub(crate) mod address;
mod partition;

/// Bounds the refusals that are kept, because a component can make up any number of names.
const MAX_REFUSALS: usize = 64;

/// An allow-list of destinations. A request to any other destination is refused.
///
/// # Forms
///
/// | Form | Example | Allows |
/// |---|---|---|
/// | [`Policy::deny_all`] | | nothing |
/// | [`Policy::for_region`] | `eu-central-1` | the region's Lambda endpoints (standard, FIPS, dual-stack), https on port 443 |
/// | [`Policy::and_sts`] | `eu-central-1` | the region's STS endpoints, likewise |
/// | [`Policy::allow`] `HOST` | `lambda.internal` | http on port 80 and https on port 443 |
/// | [`Policy::allow`] `HOST:PORT` | `127.0.0.1:9001` | http and https on that port |
/// | [`Policy::allow`] URL | `http://[::1]:9001/base` | that scheme, host and port; the path does not count |
///
/// # Matching
///
/// - Scheme, host and port must all match. The path and the query are not compared.
/// - Host names match exactly, without regard to case. There are no wildcards and no subdomains.
/// - IP addresses match by value: `[::1]` covers `[0:0::1]`. IPv6 addresses require brackets.
/// - A port that is not written is the scheme's default: 80 for http, 443 for https.
/// - Link-local addresses and those of the clouds' metadata services are refused in every case, in
///   any notation, and so are names that resolve to one.
/// - A URI with user info (`user:password@host`) does not match any rule.
///
/// ```
/// use aws_lambda_connector_host::policy::Policy;
///
/// let policy = Policy::for_region("eu-central-1").allow("http://proxy.internal:8080")?;
/// let allows = |uri: &str| policy.check(&uri.parse().unwrap()).is_ok();
/// assert!(allows("https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions"));
/// assert!(allows("http://proxy.internal:8080/"));
///
/// assert!(!allows("https://lambda.us-east-1.amazonaws.com/"));
/// assert!(!allows("https://proxy.internal:8080/"));
/// assert_eq!(policy.refusals().len(), 2);
///
/// // Names do not cover their subdomains.
/// assert!(!allows("http://a.proxy.internal:8080/"));
///
/// // No rule can allow a link-local address.
/// let policy = Policy::deny_all().allow("169.254.169.254")?;
/// assert!(policy.check(&"http://169.254.169.254/".parse().unwrap()).is_err());
/// # Ok::<(), aws_lambda_connector_host::policy::InvalidDestination>(())
/// ```
#[derive(Debug, Default)]
pub struct Policy {
    rules: Vec<Rule>,
    refusals: Mutex<BTreeSet<Refusal>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// `None` matches http and https.
    scheme: Option<Scheme>,
    /// In lower case. An IPv6 address has no brackets.
    host: String,
    /// `None` matches the scheme's default port.
    port: Option<u16>,
}

/// A refused destination, with the reason. `Display` writes one line for a log or a person.
///
/// ```
/// use aws_lambda_connector_host::policy::{Policy, Refusal};
///
/// let policy = Policy::for_region("eu-central-1");
/// let refusal = policy.check(&"https://proxy.internal/".parse().unwrap()).unwrap_err();
/// assert_eq!(
///     refusal,
///     Refusal::NotAllowed {
///         scheme: "https".to_owned(),
///         host: "proxy.internal".to_owned(),
///         port: 443,
///     },
/// );
/// assert_eq!(policy.refusals(), [refusal]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No rule allows the destination.
    NotAllowed {
        /// The URI's scheme: `http` or `https`.
        scheme: String,
        /// The host as the component wrote it.
        host: String,
        /// The port as the component wrote it, otherwise the scheme's default.
        port: u16,
    },
    /// The host is a link-local address, that of a metadata service, or a name that resolves to one.
    /// No rule can allow it.
    LinkLocal {
        /// The host as the component wrote it.
        host: String,
    },
    /// The destination cannot be checked: its scheme, host or port is missing or invalid, or it
    /// contains user info.
    Malformed {
        /// The authority as the component wrote it, without user info.
        host: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed { scheme, host, port } => write!(
                f,
                "refused {scheme}://{host}:{port}, which is not an allowed destination; \
                 `--allow {host}:{port}` allows it"
            ),
            Self::LinkLocal { host } => write!(
                f,
                "refused {host}: it is a link-local or metadata address or resolves to one, \
                 which is never allowed"
            ),
            Self::Malformed { host } => write!(
                f,
                "refused `{host}`: a destination must be HOST or HOST:PORT, without a user name"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// The error of [`Policy::allow`] for a text that does not name a destination. Its message does not
/// repeat the text, which may contain a password.
///
/// ```
/// use aws_lambda_connector_host::policy::Policy;
///
/// let error = Policy::deny_all().allow("host/path").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the text is not a destination; write HOST, HOST:PORT, or an http or https URL without a user \
///      name",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the text is not a destination; write HOST, HOST:PORT, or an http or https URL without a user \
     name"
)]
pub struct InvalidDestination(());

impl Policy {
    /// Creates a policy that allows nothing.
    pub fn deny_all() -> Self {
        Self::default()
    }

    /// Creates a policy that allows the region's Lambda endpoints (standard, FIPS and dual-stack) by
    /// https on port 443. A text that is not a region allows nothing.
    ///
    /// ```
    /// use aws_lambda_connector_host::policy::Policy;
    ///
    /// let policy = Policy::for_region("us-east-1");
    /// let allows = |uri: &str| policy.check(&uri.parse().unwrap()).is_ok();
    /// assert!(allows("https://lambda.us-east-1.amazonaws.com/"));
    /// assert!(allows("https://lambda-fips.us-east-1.api.aws/"));
    /// assert!(!allows("http://lambda.us-east-1.amazonaws.com/"));
    /// assert!(!allows("https://sts.us-east-1.amazonaws.com/"));
    /// ```
    pub fn for_region(region: &str) -> Self {
        Self::default().and_hosts("lambda", region)
    }

    /// Also allows the region's STS endpoints. Credentials that lead to a role require them
    /// ([`needs_sts`](crate::credentials::needs_sts)), and so does
    /// [`Host::test_connection`](crate::host::Host::test_connection), which looks up the caller's
    /// identity.
    ///
    /// ```
    /// use aws_lambda_connector_host::policy::Policy;
    ///
    /// let policy = Policy::for_region("us-east-1").and_sts("us-east-1");
    /// assert!(policy.check(&"https://sts.us-east-1.amazonaws.com/".parse().unwrap()).is_ok());
    /// ```
    pub fn and_sts(self, region: &str) -> Self {
        self.and_hosts("sts", region)
    }

    fn and_hosts(mut self, service: &str, region: &str) -> Self {
        let hosts = partition::hosts(service, region);
        self.rules.extend(hosts.into_iter().map(|host| Rule {
            scheme: Some(Scheme::HTTPS),
            host,
            port: Some(443),
        }));
        self
    }

    /// Also allows one destination: `HOST`, `HOST:PORT` or a URL. See [`Policy`] for the forms and
    /// how they match.
    ///
    /// # Errors
    /// The text does not name a destination. Its host or port is missing or invalid, it has user
    /// info, its scheme is neither http nor https, or a path follows a host without a scheme.
    ///
    /// ```
    /// use aws_lambda_connector_host::policy::Policy;
    ///
    /// let policy = Policy::deny_all().allow("lambda.internal")?.allow("127.0.0.1:9001")?;
    /// let allows = |uri: &str| policy.check(&uri.parse().unwrap()).is_ok();
    /// assert!(allows("https://lambda.internal/") && allows("http://lambda.internal/"));
    /// assert!(allows("http://127.0.0.1:9001/") && !allows("http://127.0.0.1/"));
    /// assert!(Policy::deny_all().allow("ftp://lambda.internal").is_err());
    /// # Ok::<(), aws_lambda_connector_host::policy::InvalidDestination>(())
    /// ```
    pub fn allow(mut self, destination: &str) -> Result<Self, InvalidDestination> {
        let rule = Rule::parse(destination).ok_or(InvalidDestination(()))?;
        self.rules.push(rule);
        Ok(self)
    }

    /// Checks whether a request to this URI is allowed. A refusal is logged and added to
    /// [`Policy::refusals`].
    ///
    /// # Errors
    /// The [`Refusal`], if the request is not allowed.
    pub fn check(&self, uri: &Uri) -> Result<(), Refusal> {
        let verdict = self.verdict(uri);
        if let Err(refusal) = &verdict {
            self.refused(refusal.clone());
        }
        verdict
    }

    /// Returns the distinct refusals so far, at most 64, for the person who can change the policy.
    /// The component only learns that its request was denied.
    pub fn refusals(&self) -> Vec<Refusal> {
        let refusals = self.refusals.lock();
        let refusals = refusals.unwrap_or_else(PoisonError::into_inner);
        refusals.iter().cloned().collect()
    }

    /// Records an allowed name that the resolver rejected.
    pub(crate) fn refused_address(&self, uri: &Uri) {
        self.refused(Refusal::LinkLocal {
            host: uri.host().unwrap_or_default().to_owned(),
        });
    }

    fn refused(&self, refusal: Refusal) {
        tracing::warn!("{refusal}");
        let refusals = self.refusals.lock();
        let mut refusals = refusals.unwrap_or_else(PoisonError::into_inner);
        if refusals.len() < MAX_REFUSALS {
            refusals.insert(refusal);
        }
    }

    fn verdict(&self, uri: &Uri) -> Result<(), Refusal> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(Refusal::Malformed {
                host: String::new(),
            });
        };
        let name = normalized(authority.host());
        let literal: Option<IpAddr> = name.parse().ok();
        if literal.is_some_and(address::is_prohibited) {
            return Err(Refusal::LinkLocal {
                host: authority.host().to_owned(),
            });
        }
        let named = named_port(authority);
        let Some(port) = named.and_then(|port| port.or_else(|| default_port(scheme))) else {
            return Err(Refusal::Malformed {
                host: without_user_info(authority.as_str()).to_owned(),
            });
        };
        if self
            .rules
            .iter()
            .any(|rule| rule.covers(scheme, &name, port))
        {
            return Ok(());
        }
        Err(Refusal::NotAllowed {
            scheme: scheme.to_string(),
            host: authority.host().to_owned(),
            port,
        })
    }
}

impl Rule {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = match text.split_once("://") {
            None => (None, text.parse::<Authority>().ok()?),
            Some(_) => {
                let uri: Uri = text.parse().ok()?;
                (Some(uri.scheme()?.clone()), uri.authority()?.clone())
            }
        };
        let port = named_port(&authority)?;
        if authority.host().is_empty() || scheme.as_ref().is_some_and(|s| default_port(s).is_none())
        {
            return None;
        }
        Some(Self {
            scheme,
            host: normalized(authority.host()),
            port,
        })
    }

    fn covers(&self, scheme: &Scheme, host: &str, port: u16) -> bool {
        self.scheme.as_ref().is_none_or(|own| own == scheme)
            && self.host == host
            && self.port.or(default_port(scheme)) == Some(port)
    }
}

/// Returns the port that `HOST` or `HOST:PORT` names, which may be none. An authority with user info,
/// or with a port that is empty or above 65535, is rejected.
fn named_port(authority: &Authority) -> Option<Option<u16>> {
    let text = authority.as_str();
    let port = authority.port_u16();
    let is_valid = !text.contains('@') && (port.is_some() || text == authority.host());
    is_valid.then_some(port)
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

/// Returns a name in lower case, and an address in its canonical form.
fn normalized(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => bare.to_ascii_lowercase(),
    }
}

/// User info may contain a password, which messages must not repeat.
fn without_user_info(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

#[cfg(test)]
mod tests;
