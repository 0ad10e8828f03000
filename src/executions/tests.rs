//! Which requests a wait sends, when it pauses, and what ends it.

use core::cell::Cell;

use serde_json::json;

use super::*;
use crate::block_on::block_on;
use crate::call::error::{Executed, TransportKind};
use crate::lambda::executions::execution::ExecutionStatus;
use crate::testing::scripted::{Answer, Scripted, Sent, Service};
use crate::testing::{
    coded, connection, failure, json as ok, refused, service_error, transport_error,
};

const ARN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";

fn status(name: &str, with_data: bool) -> Answer {
    let mut body = json!({
        "DurableExecutionArn": ARN, "DurableExecutionName": "order-7", "StartTimestamp": 1,
        "Status": name,
    });
    if with_data {
        body["InputPayload"] = "{}".into();
        body["Result"] = "7".into();
    }
    Ok(ok(&body))
}

fn not_found() -> Answer {
    Ok(coded(404, "ResourceNotFoundException"))
}

/// Answers the polls by their number from 0. A read with data has the status of the poll before.
struct Execution<F> {
    polls: Cell<u32>,
    answer: F,
}

impl<F: Fn(u32) -> Answer> Service for Execution<F> {
    fn answer(&self, sent: &Sent) -> Answer {
        if sent.parameter("IncludeExecutionData") == Some("false") {
            self.polls.set(self.polls.get() + 1);
            (self.answer)(self.polls.get() - 1)
        } else {
            let last = (self.answer)(self.polls.get() - 1)?;
            let body: serde_json::Value = serde_json::from_slice(&last.body).unwrap();
            status(body["Status"].as_str().unwrap(), true)
        }
    }
}

fn execution<F: Fn(u32) -> Answer>(answer: F) -> Scripted<Execution<F>> {
    Scripted::new(Execution {
        polls: Cell::new(0),
        answer,
    })
}

fn waited<S: Service>(
    aws: &Scripted<S>,
    timeout_ms: u32,
) -> Result<(ExecutionStatus, Option<String>), Error> {
    let execution = block_on(wait(aws, connection(), ARN, timeout_ms))?;
    Ok((execution.status, execution.output))
}

const HOUR: u32 = 3_600_000;

#[test]
fn wait_polls_without_data_and_reads_the_data_once_at_the_end() {
    let aws = execution(|poll| {
        status(
            ["RUNNING", "PAUSED", "NEW", "SUCCEEDED"][poll as usize],
            false,
        )
    });
    assert_eq!(
        waited(&aws, HOUR).unwrap(),
        (ExecutionStatus::Succeeded, Some("7".into()))
    );
    let included: Vec<_> = aws
        .sent
        .borrow()
        .iter()
        .map(|sent| sent.parameter("IncludeExecutionData").map(str::to_owned))
        .collect();
    let without = || Some("false".to_owned());
    assert_eq!(included, [without(), without(), without(), without(), None]);
}

#[test]
fn pauses_double_from_one_second_to_thirty_and_differ() {
    let aws = execution(|poll| status(if poll < 10 { "RUNNING" } else { "FAILED" }, false));
    waited(&aws, HOUR).unwrap();
    let pauses = aws.waited_ms.take();
    let longest = [1, 2, 4, 8, 16, 30, 30, 30, 30, 30].map(|seconds| seconds * 1_000);
    assert_eq!(pauses.len(), longest.len());
    for (pause, longest) in pauses.iter().zip(longest) {
        assert!((longest * 3 / 4..=longest).contains(pause), "{pauses:?}");
    }
    assert!(
        pauses[5..].windows(2).any(|two| two[0] != two[1]),
        "{pauses:?}"
    );
}

#[test]
fn wait_ends_at_its_timeout_with_the_status_at_that_time() {
    let aws = execution(|_| status("RUNNING", false));
    assert_eq!(waited(&aws, 10_000).unwrap().0, ExecutionStatus::Running);
    let total: u64 = aws.waited_ms.take().iter().sum();
    assert_eq!(total, 10_000);

    // Without time, it reads once.
    let aws = execution(|_| status("RUNNING", false));
    waited(&aws, 0).unwrap();
    assert_eq!((aws.attempts(), aws.waited_ms.take()), (2, vec![]));
}

#[test]
fn execution_that_is_not_visible_yet_is_waited_for() {
    let aws = execution(|poll| {
        if poll < 3 {
            not_found()
        } else {
            status("SUCCEEDED", false)
        }
    });
    assert_eq!(waited(&aws, HOUR).unwrap().0, ExecutionStatus::Succeeded);

    // It never becomes visible: the wait ends long before its timeout.
    let aws = execution(|_| not_found());
    let error = service_error(waited(&aws, HOUR));
    assert_eq!((error.status_code, error.executed), (404, Executed::No));
    let total: u64 = aws.waited_ms.take().iter().sum();
    assert!((30_000..=60_000).contains(&total), "{total}");
}

#[test]
fn execution_that_vanishes_is_an_error_at_once() {
    let aws = execution(|poll| match poll {
        0 => status("RUNNING", false),
        _ => not_found(),
    });
    assert_eq!(service_error(waited(&aws, HOUR)).status_code, 404);
    assert_eq!(aws.attempts(), 2);
}

#[test]
fn poll_that_fails_for_a_reason_that_can_pass_is_repeated_a_few_times() {
    let throttled = || Ok(coded(429, "TooManyRequestsException"));
    let aws = execution(|poll| match poll % 5 {
        4 if poll > 10 => status("SUCCEEDED", false),
        4 => status("RUNNING", false),
        _ => throttled(),
    });
    assert_eq!(waited(&aws, HOUR).unwrap().0, ExecutionStatus::Succeeded);

    let aws = execution(|_| throttled());
    assert_eq!(service_error(waited(&aws, HOUR)).status_code, 429);
    assert_eq!(aws.attempts(), 5);

    let aws = execution(|_| Err(failure(TransportKind::Timeout, Executed::Unknown)));
    let error = transport_error(waited(&aws, HOUR));
    // A read does nothing to the execution.
    assert_eq!((error.executed, error.attempts), (Executed::No, 1));
    assert_eq!(aws.attempts(), 5);
}

#[test]
fn poll_that_is_denied_ends_the_wait() {
    let aws = execution(|_| Ok(coded(403, "AccessDeniedException")));
    assert_eq!(service_error(waited(&aws, HOUR)).status_code, 403);
    assert_eq!(aws.attempts(), 1);
}

#[test]
fn poll_takes_no_longer_than_the_rest_of_the_wait() {
    let aws = execution(|_| status("RUNNING", false));
    waited(&aws, 40_000).unwrap();
    let sent = aws.sent.take();
    let (whole, polls) = sent.split_last().unwrap();
    for sent in polls {
        let left = (NOW_MS + 40_000).saturating_sub(sent.at_s * 1_000);
        let limit = u64::from(sent.limits.first_byte_ms);
        assert!(
            limit <= left.clamp(1_000, 30_000) + 1_000,
            "{limit} of {left}"
        );
    }
    assert_eq!(polls[0].limits.first_byte_ms, 30_000);
    assert_eq!(whole.limits.first_byte_ms, 30_000);
}

const NOW_MS: u64 = crate::testing::NOW * 1_000;

#[test]
fn invalid_arn_is_rejected_before_a_request() {
    let aws = execution(|_| not_found());
    let rejected = refused(block_on(wait(&aws, connection(), "f", 1)));
    assert_eq!(rejected.field, "arn");
    assert_eq!(aws.attempts(), 0);
}
