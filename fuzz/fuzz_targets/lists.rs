//! Pages of functions, aliases and versions. A page has at most the rows that were asked for, each
//! row matches the query, and the cursor continues where the page ends. The script's call is the
//! query.
#![no_main]

use aws_lambda_connector::call::error::Error;
use aws_lambda_connector::call::operation::{Exchange, Operation};
use aws_lambda_connector::lambda::list_functions::{
    FunctionQuery, ListFunctions, contains_ignoring_case,
};
use aws_lambda_connector::lambda::list_qualifiers::{ListQualifiers, QualifierKind};
use aws_lambda_connector_fuzz::call::{plain_connection, query};
use aws_lambda_connector_fuzz::script::{self, ScriptedAnswer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (lines, answers) = script::read(data);
    functions(&query(&lines), &answers);
    qualifiers(&answers);
});

/// Returns the result of the operation after these answers. Returns `None` if one of them is an
/// error, or if the operation needs another page. `denials` is how many of its listings may be denied.
fn output<O: Operation>(
    operation: &mut O,
    answers: &[ScriptedAnswer],
    denials: usize,
) -> Option<O::Output> {
    let mut denied = 0;
    for answer in answers {
        let Ok(page) = answer.outcome.clone() else {
            continue;
        };
        let status = page.status;
        if let Err(error) = operation.read(page, 1) {
            let malformed = matches!(error, Error::Transport(_));
            assert_eq!(malformed, status == 200, "{error:?}");
            return None;
        }
        denied += usize::from(status != 200);
        assert!(status == 200 || denied <= denials, "{status}");
        if let Some(output) = operation.take_output() {
            return Some(output);
        }
    }
    None
}

fn functions(query: &FunctionQuery, answers: &[ScriptedAnswer]) {
    let connection = plain_connection();
    let mut list = match ListFunctions::new(connection.clone(), query.clone()) {
        Ok(list) => list,
        Err(Error::InvalidInput(input)) => {
            assert!(matches!(&*input.field, "query.cursor" | "query.limit"));
            return;
        }
        Err(error) => panic!("{error:?}"),
    };
    let Some(page) = output(&mut list, answers, 0) else {
        return;
    };
    let limit = query.limit.unwrap_or(50);
    assert!(page.functions.len() <= usize::try_from(limit).unwrap());
    let part = query.name_contains.as_deref().unwrap_or_default();
    for row in &page.functions {
        let (name, part) = (row.name.to_ascii_lowercase(), part.to_ascii_lowercase());
        assert!(name.contains(&part));
        assert!(part.is_empty() || contains_ignoring_case(&row.name, &part));
    }
    if let Some(next) = page.next {
        let query = FunctionQuery {
            cursor: Some(next),
            ..query.clone()
        };
        let next = ListFunctions::new(connection, query).expect("a returned cursor is valid");
        // The cursor leads to the listing's position.
        assert_eq!(next.request().query, list.request().query);
    }
}

fn qualifiers(answers: &[ScriptedAnswer]) {
    let mut list = ListQualifiers::new(plain_connection(), "f:live").unwrap();
    let Some(choices) = output(&mut list, answers, 1) else {
        return;
    };
    let order = |kind| match kind {
        QualifierKind::Alias => 0,
        QualifierKind::Latest => 1,
        QualifierKind::Version => 2,
    };
    assert!(choices.iter().map(|choice| order(choice.kind)).is_sorted());
}
