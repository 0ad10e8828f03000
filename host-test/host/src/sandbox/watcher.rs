//! A view of the responses of one call, while the component reads them.

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use http_body_util::BodyExt;

use crate::outbound::Body;

/// Watches the responses of a call, for example to show its progress.
///
/// It sees what the network sent, as fast as the component reads it. The component decides what the
/// bytes mean, and may reject them after the watcher saw them. Only the result of the call counts.
///
/// The methods run between the network and the component, so they must return at once.
///
/// See [`Sandbox::call_watched`](super::Sandbox::call_watched).
pub trait ResponseWatcher: Send + Sync {
    /// Is called with the head of each response. Returns what is called with the pieces of its body,
    /// or `None` if the body is of no interest.
    fn response(&self, head: &Parts) -> Option<BodyWatcher>;
}

/// Is called with each piece of a body. The borders between pieces have no meaning.
pub type BodyWatcher = Box<dyn FnMut(&Bytes) + Send>;

/// Shows a response to the watcher.
pub(super) fn watched(response: Response<Body>, watcher: &dyn ResponseWatcher) -> Response<Body> {
    let (head, body) = response.into_parts();
    let body = match watcher.response(&head) {
        Some(mut see) => body
            .map_frame(move |frame| {
                if let Some(piece) = frame.data_ref() {
                    see(piece);
                }
                frame
            })
            .boxed_unsync(),
        None => body,
    };
    Response::from_parts(head, body)
}
