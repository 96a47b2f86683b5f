//! The persistence interface and the complete in-memory store.
