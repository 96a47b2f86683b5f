//! Embedding example: both bindings on one port in a main of your own.
