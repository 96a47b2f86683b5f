//! The httpCall:v1 task and the HTTP connector.
