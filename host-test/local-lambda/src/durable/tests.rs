//! What needs a clock that the test moves, or more executions than requests could start in a moment.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::clock::Clock;
use crate::limits::{EXECUTION_DATA_LIMIT, EXECUTIONS_LIMIT};
use crate::outcome::{Failure, Finished};
use crate::sync::lock;

fn executions() -> Arc<Executions> {
    Arc::new(Executions::new(Clock::default(), 0))
}

fn start(name: &str, input: &str) -> Start {
    Start {
        function: "f".to_owned(),
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
        version: "1".to_owned(),
        name: name.to_owned(),
        request_id: "id".to_owned(),
        input: input.into(),
        timeout: Duration::from_secs(60),
        trace_id: String::new(),
        synchronous: false,
    }
}

fn begin(executions: &Arc<Executions>, name: &str, input: &str) -> (String, DurableContext) {
    let begun = executions.begin(start(name, input));
    let begun = begun.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let context = DurableContext::new(Arc::clone(executions), begun.run.unwrap().number);
    (begun.arn, context)
}

fn succeeded(body: &str) -> Finished {
    Finished {
        body: Bytes::copy_from_slice(body.as_bytes()),
        error: None,
        timed_out: false,
        log_tail: String::new(),
    }
}

fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

/// Waits for a callback in another task. Returns its ID, and what the wait returns with the time that
/// it took.
async fn wait(timeouts: Timeouts) -> (Arc<Executions>, String, JoinHandle<(String, u128)>) {
    let executions = executions();
    let (_, mut context) = begin(&executions, "a", "{}");
    let begin = Instant::now();
    let waiting = tokio::spawn(async move {
        let outcome = match context.callback(None, timeouts).await {
            Ok(result) => result.to_string(),
            Err(Failure::Operation(error)) => error.error_message.clone().unwrap(),
            Err(_) => "another failure".to_owned(),
        };
        (outcome, begin.elapsed().as_millis())
    });
    while lock(&executions.kept).callbacks.is_empty() {
        tokio::task::yield_now().await;
    }
    let id = lock(&executions.kept)
        .callbacks
        .keys()
        .next()
        .unwrap()
        .clone();
    (executions, id, waiting)
}

