//! The rounds of a wait for a durable execution. Each is one call of the component, which ends before
//! its key does and reports the present status.

use std::time::{Duration, Instant, SystemTime};

use super::sessions::{is_expired, may_pass};
use crate::bindings::executions::Execution;
use crate::bindings::types::{Error, ErrorCategory};

/// The first round is short, so that the status is known soon. Each round reads the execution with its
/// data, so later rounds are long.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(600);
/// The length of a round whose key is about to end.
const SHORTEST: Duration = Duration::from_secs(1);

/// How long an execution may be invisible after its start. The component waits for it as well, but
/// no longer than a round.
const INVISIBLE: Duration = Duration::from_secs(30);

/// The most rounds in a row that may end with a failure that can pass.
const MAX_FAILURES: u32 = 5;

/// What follows a round.
#[derive(Debug)]
pub(super) enum Next {
    /// The wait has ended.
    Ended(Result<Execution, Error>),
    /// Another round. The execution has not ended, if it is visible.
    Round(Option<Execution>),
    /// Another round, with another key than that of the last one.
    Renewal,
}

/// The time of a wait, and what its rounds have shown.
pub(super) struct Rounds {
    began: Instant,
    timeout: Option<Duration>,
    longest: Duration,
    length: Duration,
    round: Round,
    is_visible: bool,
    is_renewed: bool,
    failures: u32,
}

struct Round {
    began: Instant,
    length: Duration,
    /// When its key ends, by the system clock: the monotonic clock does not advance while the machine
    /// is suspended.
    key_ends: Option<SystemTime>,
}

impl Rounds {
    /// Begins a wait. The limit of a call bounds its rounds.
    pub fn new(timeout: Option<Duration>, call_timeout: Duration) -> Self {
        let began = Instant::now();
        Self {
            began,
            timeout,
            // A round also reads the execution at its end.
            longest: LONGEST.min(call_timeout / 2),
            length: FIRST,
            round: Round {
                began,
                length: Duration::ZERO,
                key_ends: None,
            },
            is_visible: false,
            is_renewed: false,
            failures: 0,
        }
    }

    /// Begins a round with a key that lasts for `key_lasts`, if it ends. Returns the length of the
    /// round, in milliseconds.
    pub fn begin(&mut self, key_lasts: Option<Duration>) -> u32 {
        let mut length = self.length.min(self.longest);
        if let Some(lasts) = key_lasts {
            length = length.min(lasts.max(SHORTEST));
        }
        if let Some(left) = self.left() {
            length = length.min(left);
        }
        self.length = (self.length * 2).min(LONGEST);
        // A key that has ended by this clock is as good as it gets: another one would not differ.
        let ends = key_lasts.filter(|lasts| !lasts.is_zero());
        self.round = Round {
            began: Instant::now(),
            length,
            key_ends: ends.and_then(|lasts| SystemTime::now().checked_add(lasts)),
        };
        u32::try_from(length.as_millis()).unwrap_or(u32::MAX)
    }

    /// Decides what follows the round. `is_renewable` is whether there can be another key.
    pub fn next(&mut self, waited: Result<Execution, Error>, is_renewable: bool) -> Next {
        let is_over = self.left().is_some_and(|left| left.is_zero());
        let error = match waited {
            Ok(execution) if is_over || execution.status.is_final() => {
                return Next::Ended(Ok(execution));
            }
            Ok(execution) => {
                (self.is_visible, self.is_renewed, self.failures) = (true, false, 0);
                return Next::Round(Some(execution));
            }
            Err(error) => error,
        };
        // An error of a key that has ended reports nothing about the execution.
        if is_renewable && !self.is_renewed && (is_expired(&error) || self.round.key_has_ended()) {
            self.is_renewed = true;
            return Next::Renewal;
        }
        if !is_over && self.may_continue(&error) {
            return Next::Round(None);
        }
        Next::Ended(Err(error))
    }

    /// Whether the component ended the round with this error only because it had no time left for
    /// another poll.
    fn may_continue(&mut self, error: &Error) -> bool {
        if self.round.began.elapsed() < self.round.length {
            return false;
        }
        if !self.is_visible && is_not_found(error) {
            return self.began.elapsed() < INVISIBLE;
        }
        self.failures += 1;
        may_pass(error) && self.failures < MAX_FAILURES
    }

    fn left(&self) -> Option<Duration> {
        let timeout = self.timeout?;
        Some(timeout.saturating_sub(self.began.elapsed()))
    }
}

impl Round {
    fn key_has_ended(&self) -> bool {
        self.key_ends.is_some_and(|ends| SystemTime::now() >= ends)
    }
}

fn is_not_found(error: &Error) -> bool {
    matches!(error, Error::Service(error) if error.category == ErrorCategory::NotFound)
}

#[cfg(test)]
#[allow(clippy::result_large_err)] // The contract defines the error.
mod tests {
    use super::*;
    use crate::bindings::executions::ExecutionStatus;
    use crate::bindings::types::{Executed, ServiceError};

    const CALL: Duration = Duration::from_secs(31 * 60);

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    fn rounds(timeout: Option<Duration>) -> Rounds {
        Rounds::new(timeout, CALL)
    }

    /// Rounds whose current one has no time left.
    fn passed(timeout: Option<Duration>) -> Rounds {
        let mut rounds = rounds(timeout);
        rounds.begin(None);
        rounds.round.length = Duration::ZERO;
        rounds
    }

    fn execution(status: ExecutionStatus) -> Result<Execution, Error> {
        Ok(Execution {
            arn: String::new(),
            name: String::new(),
            function_arn: String::new(),
            version: None,
            status,
            started_at_ms: 0,
            ended_at_ms: None,
            trace_id: None,
            input: None,
            output: None,
            failure: None,
        })
    }

