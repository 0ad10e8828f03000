//! Session policies: the part of IAM's language that limits a session to actions and resources.

use regex::Regex;
use serde_json::{Map, Value};

/// The most characters of a session policy.
const LONGEST: usize = 2_048;

/// A policy of `Allow` statements. It allows nothing else.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// The policy as the caller sent it.
    pub text: String,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
}

/// Why a policy is rejected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    TooLong,
    Malformed(&'static str),
}

impl Policy {
    /// Parses a policy. It rejects elements that it does not evaluate: the policy may then allow less
    /// than its other elements do.
    pub fn parse(text: &str) -> Result<Self, Rejected> {
        if text.chars().count() > LONGEST {
            return Err(Rejected::TooLong);
        }
        let malformed = |problem| Err(Rejected::Malformed(problem));
        let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
            return malformed("This policy contains invalid Json");
        };
        if policy.get("Version") != Some(&Value::from("2012-10-17")) {
            return malformed("The policy must contain a valid version string");
        }
        let statements = match policy.get("Statement") {
            Some(Value::Array(list)) if !list.is_empty() => list.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return malformed("Syntax errors in policy: it has no statement"),
        };
        let statements = statements.into_iter().map(|statement| {
            let statement = statement.as_object();
            let statement =
                statement.ok_or("Syntax errors in policy: a statement is not an object");
            statement.and_then(Statement::parse)
        });
        Ok(Self {
            text: text.to_owned(),
            statements: statements
                .collect::<Result<_, _>>()
                .map_err(Rejected::Malformed)?,
        })
    }

    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|Statement { actions, resources }| {
            // Actions do not depend on the case, and ARNs do.
            let action = action.to_ascii_lowercase();
            let mut actions = actions.iter();
            actions.any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
                && resources.iter().any(|pattern| matches(pattern, resource))
        })
    }
}

impl Statement {
    fn parse(statement: &Map<String, Value>) -> Result<Self, &'static str> {
        for key in statement.keys() {
            if !matches!(&**key, "Sid" | "Effect" | "Action" | "Resource") {
                return Err("The local STS evaluates Effect, Action and Resource only");
            }
        }
        if statement.get("Effect") != Some(&Value::from("Allow")) {
            return Err("The local STS evaluates the effect Allow only");
        }
        let actions = texts(statement.get("Action"))
            .ok_or("Syntax errors in policy: Action is not a text or a list of texts")?;
        if !actions
            .iter()
            .all(|action| *action == "*" || action.contains(':'))
        {
            return Err(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            );
        }
        let resources = texts(statement.get("Resource"))
            .ok_or("Syntax errors in policy: Resource is not a text or a list of texts")?;
        if !resources
            .iter()
            .all(|arn| *arn == "*" || arn.starts_with("arn:"))
        {
            return Err("A resource must be in ARN format or \"*\".");
        }
        Ok(Self { actions, resources })
    }
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match value? {
        Value::Array(list) if !list.is_empty() => list.iter().map(text).collect(),
        one => Some(vec![text(one)?]),
    }
}

/// Whether a text matches a pattern, in which `*` stands for any characters and `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern = regex::escape(pattern)
        .replace(r"\*", ".*")
        .replace(r"\?", ".");
    // What a pattern of 2,048 characters becomes is within the limits of the crate.
    Regex::new(&format!("^(?s:{pattern})$")).is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

    fn policy(action: &str, resource: &str) -> Policy {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":{resource}}}]}}"#
        );
        Policy::parse(&text).unwrap()
    }

    #[test]
    fn patterns_match_actions_without_case_and_resources_with_it() {
        let qualified = format!("{ORDERS}:prod");
        for (action, resource, asked, on, allowed) in [
            (
                r#""lambda:InvokeFunction""#,
                format!("\"{ORDERS}\""),
                "lambda:InvokeFunction",
                ORDERS,
                true,
            ),
            (
                r#""LAMBDA:invoke*""#,
                format!("\"{ORDERS}\""),
                "lambda:InvokeFunction",
                ORDERS,
                true,
            ),
            (
                r#"["lambda:List*","lambda:Invoke*"]"#,
                "\"*\"".into(),
                "lambda:InvokeFunction",
                ORDERS,
                true,
            ),
            (r#""*""#, "\"*\"".into(), "lambda:ListFunctions", "*", true),
            (
                r#""*""#,
                format!("\"{ORDERS}\""),
                "lambda:ListFunctions",
                "*",
                false,
            ),
            (
                r#""lambda:InvokeFunction""#,
                format!("\"{ORDERS}\""),
                "lambda:InvokeFunction",
                &qualified,
                false,
            ),
            (
                r#""lambda:InvokeFunction""#,
                format!("\"{ORDERS}:*\""),
                "lambda:InvokeFunction",
                &qualified,
                true,
            ),
            (
                r#""lambda:InvokeFunction""#,
                format!("\"{ORDERS}:*\""),
                "lambda:InvokeFunction",
                ORDERS,
                false,
            ),
            (
                r#""lambda:InvokeFunction""#,
                format!("\"{ORDERS}:pro?\""),
                "lambda:InvokeFunction",
                &qualified,
                true,
            ),
            (
                r#""lambda:InvokeFunction""#,
                format!("\"{ORDERS}:?prod\""),
                "lambda:InvokeFunction",
                &qualified,
                false,
            ),
            (
                r#""lambda:InvokeFunction""#,
                "\"arn:aws:lambda:*:*:function:orders\"".into(),
                "lambda:InvokeFunction",
                ORDERS,
                true,
            ),
            (
                r#""lambda:InvokeFunction""#,
                "\"arn:aws:lambda:*:*:function:Orders\"".into(),
                "lambda:InvokeFunction",
                ORDERS,
                false,
            ),
            (
                r#""lambda:Invoke""#,
                "\"*\"".into(),
                "lambda:InvokeFunction",
                ORDERS,
                false,
            ),
            (
                r#""sts:*""#,
                "\"*\"".into(),
                "lambda:InvokeFunction",
                ORDERS,
                false,
            ),
        ] {
            let policy = policy(action, &resource);
            assert_eq!(
                policy.allows(asked, on),
                allowed,
                "{} {asked} {on}",
                policy.text
            );
        }
    }

    #[test]
    fn policy_that_cannot_be_evaluated_is_rejected() {
        let statement =
            |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        for text in [
            String::new(),
            "[]".into(),
            "{}".into(),
            r#"{"Version":"2012-10-17"}"#.into(),
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#.into(),
            statement(""),
            statement("7"),
            statement(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#),
            statement(r#"{"Effect":"Allow","NotAction":"a:b","Resource":"*"}"#),
            statement(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}"#),
            statement(r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#),
            statement(r#"{"Effect":"Allow","Action":["a:b",7],"Resource":"*"}"#),
            statement(r#"{"Effect":"Allow","Action":"InvokeFunction","Resource":"*"}"#),
            statement(r#"{"Effect":"Allow","Action":"*","Resource":"orders"}"#),
            statement(r#"{"Effect":"Allow","Action":"*"}"#),
        ] {
            assert!(
                matches!(Policy::parse(&text), Err(Rejected::Malformed(_))),
                "{text}"
            );
        }
        let one = statement(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let padded = |length: usize| format!("{one}{}", " ".repeat(length - one.len()));
        assert!(Policy::parse(&padded(LONGEST)).is_ok());
        assert_eq!(
            Policy::parse(&padded(LONGEST + 1)).unwrap_err(),
            Rejected::TooLong
        );
    }
}
