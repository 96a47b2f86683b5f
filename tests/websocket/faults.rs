//! Conversations that are cut off (being written).
