//! Runs futures that never wait: those of a transport that blocks, and of the tests' transports.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

/// The output of a future whose every step is ready at once.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
