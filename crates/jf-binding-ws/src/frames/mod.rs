//! Frames of the protocol as types: what clients send (§3, §5) and what the server sends (§4).

mod client;
mod decode;
mod envelope;
mod fields;
mod members;
mod server;

pub(crate) use client::{Cancel, Command, Hello, Request, RunRef, Start, Step, Subscribe, Wish};
pub(crate) use decode::{Meaning, decode, run_named};
pub(crate) use envelope::{Envelope, FrameLimits, Refused, RequestId};
pub(crate) use server::{
    Action, AuthExpiring, Authenticated, Document, ErrorFrame, Gap, GoAway, Plain, Subscribed, Unsubscribed,
    Welcome, WelcomeAuth, WelcomeHeartbeat, WelcomeJourney, Written, to_text,
};
