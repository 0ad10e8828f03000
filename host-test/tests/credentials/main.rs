//! Every kind of credentials through the components: what is sent, who is asked, and that nothing
//! secret comes out or stays behind.
#![allow(clippy::duplicate_mod)] // Each test, with each component.

mod logs;
mod signing_proxy;
#[path = "."]
mod p2 {
    const COMPONENT: &str = testing::P2;
    #[path = "suite.rs"]
    mod suite;
}

#[path = "."]
mod p3 {
    const COMPONENT: &str = testing::P3;
    mod at_once;
    #[path = "suite.rs"]
    mod suite;
}
