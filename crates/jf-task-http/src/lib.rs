//! Outbound HTTP: the task kind `httpCall:v1` and the connector that carries every outbound request.
//!
//! This crate is one of row 3. It knows `jf-core` alone, whose interfaces it implements; engines and bindings never see it. Whoever
//! builds a system registers [`HttpCallTask`] and hands [`ReqwestConnector`] to the engine. The two are independent: the task sends
//! through any [`HttpConnector`](jf_core::spi::HttpConnector), and other plugins send through this connector.
//!
//! ```
//! use std::sync::Arc;
//!
//! use jf_core::spi::{HttpConnector, Registries};
//! use jf_task_http::{ConnectorConfig, HttpCallTask, ReqwestConnector};
//!
//! let config = ConnectorConfig::default();
//! let registries = Registries::builder().task(Arc::new(HttpCallTask::new(&config))).build()?;
//! let http: Arc<dyn HttpConnector> = Arc::new(ReqwestConnector::new(&config)?);
//! # let _ = (registries, http);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a call is made of
//!
//! The configuration is part of the language, which checks it when its definition is loaded; this crate compiles what it gets. Each
//! execution builds the request from the context alone, sends it once, and turns whatever happens into the result object of TSK-040.
//! Only what the author cannot branch on fails the state: a placeholder without a value, a mapper error, a value that a URL, a header or
//! a content type cannot carry.
//!
//! | file | topic |
//! |---|---|
//! | `plugin` | compiling a configuration, and refusing what does not work yet |
//! | `request/` | URL, headers and body: how each is compiled, and how it is built |
//! | `call`, `result`, `error_mapping`, `notify` | sending, and what becomes of the answer |
//! | `cookies` | the cookie jar of the run: what a request takes along, and what a response leaves |
//! | `connector/` | the client, its egress rules and its name resolution |

mod call;
mod config;
mod connector;
mod cookies;
mod error_mapping;
mod fault;
mod media_type;
mod notify;
mod plugin;
mod request;
mod result;

pub use config::{
    ConnectorConfig, HostPattern, InvalidHostPattern, InvalidOrigin, Origin, PoolConfig, Rewrite,
};
pub use connector::{ConnectorError, ReqwestConnector};
pub use plugin::HttpCallTask;
