//! The HTTP binding: an axum router over any engine.
