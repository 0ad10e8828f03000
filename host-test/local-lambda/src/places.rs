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
    /// `None` while a request is being answered.
    waiting_since: Option<u64>,
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
pub struct State<'a> {
    place: &'a Place,
    waits_afterwards: bool,
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
            waiting_since: Some(id),
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
        let waiting = waiting.filter_map(|(id, it)| Some((it.waiting_since?, *id)));
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
    pub fn answering(&self) -> State<'_> {
        self.set(false)
    }

    /// The body of a request is being read until the state is dropped. The client may delay it, so
    /// the connection makes room for others meanwhile.
    pub fn reading(&self) -> State<'_> {
        self.set(true)
    }

    fn set(&self, waits: bool) -> State<'_> {
        self.0.set(waits);
        State {
            place: self,
            waits_afterwards: !waits,
        }
    }
}

impl Occupied {
    fn set(&self, waits: bool) {
        let mut open = lock(&self.places.open);
        let now = open.tick();
        if let Some(connection) = open.connections.get_mut(&self.id) {
            connection.waiting_since = waits.then_some(now);
        }
        drop(open);
        if waits {
            self.places.freed.notify_one();
        }
    }
}

impl Drop for State<'_> {
    fn drop(&mut self) {
        self.place.0.set(self.waits_afterwards);
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
