//! Conversations of the protocol `journeyforge.v1` as text files, and a runner that holds a server to them.
//!
//! A transcript says what a client sends and what a server has to answer, line by line, with names for what only the server knows:
//!
//! ```text
//! # The smallest useful client: it connects, starts a run and submits a step.
//! # covers: [OP-2, OP-4]
//!
//! ! connect /ws/journeys/order
//! < {"type":"welcome","protocol":"journeyforge.v1"}
//! > {"type":"placeOrder","payload":{"orderId":"A-17"}}
//! < {"type":"status","journeyId":"$run","seq":1,"subscribed":true}
//! > {"type":"decide","id":"2","journeyId":"$run","payload":{"decision":"approve"}}
//! < {"type":"status","id":"2","journeyId":"$run","seq":2}
//! ```
//!
//! Every line is described in `docs/reference/transcripts.md`; mistakes in a file are told with their lines ([`Transcript::parse`]). What is under
//! test stands behind [`Stage`]: this crate knows no server. A stage that cannot do what a file needs says why, and the file is skipped with
//! that reason ([`Verdict::Skipped`]).
//!

mod act;
mod format;
mod pattern;
mod run;
mod stage;
#[cfg(test)]
mod tests;

pub use act::{Act, Expectation, Need, Step};
pub use format::{Fault, Transcript};
pub use pattern::Pattern;
pub use run::{Verdict, run};
pub use stage::{Line, Received, Refused, Stage};