#[tokio::test(start_paused = true)]
async fn callback_without_timeouts_stays_open() {
    let (executions, id, waiting) = wait(Timeouts::default()).await;
    sleep(Duration::from_secs(400 * 86_400)).await;
    let done = executions.complete_callback(&id, Completion::Success("7".into()));
    assert!(done.is_ok());
    assert_eq!(waiting.await.unwrap().0, "7");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_extend_the_heartbeat_timeout() {
    let (executions, id, waiting) = wait(Timeouts {
        heartbeat: ms(1_000),
        total: None,
    })
    .await;
    for _ in 0..5 {
        sleep(Duration::from_millis(900)).await;
        let beat = executions.complete_callback(&id, Completion::Heartbeat);
        assert!(beat.is_ok());
    }
    let silent = ("Callback heartbeat timed out".to_owned(), 5_500);
    assert_eq!(waiting.await.unwrap(), silent);
    let late = executions.complete_callback(&id, Completion::Heartbeat);
    assert_eq!(late.unwrap_err().error_type, "CallbackTimeoutException");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_do_not_extend_the_whole_timeout() {
    let (executions, id, waiting) = wait(Timeouts {
        heartbeat: ms(1_000),
        total: ms(2_500),
    })
    .await;
    for _ in 0..2 {
        sleep(Duration::from_millis(900)).await;
        let beat = executions.complete_callback(&id, Completion::Heartbeat);
        assert!(beat.is_ok());
    }
    let ended = ("Callback timed out".to_owned(), 2_500);
    assert_eq!(waiting.await.unwrap(), ended);
}

#[tokio::test(start_paused = true)]
async fn result_that_arrives_in_time_counts() {
    let (executions, id, waiting) = wait(Timeouts {
        heartbeat: ms(1_000),
        total: ms(1_000),
    })
    .await;
    advance(Duration::from_millis(999)).await;
    let done = executions.complete_callback(&id, Completion::Success("7".into()));
    assert!(done.is_ok());
    assert_eq!(waiting.await.unwrap().0, "7");
}

#[tokio::test(start_paused = true)]
async fn wait_takes_its_time() {
    let executions = executions();
    let (_, mut context) = begin(&executions, "a", "{}");
    let begin = Instant::now();
    let waited = context.wait(None, Duration::from_millis(86_400_001)).await;
    assert!(waited.is_ok());
    assert_eq!(begin.elapsed().as_millis(), 86_400_001);
}

#[tokio::test]
async fn operation_of_an_execution_that_has_ended_fails() {
    let executions = executions();
    let (arn, mut context) = begin(&executions, "a", "{}");
    executions.stop(&arn, None).unwrap();
    let step = context.step(None, Ok("1".into()));
    let Err(Failure::Operation(error)) = step else {
        panic!("the step was recorded");
    };
    let message = error.error_message.as_deref();
    assert_eq!(message, Some("The execution has ended"));
    let events = executions.history(&arn, true, |count| Ok((1..=count).collect()));
    assert_eq!(events.unwrap().len(), 3);
}

#[tokio::test]
async fn execution_that_ended_first_makes_room() {
    let executions = executions();
    let names = |number: usize| format!("n{number}");
    let arns: Vec<String> = (0..EXECUTIONS_LIMIT)
        .map(|number| begin(&executions, &names(number), "{}").0)
        .collect();
    let full = executions.begin(start("more", "{}")).err().unwrap();
    assert_eq!(
        (full.status.as_u16(), full.error_type),
        (429, "TooManyRequestsException")
    );
    // Known names are found all the same.
    assert!(
        executions
            .begin(start(&names(3), "{}"))
            .unwrap()
            .run
            .is_none()
    );

    for number in [5, 3] {
        executions.finish(&arns[number], succeeded("1"));
    }
    // The clock may not have moved between the two ends, and then the older one ended first.
    lock(&executions.kept)
        .executions
        .get_mut(&5)
        .unwrap()
        .ended_ms = Some(0);
    begin(&executions, "more", "{}");
    let found = |number: usize| executions.describe(&arns[number], false).is_ok();
    assert_eq!((found(3), found(4), found(5)), (true, true, false));
    assert_eq!(lock(&executions.kept).executions.len(), EXECUTIONS_LIMIT);
    assert_eq!(lock(&executions.kept).names.len(), EXECUTIONS_LIMIT);
    // The name is free again.
    assert!(
        executions
            .begin(start(&names(5), "7"))
            .unwrap()
            .run
            .is_some()
    );
}

#[tokio::test]
async fn callbacks_of_a_forgotten_execution_are_forgotten() {
    let (executions, id, waiting) = wait(Timeouts::default()).await;
    waiting.abort();
    let arn = executions.execution_of_callback(&id).unwrap();
    executions.stop(&arn, None).unwrap();
    let kept = |executions: &Executions| lock(&executions.kept).callbacks.len();
    assert_eq!(kept(&executions), 1);
    assert!(lock(&executions.kept).make_room(EXECUTIONS_LIMIT, 0));
    assert_eq!(kept(&executions), 0);
    assert_eq!(executions.execution_of_callback(&id), None);
}

#[tokio::test]
async fn data_is_limited_over_all_executions() {
    let executions = executions();
    // Four of them leave room for the events.
    let large = "x".repeat(EXECUTION_DATA_LIMIT / 4 - 4_096);
    let small = "x".repeat(16_384);
    let (ended, _) = begin(&executions, "ended", &large);
    executions.finish(&ended, succeeded(&large));
    let (running, mut context) = begin(&executions, "running", &large);
    assert!(context.step(None, Ok(large.as_str().into())).is_ok());
    assert!(executions.describe(&ended, false).is_ok());
    // The next step has room only without the execution that has ended.
    assert!(context.step(None, Ok(small.as_str().into())).is_ok());
    assert!(executions.describe(&ended, false).is_err());
    assert!(context.step(None, Ok(large.as_str().into())).is_ok());
    assert!(context.step(None, Ok(large.as_str().into())).is_err());
    let full = executions.begin(start("more", &large)).err().unwrap();
    assert_eq!(full.error_type, "TooManyRequestsException");
    assert!(executions.describe(&running, false).is_ok());
    assert!(executions.begin(start("small", "{}")).is_ok());
}
