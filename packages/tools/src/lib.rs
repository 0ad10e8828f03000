//! AWS Lambda as tools for agents: flat functions, around the connector, whose answers are text for a model.
//!
//! The connection and the allowed functions come from environment variables, so that a model neither sees the keys
//! nor chooses what they are used for. No answer contains a key.
//!
//! | Module | Contents |
//! |---|---|
//! | `invoke`, `list`, `describe` | the three tools |
//! | `failure` | the connector's errors, as text that begins with whether the function ran |
//! | `settings` | what the environment variables say |
//! | `allowed` | the names of functions, and which of them are allowed |
//! | `text` | bounded text without keys |
//! | `bindings` | generated code |
// A test fails by a panic.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod allowed;
mod bindings;
mod describe;
mod failure;
mod invoke;
mod list;
mod settings;
mod text;

use bindings::Guest;
use bindings::wasi::cli::environment::get_environment;
use settings::{Environment, Settings};

struct Tools;

impl Guest for Tools {
    fn invoke_function(name: String, payload: String) -> String {
        answer(failure::DID_NOT_RUN, |settings| {
            invoke::invoke(settings, &name, payload)
        })
    }

    fn list_functions(name_contains: String) -> String {
        answer(failure::NO_ANSWER, |settings| {
            list::list(settings, &name_contains)
        })
    }

    fn describe_function(name: String) -> String {
        answer(failure::NO_ANSWER, |settings| {
            describe::describe(settings, &name)
        })
    }
}

/// Runs a tool with the settings. `nothing_ran` begins the answer if the settings are wrong, or if the tool returns
/// a reason for which it did nothing.
fn answer(nothing_ran: &str, tool: impl FnOnce(&Settings) -> Result<String, String>) -> String {
    let environment = Environment::new(get_environment());
    let answer = Settings::new(&environment).and_then(|settings| tool(&settings));
    let answer = answer.unwrap_or_else(|reason| format!("{nothing_ran}: {reason}"));
    environment.keys().remove(&answer)
}

/// The macro exports functions by their link name, for which Rust requires `unsafe`.
#[allow(unsafe_code)]
mod exported {
    use super::Tools;

    crate::bindings::export!(Tools);
}
