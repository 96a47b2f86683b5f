//! The embedded durable engine: the default implementation of the Engine trait.
