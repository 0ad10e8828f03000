//! What the targets share: a script for whoever answers, and a check of what is sent to them.

pub mod call;
pub mod script;
pub mod signature;
pub mod transport;
pub mod verdict;

/// Planted where a call's secrets stand. None may ever be shown.
pub mod secrets {
    /// Of the access key.
    pub const KEY: &str = "wJalrXUtnFEMI+K7MDENG+planted+secretKEY";
    /// Its session token.
    pub const TOKEN: &str = "IQoJb3JpZ2luX2VjEPLANTEDtoken++++wEaCXVzLWVhc3QtMSJ";
    /// A web identity's token.
    pub const OIDC: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted";
    /// A signing key, as a form has it.
    pub const SIGNING_KEY: &str =
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
    /// All of them.
    pub const ALL: [&str; 4] = [KEY, TOKEN, OIDC, SIGNING_KEY];
    /// How those of a role's session begin, which are made up while a call lasts.
    pub const OF_SESSION: &str = "planted+of+session+";

    /// Whether an input holds one, in the open: libFuzzer learns texts from comparisons, and who
    /// answers does not know them unless they were sent.
    pub fn are_known(input: &[u8]) -> bool {
        let known = |secret: &str| memchr::memmem::find(input, secret.as_bytes()).is_some();
        ALL.into_iter().chain([OF_SESSION]).any(known)
    }
}
