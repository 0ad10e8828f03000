//! What the command line and the studio share: the contract's values as JSON and as words; and the
//! studio.

pub mod json;
pub mod studio;
