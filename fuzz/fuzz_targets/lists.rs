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
use aws_lambda_connector_fuzz::call::{connection, query};
use aws_lambda_connector_fuzz::script;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (lines, answers) = script::read(data);
    let pages = || {
        answers
            .iter()
            .filter_map(|answer| answer.outcome.clone().ok())
    };
    functions(&query(&lines), pages());
    qualifiers(pages());
});

fn functions(
    query: &FunctionQuery,
    pages: impl Iterator<Item = aws_lambda_connector::aws::message::Response>,
) {
    let (lines, _) = script::read(b"");
    let connection = connection(&lines);
    let mut list = match ListFunctions::new(connection.clone(), query.clone()) {
        Ok(list) => list,
        Err(Error::InvalidInput(input)) => {
            assert!(matches!(&*input.field, "query.cursor" | "query.limit"));
            return;
        }
        Err(error) => panic!("{error:?}"),
    };
    for page in pages {
        let status = page.status;
        let page = match list.read(page, 1).map(|()| list.take_output()) {
            Ok(Some(page)) => page,
            Ok(None) => {
                assert_eq!(status, 200);
                continue;
            }
            Err(Error::Transport(_)) => {
                assert_eq!(status, 200);
                return;
            }
            Err(_) => {
                assert_ne!(status, 200);
                return;
            }
        };
        assert_eq!(status, 200);
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
            let next = ListFunctions::new(connection, query).expect("our own cursor");
            // The cursor leads to the listing's position.
            assert_eq!(next.request().query, list.request().query);
        }
        return;
    }
}

fn qualifiers(pages: impl Iterator<Item = aws_lambda_connector::aws::message::Response>) {
    let (lines, _) = script::read(b"");
    let mut list = ListQualifiers::new(connection(&lines), "f:live").unwrap();
    for page in pages {
        let status = page.status;
        match list.read(page, 1).map(|()| list.take_output()) {
            Ok(Some(choices)) => {
                assert_eq!(status, 200);
                let order = |kind| match kind {
                    QualifierKind::Alias => 0,
                    QualifierKind::Latest => 1,
                    QualifierKind::Version => 2,
                };
                assert!(choices.iter().map(|choice| order(choice.kind)).is_sorted());
                return;
            }
            Ok(None) => assert_eq!(status, 200),
            Err(Error::Transport(_)) => {
                assert_eq!(status, 200);
                return;
            }
            Err(_) => {
                assert_ne!(status, 200);
                return;
            }
        }
    }
}
