//! What the component may reach.
//!
//! Two layers, because a name says nothing about where it leads: destinations are allowed by
//! scheme, name and port ([`Policy::check`]), and every address that a name resolves to is held
//! against the link-local ones by the resolver. The second layer cannot be switched off:
//! link-local addresses serve the machine's own credentials to whoever asks.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use http::uri::{Authority, Scheme};

pub(crate) mod address;
mod partition;

/// More distinct refusals than this are not remembered: a component could invent names for ever.
const MAX_REFUSALS: usize = 64;

/// The destinations that one caller's component may reach. Nothing else is.
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
/// // No rule can allow these.
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
    /// `None`: http or https.
    scheme: Option<Scheme>,
    /// In lower case, an IPv6 address without its brackets.
    host: String,
    /// `None`: the scheme's own port.
    port: Option<u16>,
}

/// A destination that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No rule names it.
    NotAllowed {
        /// `http` or `https`.
        scheme: String,
        /// As the component wrote it.
        host: String,
        /// As the component wrote it, else the scheme's own.
        port: u16,
    },
    /// It is, or resolves to, a link-local address. No rule can allow that.
    LinkLocal {
        /// As the component wrote it.
        host: String,
    },
    /// Not an authority that can be checked: user info, or no host at all.
    Malformed {
        /// As the component wrote it, without user info.
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
                "refused {host}: it is a link-local address or resolves to one, \
                 which is never allowed"
            ),
            Self::Malformed { host } => write!(
                f,
                "refused `{host}`: a destination is HOST or HOST:PORT, without user name"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// A text that does not name a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a destination; write HOST, HOST:PORT or a URL of either")]
pub struct InvalidDestination {
    text: String,
}

impl Policy {
    /// Allows nothing.
    pub fn deny_all() -> Self {
        Self::default()
    }

    /// Allows the region's Lambda endpoints, standard, FIPS and dual-stack, by https on port 443.
    /// A text that is not a region allows nothing.
    pub fn for_region(region: &str) -> Self {
        Self::default().and_hosts("lambda", region)
    }

    /// Allows the region's STS endpoints as well, for credentials that lead to a role
    /// ([`needs_sts`](crate::credentials::needs_sts)) and for
    /// [`Host::test_connection`](crate::host::Host::test_connection), which asks who is calling.
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

    /// Allows one more destination: `HOST[:PORT]` by http and https, or a URL, of which scheme,
    /// host and port count. Without a port it is the scheme's own. IPv6 addresses stand in
    /// brackets.
    ///
    /// # Errors
    /// The text does not name a destination.
    pub fn allow(mut self, destination: &str) -> Result<Self, InvalidDestination> {
        let rule = Rule::parse(destination).ok_or_else(|| InvalidDestination {
            text: without_user_info(destination).to_owned(),
        })?;
        self.rules.push(rule);
        Ok(self)
    }

    /// Whether a request to this URI may leave. A refusal is also remembered, see
    /// [`Policy::refusals`], and logged.
    ///
    /// # Errors
    /// It may not; says why.
    pub fn check(&self, uri: &Uri) -> Result<(), Refusal> {
        let verdict = self.verdict(uri);
        if let Err(refusal) = &verdict {
            self.refused(refusal.clone());
        }
        verdict
    }

    /// Everything refused under this policy so far, each destination once, for the person who
    /// can change it: the component only learns that it was denied.
    pub fn refusals(&self) -> Vec<Refusal> {
        let refusals = self.refusals.lock();
        let refusals = refusals.unwrap_or_else(PoisonError::into_inner);
        refusals.iter().cloned().collect()
    }

    /// Records what the resolver found behind an allowed name.
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
        if literal.is_some_and(address::is_link_local) {
            return Err(Refusal::LinkLocal {
                host: authority.host().to_owned(),
            });
        }
        let port = match authority.port() {
            // `host:` and ports above 65535.
            None if authority.as_str() != authority.host() => None,
            None => default_port(scheme),
            Some(port) => Some(port.as_u16()),
        };
        let Some(port) = port else {
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
        let has_port = authority.as_str() != authority.host();
        if has_port && authority.port().is_none()
            || authority.as_str().contains('@')
            || authority.host().is_empty()
            || scheme.as_ref().is_some_and(|s| default_port(s).is_none())
        {
            return None;
        }
        Some(Self {
            scheme,
            host: normalized(authority.host()),
            port: authority.port_u16(),
        })
    }

    fn covers(&self, scheme: &Scheme, host: &str, port: u16) -> bool {
        self.scheme.as_ref().is_none_or(|own| own == scheme)
            && self.host == host
            && self.port.or(default_port(scheme)) == Some(port)
    }
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

/// Names in lower case; addresses in the one form that `IpAddr` writes.
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

/// User info may hold a password, which no message repeats.
fn without_user_info(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

#[cfg(test)]
mod tests;
