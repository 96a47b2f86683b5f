//! The pure interpreter: journey semantics without clocks, stores or sockets.
//!
//! Row 2 of the house: below lie `jf-core` and `jf-dsl`, above it an engine that drives it. [`Program`] is a definition ready to
//! run, [`Run`] everything that is known of one run, and [`apply`] the one function through which a run changes: it takes an
//! [`Input`] and returns [`Effects`], or refuses and leaves the run as it was. Time, randomness and limits come in with [`Env`], so
//! the same run, input and environment always give the same result. An engine commits the changed run, then performs the effects.
//!
//! The states live in `states/`, one file each; `machine.rs` holds the one loop that runs through them.
//!
//! ```
//! use jf_core::spi::Registries;
//! use jf_core::{Caller, Epoch, JourneyId, StepRef, StepTarget};
//! use jf_dsl::SourceFile;
//! use jf_machine::{Env, Input, Limits, PlatformValues, Program, Run, Submission, apply, prepare_start};
//! use serde_json::json;
//!
//! let source = SourceFile::new(
//!     "approval.journey.yaml",
//!     "
//! apiVersion: v1
//! kind: Journey
//! metadata: { name: approval, version: 1.0.0 }
//! spec:
//!   start: approve
//!   states:
//!     approve:
//!       type: wait
//!       wait: { input: { schema: { type: object } }, timeoutSec: 3600, onTimeout: late }
//!       next: done
//!     late: { type: fail, errorCode: LATE, reason: nobody approved }
//!     done: { type: succeed, outputVar: payload }
//! ",
//! );
//! let registries = Registries::builder().features(Program::FEATURES.iter().copied()).build()?;
//! let program = Program::link(&jf_dsl::load(&source, &registries)?, &registries)?;
//!
//! // The world at one moment. An engine has a clock; the machine has not.
//! let (epoch, platform, limits) = (Epoch::parse("e1")?, PlatformValues::default(), Limits::default());
//! let env = Env::new("2026-01-01T00:00:00Z".parse()?, 42, &epoch, &platform, &limits);
//!
//! let caller = Caller::internal("example");
//! let initial = prepare_start(&program, json!({ "amount": 7 }), &caller, &limits)?;
//! let mut run = Run::new(&program, JourneyId::parse("r1")?, initial, &env, || JourneyId::parse("r2").expect("an id"));
//! apply(&program, &mut run, Input::Begin, &env)?;
//! assert_eq!(run.active_steps()[0].step_id, "approve");
//! assert_eq!(run.next_due(), Some("2026-01-01T01:00:00Z".parse()?));
//!
//! // Between any two inputs a run can be stored and read back.
//! let mut run = Run::from_snapshot(&run.to_snapshot())?;
//! let target = StepTarget::Any(StepRef::parse("approve")?);
//! let submission = Submission::new(target, json!({ "by": "ann" }), caller);
//! apply(&program, &mut run, Input::StepSubmitted(submission), &env)?;
//! assert_eq!(run.outcome().unwrap().output, json!({ "by": "ann" }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod answers;
mod api;
mod apply;
mod baggage;
mod compensation;
mod context;
mod cookies;
mod effect;
mod end;
mod env;
mod envelope;
mod fact;
mod failure;
mod flow;
mod guard;
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
mod root;
mod run;
mod schedule;
mod scopes;
mod snapshot;
mod start;
mod states;
mod steps;
mod submit;
mod time;

pub use answers::ResponseMembers;
pub use api::{ApiAnswer, api_answer, api_refusal};
pub use apply::{apply, pending_effects};
pub use compensation::CompensationOrder;
pub use effect::{Accepted, Effect, Effects, LogEntry, PutMode, TaskOrder};
pub use env::{Env, Limits, OutputValidation, PlatformValues};
pub use fact::{Diagnostic, Fact, ScheduleEvent};
pub use guard::Verdict;
pub use ids::{ActivationId, FlowId, SegmentId, TimerId};
pub use input::{Input, Submission, TaskFailure, TaskReturn};
pub use link::{LinkError, LinkFault};
pub use platform::ConfigFault;
pub use program::Program;
pub use refused::{Hold, Refused};
pub use run::Run;
pub use schedule::Schedule;
pub use snapshot::SnapshotError;
pub use start::{InitialContext, prepare_start};
pub use states::ScheduleOrder;
