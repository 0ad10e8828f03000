//! The tool `describe-function`.

use std::fmt::Write as _;

use crate::bindings::connectors::aws_lambda::lambda::{
    self, Check, CheckOutcome, CheckSubject, QualifierChoice, QualifierKind,
};
use crate::failure;
use crate::list;
use crate::settings::Settings;
use crate::text::bounded;

/// The most aliases, and the most versions, that an answer names.
const MAX_QUALIFIERS: usize = 50;

/// Describes an allowed function: its line in the list, whether it can be invoked, its aliases and versions.
///
/// # Errors
/// The reason for which there is no description.
pub fn describe(settings: &Settings, name: &str) -> Result<String, String> {
    let function = settings.function(name)?;
    let checks = lambda::test_connection(
        &settings.connection,
        Some(function.name),
        function.qualifier,
    )
    .map_err(|error| failure::reason(&error))?;
    let rows = list::read(settings, function.name);
    // Then no request reaches Lambda, or no key is accepted, and the other checks failed for the same reason.
    if rows.is_err()
        && let Some(invocation) = find(&checks, CheckSubject::InvokeFunction)
        && !matches!(invocation.outcome, CheckOutcome::Passed)
    {
        return Err(bounded(&invocation.detail).into_owned());
    }

    let mut text = match &rows {
        Ok(page) => match page.functions.iter().find(|row| row.name == function.name) {
            Some(row) => list::line(row),
            None => format!("{}: not in the account's list of functions", function.name),
        },
        Err(reason) => format!(
            "{}: no details, because the list failed: {reason}",
            function.name
        ),
    };
    add_check(
        &mut text,
        "Invocation",
        &checks,
        CheckSubject::InvokeFunction,
    );
    add_check(
        &mut text,
        "Configuration",
        &checks,
        CheckSubject::FunctionConfiguration,
    );
    match lambda::list_qualifiers(&settings.connection, function.name) {
        Ok(choices) => {
            add_qualifiers(&mut text, "Aliases", &choices, |kind| {
                kind == QualifierKind::Alias
            });
            add_qualifiers(&mut text, "Versions", &choices, |kind| {
                kind != QualifierKind::Alias
            });
        }
        Err(error) => {
            let _ = write!(
                text,
                "\nAliases and versions: unknown: {}",
                failure::reason(&error)
            );
        }
    }
    let _ = write!(
        text,
        "\nTime limit of invoke-function: {} s, after which it reports that the function may have run",
        settings.timeout_s
    );
    Ok(text)
}

fn find(checks: &[Check], subject: CheckSubject) -> Option<&Check> {
    checks.iter().find(|check| check.subject == subject)
}

fn add_check(text: &mut String, label: &str, checks: &[Check], subject: CheckSubject) {
    let Some(check) = find(checks, subject) else {
        return;
    };
    let outcome = match check.outcome {
        CheckOutcome::Passed => "ok",
        CheckOutcome::Failed => "failed",
        CheckOutcome::Skipped => "not checked",
    };
    let _ = write!(text, "\n{label}: {outcome}: {}", bounded(&check.detail));
}

fn add_qualifiers(
    text: &mut String,
    label: &str,
    choices: &[QualifierChoice],
    is_wanted: impl Fn(QualifierKind) -> bool,
) {
    let wanted: Vec<&QualifierChoice> = choices
        .iter()
        .filter(|choice| is_wanted(choice.kind))
        .collect();
    let names = wanted.iter().take(MAX_QUALIFIERS).map(|choice| {
        let description = list::one_line(&choice.description);
        match description.is_empty() {
            true => choice.name.clone(),
            false => format!("{} ({description})", choice.name),
        }
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return;
    }
    let _ = write!(text, "\n{label}: {}", names.join(", "));
    let more = wanted.len().saturating_sub(names.len());
    if more > 0 {
        let _ = write!(text, ", and {more} more");
    }
}
