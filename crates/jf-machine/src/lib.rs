//! The pure interpreter: journey semantics without clocks, stores or sockets.
