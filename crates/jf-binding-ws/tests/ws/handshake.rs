//! Handshakes and whole conversations over real sockets (§15).
