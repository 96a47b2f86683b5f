//! The HTTP binding: an axum router over any engine.
//!
//! This crate is one of row 3: it knows [`jf_core::Engine`] and HTTP, and nothing of what an engine does inside. [`router`] gives
//! the Journeys API and the Api endpoints of chapter 06 of the specification; [`health_router`] gives the probes of load
//! balancers, and [`document_router`] hands out finished documents such as a contract. None opens a port: an embedder composes them with routes and layers of its own and
//! serves the result as it likes.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use jf_binding_http::{HttpConfig, InvalidOrigin, Origins, Readiness, health_router, router};
//! use jf_core::Engine;
//!
//! fn app(engine: Arc<dyn Engine>, readiness: &Readiness) -> Result<Router, InvalidOrigin> {
//!     let origins = Origins::default().with_own(["https://api.example.org"])?;
//!     let config = HttpConfig::default().with_origins(origins);
//!     Ok(router(engine, config).merge(health_router(readiness.clone())))
//! }
//! ```
//!
//! # What the binding does, and what it leaves to others
//!
//! It reads the request (path, method, headers, body), hands body and [`Caller`](jf_core::Caller) to the engine, and writes the
//! document it gets back. Projections, pass-through, links, guards and the choice of an Api's status are the engine's: the same for
//! every binding. Requests the binding can refuse by itself never reach the engine, those of Apis excepted, whose refusals go
//! through the definition's error envelope.
//!
//! A layer in front authenticates and says so with request extensions ([`Principal`](jf_core::Principal),
//! [`PeerCertificates`](jf_core::PeerCertificates),
//! [`ConnectInfo`](axum::extract::ConnectInfo)). Time-outs, connection limits, rate limits, TLS and panic isolation belong to the
//! server that calls the router.
//!
//! [`Hosts`] and [`TrustedProxies`] stand in front of a whole router, WebSocket endpoints included: the names it answers to, and the
//! proxies that may say which certificate a client has shown. [`Operators`] decides who may list runs.
//!
//! Event streams (HTTP-100) are read from the engine when their reader takes more, so a slow one costs nobody anything. One that never
//! reads is for the server to notice: the router cannot see its socket.

mod body;
mod caller;
mod conditional;
mod config;
mod cors;
mod documents;
mod hosts;
mod idempotency;
mod json;
mod operators;
mod path;
mod problem;
mod proxies;
mod respond;
mod router;
mod routes;

pub use config::{HttpConfig, ListMode};
pub use cors::{InvalidOrigin, Origins};
pub use documents::{Document, InvalidDocument, document_router};
pub use hosts::{Hosts, InvalidHost, addressee};
pub use operators::Operators;
pub use proxies::{CertificateHeader, InvalidNetwork, TrustedProxies};
pub use router::router;
pub use routes::health::{Readiness, health_router};
