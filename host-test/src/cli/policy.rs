//! `policy`: the IAM policy that a call needs, built from the policy by which the component limits
//! its sessions.

use anyhow::{Result, bail, ensure};
use aws_lambda_connector::aws::endpoint::check_region;
use aws_lambda_connector::call::error::Error;
use aws_lambda_connector::sts::session_policy::{Scope, SessionPolicy};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::args::PolicyArgs;
use super::outcome::Outcome;
use super::print::print_out;

/// IAM accepts it in an ARN for any region or account.
const ANY: &str = "*";

/// Prints the policy. It needs no credentials and no network.
pub fn run(args: &PolicyArgs) -> Result<Outcome> {
    print_out(serde_json::to_string_pretty(&policy(args)?)?)?;
    Ok(Outcome::Success)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Value,
    resource: Value,
}

impl Statement {
    fn new(sid: &'static str, action: Value, resource: Value) -> Self {
        Self {
            sid,
            effect: "Allow",
            action,
            resource,
        }
    }
}

/// A policy of the component. Every statement of it has the effect `Allow`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SessionLimits {
    statement: [Limits; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Limits {
    action: Value,
    resource: Value,
}

fn policy(args: &PolicyArgs) -> Result<Policy> {
    if let Some(region) = &args.region
        && let Err(problem) = check_region(region)
    {
        bail!("--region is invalid: {problem}");
    }
    if let Some(account) = &args.account {
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        ensure!(is_account, "--account is invalid: it must be 12 digits");
    }
    let mut statement = Vec::new();
    // A session policy has room for some functions, and this one for all of them.
    let mut actions = Value::Null;
    let mut resources = Vec::new();
    for function in &args.function {
        let scope = Scope {
            functions: vec![function.clone()],
            executions: args.executions,
            ..Scope::default()
        };
        let limited = limited(args, &scope)?;
        actions = limited.action;
        for arn in limited.resource.as_array().into_iter().flatten() {
            if !resources.contains(arn) {
                resources.push(arn.clone());
            }
        }
    }
    if !resources.is_empty() {
        let resources = Value::Array(resources);
        statement.push(Statement::new("Invoke", actions, resources));
    }
    if args.list {
        let scope = Scope {
            list_functions: true,
            ..Scope::default()
        };
        let Limits { action, resource } = limited(args, &scope)?;
        statement.push(Statement::new("List", action, resource));
    }
    if !args.no_scope {
        let action = "sts:GetScopedCredentials".into();
        statement.push(Statement::new("LimitKeysToOneCall", action, ANY.into()));
    }
    Ok(Policy {
        version: "2012-10-17",
        statement,
    })
}

/// The only statement of the component's policy for a scope.
fn limited(args: &PolicyArgs, scope: &Scope) -> Result<Limits> {
    let region = args.region.as_deref().unwrap_or(ANY);
    let account = args.account.as_deref().unwrap_or(ANY);
    let policy = SessionPolicy::new(scope).and_then(|policy| policy.json(region, account));
    match policy {
        Ok(policy) => {
            let SessionLimits {
                statement: [limits],
            } = serde_json::from_str(&policy)?;
            Ok(limits)
        }
        Err(Error::InvalidInput(input)) => bail!("--function is invalid: {}", input.message),
        Err(_) => bail!("the policy cannot be built"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Cli, Command};
    use super::*;

    fn printed(arguments: &str) -> Result<String> {
        let cli = Cli::parse_from(format!("x policy {arguments}").split(' '));
        let Some(Command::Policy(args)) = cli.command else {
            panic!("{cli:?}");
        };
        Ok(serde_json::to_string_pretty(&policy(&args)?)?)
    }

    #[test]
    fn policy_of_a_function_names_it_and_its_qualifiers() {
        let policy = printed("--function orders --region eu-central-1 --account 123456789012");
        assert_eq!(
            policy.unwrap(),
            r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Invoke",
      "Effect": "Allow",
      "Action": "lambda:InvokeFunction",
      "Resource": [
        "arn:aws:lambda:eu-central-1:123456789012:function:orders",
        "arn:aws:lambda:eu-central-1:123456789012:function:orders:*"
      ]
    },
    {
      "Sid": "LimitKeysToOneCall",
      "Effect": "Allow",
      "Action": "sts:GetScopedCredentials",
      "Resource": "*"
    }
  ]
}"#
        );
    }

    /// The resources and actions of a policy's first statement, and the IDs of all.
    fn parts(arguments: &str) -> (Value, Value, Vec<Value>) {
        let policy: Value = serde_json::from_str(&printed(arguments).unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let ids = statements.iter().map(|it| it["Sid"].clone()).collect();
        let first = &statements[0];
        (first["Resource"].clone(), first["Action"].clone(), ids)
    }

    #[test]
    fn names_without_a_place_are_allowed_in_every_one() {
        let arn = "arn:aws:lambda:eu-west-1:210987654321:function:b";
        let (resources, action, ids) =
            parts(&format!("--no-scope --function a:prod {arn}:7 {arn} a"));
        assert_eq!(
            resources,
            serde_json::json!([
                "arn:aws:lambda:*:*:function:a",
                "arn:aws:lambda:*:*:function:a:*",
                arn,
                format!("{arn}:*"),
            ])
        );
        assert_eq!(
            (action, ids),
            ("lambda:InvokeFunction".into(), vec!["Invoke".into()])
        );
        let (resources, ..) = parts("--function f --region us-gov-west-1");
        assert_eq!(
            resources[0],
            "arn:aws-us-gov:lambda:us-gov-west-1:*:function:f"
        );
    }

    #[test]
    fn lists_and_executions_are_added() {
        let (_, actions, ids) = parts("--function f --executions --list");
        let actions: Vec<&str> = actions
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        assert_eq!(actions[0], "lambda:InvokeFunction");
        assert!(
            actions.contains(&"lambda:GetDurableExecution"),
            "{actions:?}"
        );
        assert!(
            actions.contains(&"lambda:StopDurableExecution"),
            "{actions:?}"
        );
        assert_eq!(ids, ["Invoke", "List", "LimitKeysToOneCall"]);
        let (resource, actions, ids) = parts("--list --no-scope");
        assert_eq!(resource, "*");
        assert_eq!(
            actions,
            serde_json::json!([
                "lambda:ListFunctions",
                "lambda:ListAliases",
                "lambda:ListVersionsByFunction"
            ])
        );
        assert_eq!(ids, ["List"]);
    }

    /// A session policy holds 15 names of this length.
    #[test]
    fn any_number_of_functions_is_one_statement() {
        let names: Vec<String> = (100..200).map(|n| format!("orders-{n}")).collect();
        let (resources, _, ids) = parts(&format!("--function {}", names.join(" ")));
        assert_eq!(resources.as_array().unwrap().len(), 200);
        assert_eq!(ids.len(), 2);
    }

    #[test]
    fn invalid_argument_is_named() {
        for (arguments, argument) in [
            ("--function f*", "--function is invalid: "),
            ("--function f --region e*", "--region is invalid: "),
            ("--function f --account 1234", "--account is invalid: "),
            (
                "--function arn:aws-cn:lambda:cn-north-1:123456789012:function:f --region eu-west-1",
                "--function is invalid: the function is in aws-cn",
            ),
        ] {
            let error = printed(arguments).unwrap_err().to_string();
            assert!(error.starts_with(argument), "{error}");
        }
        for arguments in ["", " --executions --list"] {
            let line = format!("x policy{arguments}");
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
