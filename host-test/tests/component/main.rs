//! The built components in the reference host against the local Lambda, over real sockets: what a
//! caller relies on, by value.
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
