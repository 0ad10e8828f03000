//! STS `AssumeRole` and `AssumeRoleWithWebIdentity`: one step on the way to a role's temporary
//! keys.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::aws::credentials::{AccessKey, Secret, Signer};
use crate::aws::endpoint::STS;
use crate::aws::message::{Request, Response};
use crate::aws::time;
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error, Executed, ServiceError, TransportKind};
use crate::call::error_codes::is_expired;
use crate::call::error_response::RequestContext;
use crate::call::keys::check_key;
use crate::call::operation::{Call, Exchange, Operation};
use crate::call::roles::{Role, RoleChain, Source};
use crate::call::target::{Caller, Target};
use crate::sts::query;

/// A role's temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// With a session token.
    pub keys: AccessKey,
    /// When they end, seconds since 1970-01-01 00:00 UTC.
    pub expires: u64,
    /// ARN of the assumed role's session.
    pub principal: String,
}

/// One step, ready to be asked for.
#[derive(Clone, Debug)]
pub struct AssumeRole<'a> {
    role: &'a Role,
    /// From 1.
    step: usize,
    steps: usize,
    /// The session of the step before.
    before: Option<&'a str>,
    web_identity: bool,
    call: Call,
    /// It may hold an OIDC token.
    form: Zeroizing<Vec<u8>>,
    output: Option<Session>,
}

impl<'a> AssumeRole<'a> {
    /// The step of `chain` that leads to `role`, counted from 1. `before` is the session that the
    /// step before led to.
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
            form: Zeroizing::new(form(role, token)),
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

    /// Says which role of which was asked for: the user knows roles, not requests.
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

    /// What is usually wrong. STS answers a missing trust and a wrong external ID alike.
    fn hint(&self, error: &ServiceError) -> Option<String> {
        let arn = &self.role.arn;
        let expired = is_expired(&error.code);
        match error.category {
            Category::Credentials if self.web_identity => Some(if expired {
                "the OIDC token has expired: pass a fresh one".into()
            } else {
                "IAM must know the token's issuer as an identity provider, with the token's audience; and the token must be whole and not expired".into()
            }),
            Category::Credentials if expired && self.step == 1 => {
                Some("the temporary keys that assume the role have expired: get new ones".into())
            }
            Category::AccessDenied if error.code == "RegionDisabledException" => None,
            Category::AccessDenied if self.web_identity => Some(format!(
                "the trust policy of {arn} must allow sts:AssumeRoleWithWebIdentity to the token's issuer, and its conditions must match the token's audience and subject"
            )),
            Category::AccessDenied => {
                let external_id = match self.role.external_id {
                    Some(_) => "check that the external ID is the one that it demands",
                    None => "it may demand an external ID, and none was given",
                };
                let who = self.before.unwrap_or("the owner of the access key");
                Some(format!(
                    "the trust policy of {arn} must allow sts:AssumeRole to {who}; {external_id}; and a policy of the caller's must allow sts:AssumeRole on the role"
                ))
            }
            _ => None,
        }
    }
}

fn form(role: &Role, token: Option<&str>) -> Vec<u8> {
    let seconds = role.duration_seconds.map(|seconds| seconds.to_string());
    let mut parameters = Vec::with_capacity(5);
    parameters.push(("RoleArn", &*role.arn));
    parameters.push(("RoleSessionName", &*role.session_name));
    parameters.extend(token.map(|token| ("WebIdentityToken", token)));
    parameters.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
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
                action: "sts:AssumeRole",
                resource: self.role.arn.clone(),
                runs_function: false,
                attempts,
            };
            return Err(match query::read_error(&response, &context) {
                Error::Unauthenticated(error) | Error::Service(error) => self.rejected(error),
                other => other,
            });
        }
        let Some(session) = session(self.action(), &response.body) else {
            return Err(Error::malformed(
                self.with_role("the answer is not the XML with which STS hands out keys: check the endpoint and any proxy on the way"),
                Executed::No,
                attempts,
            ));
        };
        self.output = Some(session);
        Ok(())
    }

    fn annotate_error(&self, error: &mut Error) {
        if let Error::Transport(error) = error
            && error.kind != TransportKind::Malformed
        {
            error.message = self.with_role(&error.message);
        }
    }
}

impl Operation for AssumeRole<'_> {
    type Output = Session;

    fn take_output(&mut self) -> Option<Session> {
        self.output.take()
    }
}

fn session(action: &str, body: &[u8]) -> Option<Session> {
    let result = format!("{action}Result");
    let paths = [
        "Credentials/AccessKeyId",
        "Credentials/SecretAccessKey",
        "Credentials/SessionToken",
        "Credentials/Expiration",
        "AssumedRoleUser/Arn",
    ]
    .map(|path| format!("{result}/{path}"));
    let [id, secret, token, expiration, principal] =
        query::texts(body, paths.each_ref().map(|path| &**path))?;
    // Wrapped before anything can fail: what is thrown away is wiped.
    let (secret, token) = (secret.map(Secret::new)?, token.map(Secret::new)?);
    let keys = AccessKey {
        access_key_id: id?,
        secret_access_key: secret,
        session_token: Some(token),
    };
    let keys = check_key(format_args!(""), keys).ok()?;
    // An empty one is none, which a user's key may have and a session's may not.
    keys.session_token.as_ref()?;
    Some(Session {
        keys,
        expires: time::parse_iso8601(&expiration?)?,
        principal: principal?,
    })
}

#[cfg(test)]
mod tests;
