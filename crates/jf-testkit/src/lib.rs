//! Conformance suites, fakes and drivers for JourneyForge implementations.

mod clock;

pub use clock::ManualClock;
