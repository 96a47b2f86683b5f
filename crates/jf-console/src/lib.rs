//! The console: a page on which an operator sees the journeys of a system, watches a run move through its graph, starts runs and submits steps.
//!
//! Row 4 of the house: a composition above the bindings. [`router`] makes an `axum::Router` over any [`Engine`](jf_core::Engine), with everything
//! in it: the page and its scripts are part of the binary, nothing is fetched from elsewhere. `jf serve --console` serves it on a
//! listener of its own, which is where it belongs: it shows every run to whoever reaches it.
//!
//! # Guards
//!
//! What a run holds, and what is done to it, goes over the socket, so read guards hold there. The listing does not ask them, as it does not over HTTP in
//! operator mode: `/runs` gives tags, attributes, phase and active steps of guarded runs, too, and `/runs/{id}` tells a guarded one from none.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use jf_binding_ws::Drain;
//! use jf_console::{ConsoleConfig, InvalidConsole};
//! use jf_core::Engine;
//!
//! fn console(engine: Arc<dyn Engine>, drain: Drain) -> Result<Router, InvalidConsole> {
//!     let mut config = ConsoleConfig::default();
//!     config.websocket.drain = drain; // keep a clone: its connections end with those of the service
//!     jf_console::router(engine, config) // serve it on 127.0.0.1, and nowhere else without a token
//! }
//! # let _ = console;
//! ```
//!
//! # What is where
//!
//! | address | what |
//! |---|---|
//! | `/` and what it names | the page: HTML, style and modules as they lie in `page/`, and the TypeScript client as it is built |
//! | [`SOCKET`] | the protocol `journeyforge.v1` for *every* deployed journey, by the code of `jf-binding-ws` over a [view](self#a-view) of the engine |
//! | `/catalogue` | the definitions: graphs, schemas |
//! | `/runs`, `/runs/{id}` | the listing of the HTTP binding; the definition version of one run |
//! | `/session` | where there is a token: shows it, gets a session |
//!
//! # A view
//!
//! A journey without `spec.bindings.websocket` is not reachable over WebSocket, and the journeys of a system lie on many paths with message types of their own. So
//! the socket of the console is served over the engine as seen by an operator: its catalogue shows each journey with one binding more, the same path and
//! the same two message types for all. It is the same protocol with the same guards and the same checks; only what is reachable differs.

mod assets;
mod catalogue;
mod config;
mod derived;
mod gate;
mod graph;
mod problem;
mod router;
mod runs;
mod view;

pub use assets::asset_names;
pub use config::{ConsoleConfig, InvalidConsole, InvalidToken, Token};
pub use router::router;
pub use view::{SOCKET, START, SUBMIT};
