//! A store of one's own under the engine that JourneyForge brings.
//!
//! Read `shelf.rs`: it is everything a store must do, in maps behind one lock. `tests/contract.rs` is how it is known to be right.

mod shelf;

pub use shelf::Shelf;
