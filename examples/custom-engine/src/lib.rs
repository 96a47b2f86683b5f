//! An engine of one's own behind the HTTP and WebSocket bindings.
//!
//! Read `desk.rs`: it is everything an engine must do. The bindings cannot tell it from the one that JourneyForge brings, which
//! [`app`] shows: the routers are made from `Arc<dyn Engine>` and nothing else.

mod app;
mod desk;

pub use app::{AppError, app, catalog};
pub use desk::Desk;
