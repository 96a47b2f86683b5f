//! The jq expression engine.
