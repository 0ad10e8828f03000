//! Carries an operation out: signs its requests, sends them, hands it the answers.

use crate::aws::sigv4;
use crate::aws::time::AmzDate;
use crate::http;
use crate::lambda::outcome::{Error, Executed, TransportError};
use crate::lambda::{Operation, SERVICE, Step};

/// Runs `operation` to its end.
///
/// # Errors
/// The operation's own, or that of the transport.
pub fn perform<O: Operation>(mut operation: O) -> Result<O::Output, Error> {
    const ATTEMPTS: u8 = 1;
    loop {
        let target = operation.target();
        let mut request = operation.request();
        let payload_hash = sigv4::payload_hash(request.body);
        sigv4::sign(
            &mut request,
            &payload_hash,
            &target.key,
            &target.region,
            SERVICE,
            &AmzDate::from_unix(http::now()),
        );
        let answer = http::send(&request, operation.delivery());
        let response = answer.map_err(|failure| {
            Error::Transport(TransportError {
                kind: failure.kind,
                message: failure.message,
                executed: if operation.runs_function() {
                    failure.executed
                } else {
                    Executed::No
                },
                attempts: ATTEMPTS,
            })
        })?;
        match operation.read(response, ATTEMPTS)? {
            Step::Done(output) => return Ok(output),
            Step::More => {}
        }
    }
}
