//! Conformance suites, fakes and drivers for JourneyForge implementations.
