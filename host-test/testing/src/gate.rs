//! A server that answers nobody before it is told to: what waits for it waits at once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A request that has arrived whole.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Of the path of an invocation.
    pub function: String,
    pub authorization: String,
    pub body: String,
}

/// How to answer; `None` breaks the connection instead.
pub type Answer = fn(&Arrived) -> Option<Response<Full<Bytes>>>;

pub struct Gate {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _end: DropGuard,
}

struct Shared {
    answer: Answer,
    arrived: Mutex<Vec<Arrived>>,
    count: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer,
            arrived: Mutex::default(),
            count: watch::Sender::new(0),
            open: watch::Sender::new(false),
        });
        let ended = CancellationToken::new();
        tokio::spawn(
            ended
                .clone()
                .run_until_cancelled_owned(accept(listener, Arc::clone(&shared))),
        );
        Self {
            addr,
            shared,
            _end: ended.drop_guard(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Waits until so many requests are waiting for their answers.
    pub async fn waiting(&self, requests: usize) -> Vec<Arrived> {
        let mut count = self.shared.count.subscribe();
        count.wait_for(|count| *count >= requests).await.unwrap();
        let arrived = self.shared.arrived.lock().unwrap().clone();
        assert_eq!(arrived.len(), requests, "no call is made twice");
        arrived
    }

    /// From now on everything is answered.
    pub fn open(&self) {
        self.shared.open.send_replace(true);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let answer = service_fn(move |request| wait_and_answer(Arc::clone(&shared), request));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(client), answer),
        );
    }
}

async fn wait_and_answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let authorization = head.headers.get("authorization");
    let arrived = Arrived {
        function: head.uri.path().split('/').nth(3).unwrap_or("").to_owned(),
        authorization: authorization.map_or_else(String::new, |it| it.to_str().unwrap().to_owned()),
        body: String::from_utf8(body.to_vec())?,
    };
    shared.arrived.lock().unwrap().push(arrived.clone());
    shared.count.send_modify(|count| *count += 1);
    shared.open.subscribe().wait_for(|open| *open).await?;
    (shared.answer)(&arrived).ok_or_else(|| "broken".into())
}
