//! The WebSocket binding: the journeyforge.v1 protocol over any engine.

mod binding;
mod close;
mod config;
mod drain;
mod frames;
mod handshake;
mod layer;
mod origin;
mod problem;
mod routing;
mod session;
mod socket;

pub use binding::{WsBinding, attach};
pub use config::{Caps, ConfigError, Heartbeat, Limits, OnMismatch, RequireStepId, WsConfig};
pub use drain::Drain;
pub use layer::{WsLayer, WsService};
