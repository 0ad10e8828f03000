//! `AssumeRole` and `AssumeRoleWithWebIdentity`: one step of a chain of roles.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::credentials::Signer;
use crate::aws::endpoint::STS;
use crate::aws::message::{Request, Response};
use crate::call::advice;
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error, ServiceError};
use crate::call::error_codes::is_expired;
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::roles::{Role, RoleChain, Source};
use crate::call::target::{Caller, Target};
use crate::sts::query::{self, Form};
use crate::sts::session::{self, Session};

/// The operation for one role of a chain.
#[derive(Clone, Debug)]
pub struct AssumeRole<'a> {
    role: &'a Role,
    /// The number of the step, from 1.
    step: usize,
    steps: usize,
    /// The ARN of the previous step's session.
    before: Option<&'a str>,
    web_identity: bool,
    call: Call,
    form: Form,
    output: Option<Session>,
}

impl<'a> AssumeRole<'a> {
    /// Creates the step of `chain` that assumes `role`, with its number from 1. `before` is the
    /// session of the previous step.
    pub fn new(
        chain: &'a RoleChain,
        (step, role): (usize, &'a Role),
        before: Option<&'a Session>,
        delivery: Delivery,
    ) -> AssumeRole<'a> {
        let (signer, token) = match (before, &chain.source) {
            (Some(session), _) => (Signer::AccessKey(session.keys.clone()), None),
            (None, Source::AccessKey(key)) => (Signer::AccessKey(key.clone()), None),
            (None, Source::Token(token)) => (Signer::Unsigned, Some(token.reveal())),
        };
        AssumeRole {
            role,
            step,
            steps: chain.rest.len().saturating_add(1),
            before: before.map(|session| &*session.principal),
            web_identity: token.is_some(),
            call: Call {
                target: Target {
                    region: chain.region.clone(),
                    service: STS,
                    endpoint: chain.endpoint.clone(),
                    caller: Caller::Signer(signer),
                },
                delivery,
            },
            form: form(role, token),
            output: None,
        }
    }

    fn action(&self) -> &'static str {
        if self.web_identity {
            "AssumeRoleWithWebIdentity"
        } else {
            "AssumeRole"
        }
    }

    /// The IAM action that the step needs.
    fn permission(&self) -> &'static str {
        if self.web_identity {
            "sts:AssumeRoleWithWebIdentity"
        } else {
            "sts:AssumeRole"
        }
    }

    /// Adds the role to a message, because the user knows roles and not requests.
    fn with_role(&self, message: &str) -> String {
        let arn = &self.role.arn;
        let (step, steps) = (self.step, self.steps);
        format!("assuming {arn} (role {step} of {steps}): {message}")
    }

    fn rejected(&self, mut error: ServiceError) -> Error {
        error.message = self.with_role(&error.message);
        if let Some(hint) = self.hint(&error) {
            error.hint = Some(hint);
        }
        match error.category {
            Category::AccessDenied | Category::Credentials | Category::ClockSkew => {
                Error::Unauthenticated(error)
            }
            _ => Error::Service(error),
        }
    }

    /// Returns a hint that is better than the general one: to the role's trust policy, or to the
    /// usual cause. Without an explanation, STS sends the same error for a trust policy that does not
    /// allow the caller and for a wrong external ID.
    fn hint(&self, error: &ServiceError) -> Option<String> {
        let expired = is_expired(&error.code);
        match error.category {
            Category::Credentials if self.web_identity => Some(if expired {
                "the OIDC token has expired: pass a fresh one".into()
            } else {
                "the token's issuer must be an identity provider in IAM, with the token's audience, and the token must be complete and not expired".into()
            }),
            Category::Credentials if expired && self.step == 1 => {
                Some("the temporary keys that assume the role have expired: get new ones".into())
            }
            Category::AccessDenied if error.code == "RegionDisabledException" => None,
            Category::AccessDenied => self.hint_denied(&error.message),
            _ => None,
        }
    }

    fn hint_denied(&self, message: &str) -> Option<String> {
        let (arn, permission) = (&self.role.arn, self.permission());
        // The trust policy is the resource-based policy of a role.
        let by_trust_policy = ["role trust policy", "resource-based policy"]
            .iter()
            .any(|policy| message.contains(policy));
        if by_trust_policy && message.contains("explicit deny") {
            return Some(format!(
                "the trust policy of {arn} denies the caller {permission}: remove the Deny statement or meet its condition, because an Allow does not override it"
            ));
        }
        // Another policy is the cause, and the general hint names it.
        let explained = advice::by_sentence(Category::AccessDenied, message, permission, arn);
        if explained.is_some() && !by_trust_policy {
            return explained;
        }
        if self.web_identity {
            return Some(format!(
                "the trust policy of {arn} must allow the token's issuer {permission}, and its conditions must match the token's audience and subject"
            ));
        }
        let external_id = match self.role.external_id {
            Some(_) => "check that the external ID is the one that it requires",
            None => "it may require an external ID, and none was given",
        };
        let who = self.before.unwrap_or("the owner of the access key");
        Some(format!(
            "the trust policy of {arn} must allow {permission} to {who}; {external_id}; and a policy of the caller must allow {permission} on the role"
        ))
    }
}

fn form(role: &Role, token: Option<&str>) -> Form {
    let seconds = role.duration_seconds.map(|seconds| seconds.to_string());
    let mut parameters = Vec::with_capacity(6);
    parameters.push(("RoleArn", &*role.arn));
    parameters.push(("RoleSessionName", &*role.session_name));
    parameters.extend(role.policy.as_deref().map(|policy| ("Policy", policy)));
    parameters.extend(token.map(|token| ("WebIdentityToken", token)));
    parameters.extend(
        role.external_id
            .as_ref()
            .map(|id| ("ExternalId", id.reveal())),
    );
    parameters.extend(seconds.as_deref().map(|text| ("DurationSeconds", text)));
    let action = match token {
        Some(_) => "AssumeRoleWithWebIdentity",
        None => "AssumeRole",
    };
    query::form(action, &parameters)
}

impl Exchange for AssumeRole<'_> {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        query::request(&self.call.target.endpoint, &self.form)
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.status != 200 {
            let context = RequestContext {
                action: self.permission(),
                resource: self.role.arn.clone(),
                effect: Effect::Read,
                attempts,
            };
            return Err(match query::read_error(&response, &context) {
                Error::Unauthenticated(error) | Error::Service(error) => self.rejected(error),
                other => other,
            });
        }
        let describe = |message: &str| self.with_role(message);
        let session = session::read(
            self.action(),
            "AssumedRoleUser/Arn",
            &response,
            attempts,
            describe,
        )?;
        self.output = Some(session);
        Ok(())
    }

    fn annotate_error(&self, error: &mut Error) {
        session::describe_transport_error(error, |message| self.with_role(message));
    }
}

impl Operation for AssumeRole<'_> {
    type Output = Session;

    fn take_output(&mut self) -> Option<Session> {
        self.output.take()
    }
}

#[cfg(test)]
mod tests;
