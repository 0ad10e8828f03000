//! The code that the command line and the studio share (JSON forms of the contract's values), and
//! the studio itself.

pub mod json;
pub mod studio;
