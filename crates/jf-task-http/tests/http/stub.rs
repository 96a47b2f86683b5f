//! Servers on loopback.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::stream;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

/// A scripted server; it stops with the runtime of its test.
#[derive(Debug, Clone)]
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    sent: AtomicUsize,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let service = Router::new()
            .route("/{*any}", any(answer))
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<SocketAddr>();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Bytes of the endless body that were asked for.
    pub(crate) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().unwrap().0;
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path().to_owned();
    let seen =
        Seen { method: parts.method, target: parts.uri.to_string(), headers: parts.headers, body, peer };
    shared.seen.lock().unwrap().push(seen);
    match path.as_str() {
        "/redirect" => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        "/cookie" => ([(header::SET_COOKIE, "a=1; Path=/")], "crumbs").into_response(),
        "/gzip" => {
            ([(header::CONTENT_ENCODING, "gzip"), (header::CONTENT_TYPE, "text/plain")], "\x1f not really")
                .into_response()
        }
        "/unavailable" => (StatusCode::SERVICE_UNAVAILABLE, "later").into_response(),
        "/silent" => std::future::pending().await,
        "/stalls" => Body::from_stream(stream::unfold(true, |first| async move {
            if !first {
                std::future::pending::<()>().await;
            }
            Some((Ok::<_, Infallible>(Bytes::from_static(b"a beginning")), false))
        }))
        .into_response(),
        "/endless" => Body::from_stream(stream::repeat_with(move || {
            const CHUNK: Bytes = Bytes::from_static(&[b'x'; 1024]);
            shared.sent.fetch_add(CHUNK.len(), Ordering::SeqCst);
            Ok::<_, Infallible>(CHUNK)
        }))
        .into_response(),
        "/pieces" => Body::from_stream(stream::iter(["one ", "two ", "three"].map(Ok::<_, Infallible>)))
            .into_response(),
        "/repeated" => {
            let mut headers = HeaderMap::new();
            headers.append("x-many", HeaderValue::from_static("1"));
            headers.append("x-many", HeaderValue::from_static("2"));
            (StatusCode::CREATED, headers, "made").into_response()
        }
        _ => "hello".into_response(),
    }
}

/// A server that reads one request per connection, answers with these bytes, and closes. Gives its origin and the number of
/// connections so far.
pub(crate) async fn raw(answer: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 1024];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(answer).await;
            let _ = socket.shutdown().await;
        }
    });
    (origin, connections)
}

/// An origin nobody listens at.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
