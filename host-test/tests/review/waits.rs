//! The longest duration of a call with the component's default options.

use aws_lambda_connector::call::delivery::{Delivery, Options};

use crate::page;

const HEADER: &str = "| Call | Seconds |";

/// `src/perform/tests.rs::call_takes_no_longer_than_its_options_allow` proves that this is an upper
/// bound.
#[test]
fn review_page_states_the_longest_call() {
    let once = Options {
        max_attempts: Some(1),
        ..Options::default()
    };
    let delivery = |options, synchronous| Delivery::new("delivery", options, synchronous).unwrap();
    let rows = [
        ("`invoke`, `request-response`", delivery(None, true)),
        (
            "`invoke`, `request-response`, with `max-attempts` 1",
            delivery(Some(&once), true),
        ),
        ("`invoke`, `event` or `dry-run`", delivery(None, false)),
        (
            "each page of a list or a history, any other call of `executions` but `wait`, and each check of `test-connection`",
            delivery(None, false),
        ),
        (
            "before any of these, for each role without cached keys",
            delivery(None, true).for_sts(),
        ),
    ]
    .map(|(what, delivery)| {
        let body_ms = delivery.time_limits(0, false).body_ms;
        let most_ms = delivery.longest_ms() + u64::from(body_ms);
        assert_eq!(most_ms % 100, 0);
        let seconds = format!("{}.{}", most_ms / 1_000, most_ms % 1_000 / 100);
        [what.to_owned(), seconds].to_vec()
    });
    page::assert_table(HEADER, &rows);
}
