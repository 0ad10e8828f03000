//! A bounded number of open connections. A connection whose client has not finished its request
//! makes room for a new one; a connection whose request is being answered does not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use hyper::http::Extensions;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::sync::lock;

/// The open connections of a server.
#[derive(Debug)]
pub struct Places {
    limit: usize,
    open: Mutex<Open>,
    /// A connection has ended, or one waits for its client again.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    connections: HashMap<u64, Connection>,
    /// Numbers connections, and orders the times since which they wait.
    clock: u64,
}

#[derive(Debug)]
struct Connection {
    /// How many parts of the server work on an answer. At 0, the connection waits for its client.
    answering: isize,
    /// When the connection last began to wait.
    waiting_since: u64,
    closing: CancellationToken,
}

/// The place of one connection. Dropping the last clone frees it.
#[derive(Debug, Clone)]
pub struct Place(Arc<Occupied>);

#[derive(Debug)]
struct Occupied {
    places: Arc<Places>,
    id: u64,
}

/// The states of a connection: see [`Place::answering`] and [`Place::reading`].
#[derive(Debug)]
pub struct State {
    place: Place,
    answers: bool,
}

impl Places {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.max(1),
            open: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Returns a place. If all are taken, closes the connection that has waited for its client for
    /// the longest time. If none waits, waits until one does or ends. `closing` ends the connection.
    pub async fn take(self: &Arc<Self>, closing: CancellationToken) -> Place {
        loop {
            if let Some(place) = self.try_take(&closing) {
                return place;
            }
            self.freed.notified().await;
        }
    }

    fn try_take(self: &Arc<Self>, closing: &CancellationToken) -> Option<Place> {
        let mut open = lock(&self.open);
        if open.connections.len() >= self.limit && !open.close_oldest() {
            return None;
        }
        let id = open.tick();
        let connection = Connection {
            answering: 0,
            waiting_since: id,
            closing: closing.clone(),
        };
        open.connections.insert(id, connection);
        Some(Place(Arc::new(Occupied {
            places: Arc::clone(self),
            id,
        })))
    }

    /// Closes the connection that has waited for its client for the longest time. Returns whether
    /// there is one.
    pub fn close_oldest(&self) -> bool {
        lock(&self.open).close_oldest()
    }
}

impl Open {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn close_oldest(&mut self) -> bool {
        let waiting = self.connections.iter();
        let waiting = waiting.filter(|(_, it)| it.answering <= 0);
        let waiting = waiting.map(|(id, it)| (it.waiting_since, *id));
        let Some((_, oldest)) = waiting.min() else {
            return false;
        };
        if let Some(connection) = self.connections.remove(&oldest) {
            connection.closing.cancel();
        }
        true
    }
}

impl Place {
    /// A request is being answered until the state is dropped.
    pub fn answering(&self) -> State {
        self.begin(true)
    }

    /// The answer waits for its client until the state is dropped: for the body of the request, or for
    /// room in a streamed response. The client may delay both, so the connection makes room for others
    /// meanwhile.
    pub fn reading(&self) -> State {
        self.begin(false)
    }

    fn begin(&self, answers: bool) -> State {
        self.0.change(answers);
        State {
            place: self.clone(),
            answers,
        }
    }
}

impl Occupied {
    fn change(&self, begins: bool) {
        let mut open = lock(&self.places.open);
        let now = open.tick();
        let Some(connection) = open.connections.get_mut(&self.id) else {
            return;
        };
        connection.answering += if begins { 1 } else { -1 };
        if !begins && connection.answering <= 0 {
            connection.waiting_since = now;
            drop(open);
            self.places.freed.notify_one();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.place.0.change(!self.answers);
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        lock(&self.places.open).connections.remove(&self.id);
        self.places.freed.notify_one();
    }
}

/// Reads the body of a request of [`Server::serve_http`](crate::Server::serve_http). `extensions`
/// are those of its head. Meanwhile, the connection may be closed to make room for another, because
/// a client can delay its body for ever.
pub async fn read_body<T>(extensions: &Extensions, read: impl Future<Output = T>) -> T {
    let _reading = extensions.get::<Place>().map(Place::reading);
    read.await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether a further connection finds room now.
    async fn room(places: &Arc<Places>) -> bool {
        tokio::select! {
            biased;
            _ = places.take(CancellationToken::new()) => true,
            () = async {} => false,
        }
    }

    #[tokio::test]
    async fn connection_makes_room_unless_a_part_of_its_answer_is_in_work() {
        let places = Places::new(1);
        let closing = CancellationToken::new();
        let place = places.take(closing.clone()).await;
        let head = place.answering();
        let stream = place.answering();
        drop(head);
        assert!(!room(&places).await);
        let reading = place.reading();
        drop(reading);
        assert!(!room(&places).await);
        assert!(!closing.is_cancelled());
        drop(stream);
        assert!(room(&places).await);
        assert!(closing.is_cancelled());
    }
}
