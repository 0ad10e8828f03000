//! What a session may do: the scope as the caller gave it, and the IAM policy that limits temporary
//! keys to it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::endpoint;
use crate::call::error::Error;
use crate::call::target::RegionHint;
use crate::lambda::function_name::FunctionName;

/// The interface's `sessions.scope`, unchecked. The interface documents its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Scope {
    pub functions: Vec<String>,
    pub list_functions: bool,
    pub executions: bool,
}

/// A checked scope, which allows at least one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    functions: Vec<FunctionName>,
    list_functions: bool,
    executions: bool,
}

const FUNCTIONS: &str = "request.scope.functions";

/// The most characters of a session policy. STS may reject a shorter one, because it also limits the
/// packed form.
const POLICY_LIMIT: usize = 2_048;

/// The most characters of a session's description in CloudTrail.
const DESCRIPTION_LIMIT: usize = 256;

const INVOKE: &str = "\"lambda:InvokeFunction\"";
/// IAM authorizes all but the listing on the execution, whose ARN begins with that of the function's
/// version: an unqualified ARN does not match it.
const EXECUTIONS: &str = "\"lambda:GetDurableExecution\",\"lambda:GetDurableExecutionHistory\",\"lambda:ListDurableExecutionsByFunction\",\"lambda:StopDurableExecution\",\"lambda:SendDurableExecutionCallbackSuccess\",\"lambda:SendDurableExecutionCallbackFailure\",\"lambda:SendDurableExecutionCallbackHeartbeat\"";
/// `ListFunctions` has no resource, and the other two follow a choice among all functions.
const LIST: &str = r#"{"Effect":"Allow","Action":["lambda:ListFunctions","lambda:ListAliases","lambda:ListVersionsByFunction"],"Resource":"*"}"#;

impl SessionPolicy {
    /// Checks a scope.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(scope: &Scope) -> Result<SessionPolicy, Error> {
        let functions = (0_usize..).zip(&scope.functions);
        let functions: Vec<_> = functions
            .map(|(at, name)| FunctionName::parse(&format!("{FUNCTIONS}[{at}]"), name))
            .collect::<Result<_, _>>()?;
        if functions.is_empty() && scope.executions {
            return Err(Error::invalid(
                FUNCTIONS,
                "it is empty, but `executions` allows only the executions of these functions: name at least one",
            ));
        }
        if functions.is_empty() && !scope.list_functions {
            return Err(Error::invalid(
                "request.scope",
                "it allows nothing: name at least one function, or allow `list-functions`",
            ));
        }
        Ok(SessionPolicy {
            functions,
            list_functions: scope.list_functions,
            executions: scope.executions,
        })
    }

    /// Returns the region of the first function whose name contains one.
    pub fn region_hint(&self) -> Option<RegionHint<'_>> {
        let mut functions = self.functions.iter();
        functions.find_map(|function| function.region_hint(FUNCTIONS))
    }

    /// Whether a function's name lacks the account, so that the caller's own is part of the policy.
    pub fn needs_account(&self) -> bool {
        let mut functions = self.functions.iter();
        functions.any(|function| function.account().is_none())
    }

    /// Returns the policy as JSON. `region` and `account` complete the names that lack them.
    ///
    /// # Errors
    /// `invalid-input` for a function of another partition than the region's, and for more functions
    /// than fit into a policy.
    pub fn json(&self, region: &str, account: &str) -> Result<String, Error> {
        let mut arns = Vec::new();
        for (at, function) in (0_usize..).zip(&self.functions) {
            let (own, wanted) = (
                endpoint::partition_id(function.region().unwrap_or(region)),
                endpoint::partition_id(region),
            );
            if own != wanted {
                return Err(Error::invalid(
                    format!("{FUNCTIONS}[{at}]"),
                    format!(
                        "the function is in {own}, but the connection's region {region} is in {wanted}: keys are valid only within their own partition"
                    ),
                ));
            }
            let arn = function.unqualified_arn(region, account);
            if !arns.contains(&arn) {
                arns.push(arn);
            }
            let length = self.policy(&arns).len();
            if length > POLICY_LIMIT {
                let fits = arns.len().saturating_sub(1);
                return Err(Error::invalid(
                    FUNCTIONS,
                    format!(
                        "only the first {fits} of these functions fit into a session policy, which has at most {POLICY_LIMIT} characters: name fewer functions, and open one session for each group"
                    ),
                ));
            }
        }
        Ok(self.policy(&arns))
    }

    fn policy(&self, arns: &[String]) -> String {
        let mut statements = Vec::new();
        if !arns.is_empty() {
            let actions = if self.executions {
                format!("[{INVOKE},{EXECUTIONS}]")
            } else {
                INVOKE.into()
            };
            // A call with a qualifier is authorized on the qualified ARN.
            let resources: Vec<_> = arns
                .iter()
                .map(|arn| format!("\"{arn}\",\"{arn}:*\""))
                .collect();
            statements.push(format!(
                r#"{{"Effect":"Allow","Action":{actions},"Resource":[{}]}}"#,
                resources.join(",")
            ));
        }
        if self.list_functions {
            statements.push(LIST.into());
        }
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        )
    }

    /// Describes the session in CloudTrail.
    pub fn description(&self) -> String {
        match &*self.functions {
            [] => "list functions".into(),
            [function] => {
                let text = format!("invoke {}", function.name());
                if text.len() > DESCRIPTION_LIMIT {
                    "invoke 1 function".into()
                } else {
                    text
                }
            }
            functions => format!("invoke {} functions", functions.len()),
        }
    }
}

#[cfg(test)]
mod tests;
