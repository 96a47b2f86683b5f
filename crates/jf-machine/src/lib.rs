//! The pure interpreter: journey semantics without clocks, stores or sockets.
//!
//! Row 2 of the house: it uses `jf-core` and `jf-dsl`, and an engine drives it. [`Program`] is a definition ready to run, [`Run`]
//! everything that is known of one run, and [`apply`] the one function through which a run changes: it takes an [`Input`] and
//! returns [`Effects`], or refuses and leaves the run as it was. Time, randomness and limits come in with [`Env`], so the same run,
//! input and environment always give the same result. The engine commits the changed run, then performs the effects.
//!
//! The states live in `states/`, one file each; `machine.rs` holds the one loop that runs through them.
mod api;
mod apply;
mod baggage;
mod context;
mod effect;
mod end;
mod env;
mod fact;
mod failure;
mod flow;
mod ids;
mod input;
mod link;
mod log;
mod machine;
mod measure;
mod metadata;
mod platform;
mod program;
mod projection;
mod refused;
mod run;
mod snapshot;
mod start;
mod states;
mod steps;
mod submit;
mod time;

pub use api::{ApiAnswer, api_answer, api_refusal};
pub use apply::{apply, pending_effects};
pub use effect::{Accepted, Effect, Effects, LogDocument, LogEntry, TaskOrder};
pub use env::{Env, Limits, OutputValidation, PlatformValues};
pub use fact::{Diagnostic, Fact};
pub use ids::{ActivationId, FlowId, SegmentId, TimerId};
pub use input::{Input, Submission, TaskFailure};
pub use link::{LinkError, LinkFault};
pub use platform::ConfigFault;
pub use program::Program;
pub use projection::ResponseMembers;
pub use refused::{Hold, Refused};
pub use run::Run;
pub use snapshot::SnapshotError;
pub use start::{InitialContext, prepare_start};
