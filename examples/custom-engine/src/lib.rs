//! Embedding example: a toy engine behind the same bindings.
