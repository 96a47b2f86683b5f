//! An engine of one's own behind the HTTP and WebSocket bindings.
//!
//! Read `desk.rs`: it is everything an engine must do. The bindings cannot tell it from the one that JourneyForge brings.

mod desk;

pub use desk::Desk;
