//! What the lines of a transcript say.

use std::time::Duration;

use super::Pattern;

/// One line that does something, with its place in the file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Step {
    /// The line it begins at, from 1.
    pub line: usize,
    /// The client it is about; empty for the only one.
    pub client: String,
    /// What happens.
    pub act: Act,
}

/// What happens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Act {
    /// `! connect PATH [with NAME: VALUE; …]`
    Connect {
        /// The path, with its query.
        path: String,
        /// Headers of the handshake.
        headers: Vec<(String, String)>,
    },
    /// `~ drop`: the connection is gone, without a word.
    Drop,
    /// `> …`, so many times.
    Send {
        /// The message, before names are inserted.
        text: String,
        /// How many times.
        times: usize,
    },
    /// `> (binary) HEX`
    SendBinary(Vec<u8>),
    /// `> (ping)`
    SendPing,
    /// `> (close)`
    SendClose,
    /// `< …`
    Expect(Expectation),
    /// Frames that may come in any order: neighbouring lines `<? …`.
    ExpectAnyOrder(Vec<(usize, Pattern)>),
    /// `! http METHOD PATH [BODY]` and `= STATUS [PATTERN]`
    Http {
        /// The method.
        method: String,
        /// The path, before names are inserted.
        path: String,
        /// The body, before names are inserted.
        body: Option<String>,
        /// The status that is expected; any success without it.
        status: Option<u16>,
        /// The body that is expected.
        answer: Option<Pattern>,
    },
    /// `! clock + TIME`
    Advance(Duration),
    /// `! restart`: the server ends without warning and comes back with what was durable.
    Restart,
    /// `! drain`: the server announces its end.
    Drain,
    /// `! stall`: the client stops reading.
    Stall,
    /// `! read`: it reads again.
    Read,
    /// `! mute`: pings of RFC 6455 are not answered any more.
    Mute,
}

/// What a client has to see next.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Expectation {
    /// A frame, so many times.
    Frame {
        /// What it is like.
        pattern: Pattern,
        /// How many times.
        times: usize,
    },
    /// `< nothing`
    Nothing,
    /// `< (ping)`: a ping of RFC 6455.
    Ping,
    /// `< close CODE [NAME]`
    Close {
        /// The code.
        code: u16,
        /// The name that comes with it.
        name: Option<String>,
    },
    /// `< refused STATUS [PATTERN]`: the handshake is answered otherwise.
    Refused {
        /// The status.
        status: u16,
        /// The Problem document.
        problem: Option<Pattern>,
    },
}

/// What a server, or a test that runs one, must be able to do for a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Time moves on demand, by so much in all.
    Clock(Duration),
    /// The server can be ended and brought back.
    Restart,
    /// The server can be told to stop.
    Drain,
    /// A client can stop reading, and the server notices.
    Stall,
    /// Pings of RFC 6455 can be seen and left unanswered.
    Control,
    /// The platform judges tokens of the form `NAME.SECONDS`; `stranger` is rejected.
    Tokens,
    /// There is another service at `http://slow.example/`, which answers every request after five seconds.
    Services,
}
