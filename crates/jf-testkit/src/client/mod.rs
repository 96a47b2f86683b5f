//! Plain clients of the two bindings, as a test needs them.

mod http;
mod websocket;

pub(crate) use http::header_map;
pub use http::{HttpClient, HttpResponse};
pub use websocket::{Closed, Handshake, WebSocketClient};

use std::time::Duration;

/// How long a client waits for anything. Long: a busy machine is no failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What keeps a client from getting its answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No connection, or one that broke.
    #[error("the connection failed: {0}")]
    Connection(Box<dyn std::error::Error + Send + Sync>),
    /// The handshake was answered without a WebSocket.
    #[error("the handshake was refused with {0}")]
    Refused(Box<HttpResponse>),
    /// The server closed the connection while something was expected.
    #[error("the server closed the connection: {0:?}")]
    Closed(Closed),
    /// Nothing came in time.
    #[error("nothing came within {PATIENCE:?}")]
    Silence,
    /// What came is not what the protocol promises.
    #[error("against the protocol: {0}")]
    Protocol(String),
}

impl ClientError {
    pub(crate) fn connection(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Connection(error.into())
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(message.into())
    }
}

/// Waits, but not forever.
pub(crate) async fn patiently<T>(wait: impl Future<Output = T>) -> Result<T, ClientError> {
    tokio::time::timeout(PATIENCE, wait).await.map_err(|_| ClientError::Silence)
}
