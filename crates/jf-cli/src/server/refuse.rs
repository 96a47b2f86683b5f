//! Answers of the server itself: Problem documents for requests that do not reach the router.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use jf_core::{EngineError, EngineErrorKind, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::gate::{RefusalPermit, Why};

/// A request too many from one address (HTTP-026).
pub(super) fn too_fast(wait: Duration) -> Response {
    let error =
        EngineError::new(EngineErrorKind::RateLimited).with_detail("too many requests from this address");
    let mut response = problem(error);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

/// A handler that panicked.
pub(super) fn panicked() -> Response {
    let mut response = problem(EngineError::new(EngineErrorKind::Internal));
    // What is left of the request is of no use to the next one.
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A request that is not what it has to be.
pub(super) fn at_the_edge(error: EngineError) -> Response {
    let is_broken = error.kind() == EngineErrorKind::InvalidInput;
    let mut response = problem(error);
    if is_broken {
        // Where it ends may be a matter of opinion, and with it where the next one begins.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn problem(error: EngineError) -> Response {
    let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::from(document(&error.into_problem())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn document(problem: &Problem) -> Vec<u8> {
    serde_json::to_vec(problem).expect("a problem without extensions is JSON")
}

/// Answers a connection that cannot be taken and closes it.
pub(super) async fn connection(stream: TcpStream, why: Why, _permit: RefusalPermit) {
    last_words(stream, &bare_answer(why)).await;
}

/// Answers a client that speaks HTTP without TLS where TLS is spoken.
pub(super) async fn plain_text(stream: TcpStream) {
    let error = EngineError::invalid_input("this port speaks TLS: the address begins with https");
    last_words(stream, &bare(error, "")).await;
}

/// Writes an answer and closes the connection. Nothing that comes is parsed.
async fn last_words(mut stream: TcpStream, answer: &[u8]) {
    const PATIENCE: Duration = Duration::from_secs(1);
    let answer = async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        // Closing with unread bytes would reset the connection, and the answer with it.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whether the peer has seen it is its own matter.
    let _ = tokio::time::timeout(PATIENCE, answer).await;
}

fn bare_answer(why: Why) -> Vec<u8> {
    let kind = match why {
        Why::Full => EngineErrorKind::Unavailable,
        Why::Address => EngineErrorKind::RateLimited,
    };
    bare(EngineError::new(kind).with_detail(why.as_str()), "retry-after: 5\r\n")
}

/// An answer byte by byte, for those who have no connection of hyper.
fn bare(error: EngineError, more: &str) -> Vec<u8> {
    let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let body = document(&error.into_problem());
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n{more}\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}
