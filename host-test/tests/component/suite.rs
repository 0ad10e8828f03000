//! One of the components.

use super::COMPONENT;

mod cards;
mod describe;
mod embedding;
mod endpoints;
mod errors;
mod invoking;
mod listing;
mod payloads;
mod support;
