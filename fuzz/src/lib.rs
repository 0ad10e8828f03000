//! What the targets share: scripted calls and responses, and checks of requests and results.

pub mod call;
pub mod evidence;
pub mod script;
pub mod signature;
pub mod transport;
pub mod verdict;

/// The secrets of every call. No output may contain any of them.
pub mod secrets {
    /// The secret access key.
    pub const KEY: &str = "wJalrXUtnFEMI+K7MDENG+planted+secretKEY";
    /// The access key's session token.
    pub const TOKEN: &str = "IQoJb3JpZ2luX2VjEPLANTEDtoken++++wEaCXVzLWVhc3QtMSJ";
    /// The OIDC token of a web identity.
    pub const OIDC: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted";
    /// A signing key in the format of a form.
    pub const SIGNING_KEY: &str =
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
    /// All of them.
    pub const ALL: [&str; 4] = [KEY, TOKEN, OIDC, SIGNING_KEY];
    /// The prefix of the keys of role sessions, which are generated during a call.
    pub const SESSION_PREFIX: &str = "planted+of+session+";

    /// Whether an input contains a secret. libFuzzer learns texts from comparisons, but a real
    /// endpoint does not know a secret that was not sent to it.
    pub fn are_known(input: &[u8]) -> bool {
        let known = |secret: &str| memchr::memmem::find(input, secret.as_bytes()).is_some();
        ALL.into_iter().chain([SESSION_PREFIX]).any(known)
    }
}
