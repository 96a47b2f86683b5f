//! An engine that reaches nobody.

use async_trait::async_trait;
use jf_core::spi::{HttpConnector, HttpExchange, HttpFailure, HttpFailureKind, HttpReceived};

/// A connector that refuses every request, for engines none of whose tasks send any.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHttp;

#[async_trait]
impl HttpConnector for NoHttp {
    async fn send(&self, _request: HttpExchange) -> Result<HttpReceived, HttpFailure> {
        Err(HttpFailure::new(HttpFailureKind::Blocked, "this engine sends no requests"))
    }
}
