//! The WebSocket binding: the protocol `journeyforge.v1` over any [`Engine`](jf_core::Engine).
//!
//! Row 3 of the house: it sees `jf-core` and `jf-dsl` and no engine, store or language. It never opens a port; an embedder
//! attaches it to a router and serves both bindings on one port:
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use jf_binding_ws::{ConfigError, Drain, WsConfig};
//! use jf_core::Engine;
//!
//! fn app(http: Router, engine: Arc<dyn Engine>, drain: Drain) -> Result<Router, ConfigError> {
//!     let mut config = WsConfig::default();
//!     config.allowed_origins.push("https://shop.example".to_owned());
//!     config.drain = drain; // keep a clone: `begin()` announces the end, `closed()` waits for the last connection
//!     jf_binding_ws::attach(http, engine, config)
//! }
//! # let _ = app;
//! ```
//!
//! [`WsBinding`] is the same in parts, for servers that are no `axum::Router` and for conversations over other transports.
//!
//! # How a connection works
//!
//! ```text
//! socket   bytes, buffers, a close that arrives     handshake  HS-1 to ORG-3, SP-*          layer, binding  the embedder's view
//! session  messages and time, one task              ├ core       frames in, replies out      ├ followers  subscriptions and pushes
//! frames   text to requests, documents to text      routing    paths and types (RT-*)
//!                                                    audience   what many are told is written once
//! ```
//!
//! One task per connection drives everything it has going: requests are futures it owns, subscriptions are cursors that wait
//! without a future, time is one timer. Nothing it holds grows with what a client does not read (FLOW-1, FLOW-6), and dropping
//! it is all there is to do when a connection ends, since no run depends on one (WS-025).
//!
//! Commands of one run are given to the engine in the order they arrived, without waiting for each other (ORD-1): an engine
//! orders them by their first poll, see the contract of [`Engine`](jf_core::Engine).
//!
//! # What is not here
//!
//! permessage-deflate (CMP-1) and extended CONNECT. No client is made to believe otherwise: extension offers are declined, and a path
//! answers 426 over HTTP/2.

mod audience;
mod authenticator;
mod binding;
mod close;
mod config;
mod credential;
mod drain;
mod frames;
mod handshake;
mod layer;
mod origin;
mod problem;
mod routing;
mod session;
mod socket;

pub use authenticator::{AuthenticationError, Authenticator, Identity, Revocation};
pub use binding::{WsBinding, attach};
pub use config::{
    Caps, ConfigError, Heartbeat, InBandAuth, Limits, OnExpiry, OnMismatch, RequireStepId, WsConfig,
};
pub use drain::Drain;
pub use layer::{WsLayer, WsService};
