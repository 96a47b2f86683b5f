//! What stands between a transcript and a server.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::Need;

/// A server with a fresh store, for one transcript. The journeys of the transcripts are deployed, and the settings of the file are in force.
#[async_trait]
pub trait Stage: Send {
    /// Whether it can do something.
    ///
    /// # Errors
    /// Why not, in words; the transcript is skipped then.
    fn can(&self, need: &Need) -> Result<(), String>;

    /// Connects a client.
    ///
    /// # Errors
    /// When the handshake is refused.
    async fn connect(&mut self, path: &str, headers: &[(String, String)]) -> Result<Box<dyn Line>, Refused>;

    /// Asks over HTTP; gives status and document.
    ///
    /// # Errors
    /// When there is no answer, in words.
    async fn http(&mut self, method: &str, path: &str, body: Option<String>) -> Result<(u16, Value), String>;

    /// Lets time pass, for the engine and for the connections.
    ///
    /// # Errors
    /// When it cannot, in words.
    async fn advance(&mut self, by: Duration) -> Result<(), String>;

    /// Ends the server without warning and brings it back with what was durable. Connections are gone.
    ///
    /// # Errors
    /// When it does not come back, in words.
    async fn restart(&mut self) -> Result<(), String>;

    /// Announces the end of the server; does not wait for it.
    ///
    /// # Errors
    /// When it cannot, in words.
    async fn drain(&mut self) -> Result<(), String>;
}

/// One connection, from the client's side. Dropping it is losing it: nothing is said to the server.
#[async_trait]
pub trait Line: Send {
    /// Sends a text message.
    async fn send(&mut self, text: &str);

    /// Sends a binary message.
    async fn send_binary(&mut self, bytes: &[u8]);

    /// Sends a ping of RFC 6455.
    async fn send_ping(&mut self);

    /// Begins the close handshake with 1000.
    async fn send_close(&mut self);

    /// What comes next, within the time that the host finds patient.
    async fn receive(&mut self) -> Received;

    /// Waits until the server has nothing more to do, where the host can tell.
    async fn settle(&mut self) {}

    /// Stops reading, or begins again. Asked for under [`Need::Stall`] only.
    fn stall(&mut self, stalled: bool);

    /// Leaves pings of RFC 6455 unanswered. Asked for under [`Need::Control`] only.
    fn mute(&mut self);
}

/// What a client sees.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Received {
    /// A text message, put together, as JSON.
    Frame(Value),
    /// A ping of RFC 6455; hosts that answer it out of sight do not show it.
    Ping,
    /// The end, with code and name if there were any.
    Closed {
        /// The close code.
        code: Option<u16>,
        /// The name that came with it.
        name: String,
    },
    /// Something that has no place in the protocol.
    Alien(String),
    /// Nothing came.
    Silence,
}

/// A handshake that was answered without a WebSocket.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// The document.
    pub problem: Value,
}

impl Refused {
    /// An answer of that status with a document.
    #[must_use]
    pub const fn new(status: u16, problem: Value) -> Self {
        Self { status, problem }
    }
}