    fn error(code: &str, category: ErrorCategory, retryable: bool) -> ServiceError {
        ServiceError {
            code: code.to_owned(),
            status_code: 400,
            message: String::new(),
            category,
            executed: Executed::No,
            retryable,
            hint: None,
            request_id: None,
            attempts: 1,
        }
    }

    fn not_found() -> Result<Execution, Error> {
        let code = "ResourceNotFoundException";
        Err(Error::Service(error(code, ErrorCategory::NotFound, false)))
    }

    fn throttled() -> Result<Execution, Error> {
        let code = "TooManyRequestsException";
        Err(Error::Service(error(code, ErrorCategory::Throttled, true)))
    }

    fn expired() -> Result<Execution, Error> {
        let code = "ExpiredTokenException";
        Err(Error::Unauthenticated(error(
            code,
            ErrorCategory::Credentials,
            false,
        )))
    }

    #[test]
    fn rounds_double_up_to_ten_minutes() {
        let mut rounds = rounds(None);
        let lengths: Vec<u32> = (0..9).map(|_| rounds.begin(None)).collect();
        let seconds = [5, 10, 20, 40, 80, 160, 320, 600, 600];
        assert_eq!(lengths, seconds.map(|seconds| seconds * 1_000));
    }

    #[test]
    fn round_ends_before_its_key_and_its_call_do() {
        for (key_lasts, expected) in [(0, 1_000), (3, 3_000), (5, 5_000), (300, 5_000)] {
            assert_eq!(rounds(None).begin(seconds(key_lasts)), expected);
        }
        let mut short = Rounds::new(None, Duration::from_secs(12));
        assert_eq!((short.begin(None), short.begin(None)), (5_000, 6_000));
    }

    #[test]
    fn last_round_ends_with_the_wait() {
        let mut rounds = rounds(seconds(7));
        assert_eq!(rounds.begin(None), 5_000);
        assert!((6_000..=7_000).contains(&rounds.begin(None)));
        let mut over = self::rounds(seconds(0));
        assert_eq!(over.begin(None), 0);
        let running = execution(ExecutionStatus::Running);
        assert!(matches!(over.next(running, true), Next::Ended(Ok(_))));
        assert!(matches!(over.next(not_found(), true), Next::Ended(Err(_))));
        assert!(matches!(over.next(throttled(), true), Next::Ended(Err(_))));
    }

    #[test]
    fn only_a_final_status_ends_the_wait() {
        use ExecutionStatus::{
            Deleting, Failed, Other, Paused, Pausing, Running, Stopped, Succeeded, TimedOut,
        };
        for status in [Succeeded, Failed, TimedOut, Stopped, Deleting] {
            let next = passed(None).next(execution(status), true);
            assert!(matches!(next, Next::Ended(Ok(_))), "{next:?}");
        }
        for status in [Running, Pausing, Paused, Other("REVIEWING".to_owned())] {
            let next = passed(None).next(execution(status), true);
            assert!(matches!(next, Next::Round(Some(_))), "{next:?}");
        }
    }

    #[test]
    fn expired_key_is_renewed_once_in_a_row_if_it_can_be() {
        let mut rounds = passed(None);
        assert!(matches!(rounds.next(expired(), true), Next::Renewal));
        assert!(matches!(rounds.next(expired(), true), Next::Ended(Err(_))));
        rounds.next(execution(ExecutionStatus::Running), true);
        assert!(matches!(rounds.next(expired(), true), Next::Renewal));
        let next = passed(None).next(expired(), false);
        assert!(matches!(next, Next::Ended(Err(_))));
    }

    /// A suspended machine wakes up after the end of its key.
    #[test]
    fn error_after_the_end_of_the_key_leads_to_another_round() {
        let rejected = || Err(Error::ExecutionFailed);
        let mut rounds = rounds(None);
        rounds.begin(seconds(3_600));
        assert!(matches!(rounds.next(rejected(), true), Next::Ended(Err(_))));
        rounds.round.key_ends = Some(SystemTime::UNIX_EPOCH);
        let next = rounds.next(rejected(), false);
        assert!(matches!(next, Next::Ended(Err(_))));
        assert!(matches!(rounds.next(rejected(), true), Next::Renewal));
        // The clock of this machine is wrong: every key has ended by it.
        let mut rounds = self::rounds(None);
        rounds.begin(seconds(0));
        assert!(matches!(rounds.next(rejected(), true), Next::Ended(Err(_))));
    }

    #[test]
    fn invisible_execution_is_waited_for_until_it_was_seen() {
        let mut rounds = passed(None);
        assert!(matches!(rounds.next(not_found(), true), Next::Round(None)));
        rounds.next(execution(ExecutionStatus::Running), true);
        let next = rounds.next(not_found(), true);
        assert!(matches!(next, Next::Ended(Err(_))), "{next:?}");
        let mut late = passed(None);
        late.began -= INVISIBLE;
        let next = late.next(not_found(), true);
        assert!(matches!(next, Next::Ended(Err(_))), "{next:?}");
    }

    #[test]
    fn failure_at_the_end_of_a_round_may_pass() {
        let mut rounds = passed(None);
        for _ in 1..MAX_FAILURES {
            let next = rounds.next(throttled(), true);
            assert!(matches!(next, Next::Round(None)), "{next:?}");
        }
        let next = rounds.next(throttled(), true);
        assert!(matches!(next, Next::Ended(Err(_))), "{next:?}");
        // The component had time left, and gave up.
        let mut rounds = self::rounds(None);
        rounds.begin(None);
        let next = rounds.next(throttled(), true);
        assert!(matches!(next, Next::Ended(Err(_))), "{next:?}");
    }
}
