//! The WebSocket binding: the journeyforge.v1 protocol over any engine.
