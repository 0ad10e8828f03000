//! A server that holds every response back until the test opens it, so all calls wait at the same
//! time.

use std::io;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::sync::watch;

use crate::http1::HttpServer;

/// A request whose head and body have arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The function name in the path of an invocation.
    pub function: String,
    pub authorization: String,
    pub body: String,
}

/// Builds the response to a request. `None` closes the connection instead.
pub type Answer = fn(&Arrived) -> Option<Response<Full<Bytes>>>;

pub struct Barrier {
    server: HttpServer,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Answer,
    arrived: Mutex<Vec<Arrived>>,
    count: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Barrier {
    pub async fn start(answer: Answer) -> Self {
        let shared = Arc::new(Shared {
            answer,
            arrived: Mutex::default(),
            count: watch::Sender::new(0),
            open: watch::Sender::new(false),
        });
        let waiting = Arc::clone(&shared);
        let wait = move |request| Arc::clone(&waiting).wait_and_answer(request);
        Self {
            server: HttpServer::start(wait).await,
            shared,
        }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Waits until `requests` requests have arrived, and returns them.
    pub async fn waiting(&self, requests: usize) -> Vec<Arrived> {
        let mut count = self.shared.count.subscribe();
        count.wait_for(|count| *count >= requests).await.unwrap();
        let arrived = self.shared.arrived.lock().unwrap().clone();
        assert_eq!(arrived.len(), requests, "a call was sent more than once");
        arrived
    }

    /// Answers all waiting requests, and every later one at once.
    pub fn open(&self) {
        self.shared.open.send_replace(true);
    }
}

impl Shared {
    async fn wait_and_answer(
        self: Arc<Self>,
        request: Request<Bytes>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let authorization = request.headers().get("authorization");
        let arrived = Arrived {
            function: request
                .uri()
                .path()
                .split('/')
                .nth(3)
                .unwrap_or("")
                .to_owned(),
            authorization: authorization
                .map_or_else(String::new, |it| it.to_str().unwrap().to_owned()),
            body: String::from_utf8(request.body().to_vec()).unwrap(),
        };
        self.arrived.lock().unwrap().push(arrived.clone());
        self.count.send_modify(|count| *count += 1);
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open)
            .await
            .map_err(io::Error::other)?;
        (self.answer)(&arrived).ok_or_else(|| io::Error::other("broken"))
    }
}
