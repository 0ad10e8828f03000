//! What a call ends with when what answers is slow, wrong, too much, or not Lambda. Through the
//! components, in a host, over sockets.
#![allow(clippy::duplicate_mod)] // Each test, with each component.

#[path = "."]
mod p2 {
    const COMPONENT: &str = testing::P2;
    #[path = "suite.rs"]
    mod suite;
}

#[path = "."]
mod p3 {
    const COMPONENT: &str = testing::P3;
    #[path = "suite.rs"]
    mod suite;
}
