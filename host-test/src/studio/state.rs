//! State that all requests share.

use aws_lambda_connector_host::caller::{ScopeMode, SessionCache};
use aws_lambda_connector_host::host::Host;

use super::connection::Defaults;

pub(super) struct State {
    pub host: Host,
    pub port: u16,
    pub allow: Vec<String>,
    pub defaults: Defaults,
    pub scope: ScopeMode,
    pub sessions: SessionCache,
}
