//! Converts WIT values to the types of the crate. Strings and bytes are moved, not copied.

use zeroize::Zeroizing;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::EndpointChoice;
use crate::bindings::exports::connectors::aws_lambda::{lambda, sessions, types};
use crate::call::connection::{Connection, Credentials};
use crate::call::delivery;
use crate::call::roles::RoleOptions;
use crate::lambda::invoke::{InvocationType, InvokeRequest, LogType, ResponseMode};
use crate::lambda::list_functions::FunctionQuery;
use crate::sessions::SessionRequest;
use crate::sts::session_policy::Scope;

impl From<types::Connection> for Connection {
    fn from(connection: types::Connection) -> Connection {
        Connection {
            region: connection.region,
            credentials: connection.credentials.into(),
            endpoint: match connection.endpoint {
                None => EndpointChoice::Standard,
                Some(types::Endpoint::Fips) => EndpointChoice::Fips,
                Some(types::Endpoint::DualStack) => EndpointChoice::DualStack,
                Some(types::Endpoint::FipsDualStack) => EndpointChoice::FipsDualStack,
                Some(types::Endpoint::Url(url)) => EndpointChoice::Url(url),
                Some(types::Endpoint::Emulator(url)) => EndpointChoice::Emulator(url),
            },
        }
    }
}

impl From<types::Credentials> for Credentials {
    fn from(credentials: types::Credentials) -> Credentials {
        match credentials {
            types::Credentials::AccessKey(key) => Credentials::AccessKey(key.into()),
            types::Credentials::SigningKey(key) => Credentials::SigningKey {
                access_key_id: key.access_key_id,
                date: key.date,
                key: Zeroizing::new(key.key),
                session_token: key.session_token.map(Secret::new),
            },
            types::Credentials::AssumeRole(roles) => Credentials::AssumeRole {
                source: roles.source.into(),
                roles: roles.roles.into_iter().map(Into::into).collect(),
            },
            types::Credentials::WebIdentity(identity) => Credentials::WebIdentity {
                token: Secret::new(identity.token),
                role: identity.role.into(),
            },
            types::Credentials::HostSigned => Credentials::HostSigned,
        }
    }
}

impl From<types::Role> for RoleOptions {
    fn from(role: types::Role) -> RoleOptions {
        RoleOptions {
            arn: role.arn,
            external_id: role.external_id.map(Secret::new),
            session_name: role.session_name,
            duration_seconds: role.duration_seconds,
        }
    }
}

impl From<types::AccessKey> for AccessKey {
    fn from(key: types::AccessKey) -> AccessKey {
        AccessKey {
            access_key_id: key.access_key_id,
            secret_access_key: Secret::new(key.secret_access_key),
            session_token: key.session_token.map(Secret::new),
        }
    }
}

impl From<types::Delivery> for delivery::Options {
    fn from(delivery: types::Delivery) -> delivery::Options {
        delivery::Options {
            max_attempts: delivery.max_attempts,
            connect_timeout_ms: delivery.connect_timeout_ms,
            response_timeout_ms: delivery.response_timeout_ms,
            idempotent: delivery.idempotent,
        }
    }
}

impl From<lambda::InvokeRequest> for InvokeRequest {
    fn from(request: lambda::InvokeRequest) -> InvokeRequest {
        InvokeRequest {
            function: request.function,
            qualifier: request.qualifier,
            invocation_type: request.invocation_type.map(|kind| match kind {
                lambda::InvocationType::RequestResponse => InvocationType::RequestResponse,
                lambda::InvocationType::Event => InvocationType::Event,
                lambda::InvocationType::DryRun => InvocationType::DryRun,
            }),
            log_type: request.log_type.map(|kind| match kind {
                lambda::LogType::None => LogType::None,
                lambda::LogType::Tail => LogType::Tail,
            }),
            client_context: request.client_context,
            payload: request.payload,
            payload_sha256: request.payload_sha256,
            payload_is_json: request.payload_is_json.unwrap_or(false),
            tenant_id: request.tenant_id,
            durable_execution_name: request.durable_execution_name,
            trace_id: request.trace_id,
            request_id: request.request_id,
            response_mode: match request.response_mode {
                None | Some(lambda::ResponseMode::Buffered) => ResponseMode::Buffered,
                Some(lambda::ResponseMode::Streamed) => ResponseMode::Streamed,
            },
            max_response_bytes: request.max_response_bytes,
            delivery: request.delivery.map(Into::into),
        }
    }
}

impl From<lambda::FunctionQuery> for FunctionQuery {
    fn from(query: lambda::FunctionQuery) -> FunctionQuery {
        FunctionQuery {
            name_contains: query.name_contains,
            all_versions: query.all_versions,
            cursor: query.cursor,
            limit: query.limit,
            delivery: query.delivery.map(Into::into),
        }
    }
}

impl From<sessions::SessionRequest> for SessionRequest {
    fn from(request: sessions::SessionRequest) -> SessionRequest {
        SessionRequest {
            scope: request.scope.map(|scope| Scope {
                functions: scope.functions,
                list_functions: scope.list_functions,
                executions: scope.executions,
            }),
            duration_seconds: request.duration_seconds,
            delivery: request.delivery.map(Into::into),
        }
    }
}
