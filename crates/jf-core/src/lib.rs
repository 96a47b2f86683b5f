//! The logical engine API and the service provider interfaces of JourneyForge.
