//! The transport-free face of JourneyForge: what an engine can be asked, what it answers, and what it can be extended with.
//!
//! This crate is row 1 of the house. Below it lies `jf-dsl` (documents); above it everything else: bindings speak to an
//! [`Engine`] and know nothing of its inside, engines implement it and know nothing of transports, and the [`spi`] module
//! holds the traits of expression engines, task plugins, connectors and clocks. No runtime, no store and no socket appears here.
//!
//! # For callers
//!
//! Every operation of the specification (ENG-001) is a method of [`Engine`]. Requests are built with constructors and
//! `with_…` methods, so that they survive new members. Commands ([`Engine::start`], [`Engine::submit_step`],
//! [`Engine::cancel`]) answer in two stages: *admitted*, once the command is durable, and *settled*, once the reply is known.
//!
//! ```
//! use jf_core::{Caller, Engine, EngineError, StartReply, StartRequest};
//! use serde_json::json;
//!
//! async fn approve_loan(engine: &dyn Engine) -> Result<String, EngineError> {
//!     let caller = Caller::internal("batch");
//!     let request = StartRequest::new("loan-approval", json!({ "amount": 1200 }))?;
//!     let started = engine.start(request, &caller).await?; // durable from here on
//!     Ok(match started.settled().await? {
//!         StartReply::Outcome { outcome, .. } => outcome.document.status,
//!         StartReply::Status(status) => status.document.current_state.to_string(),
//!         StartReply::Started(started) => started.document.status_url,
//!         _ => String::new(),
//!     })
//! }
//! ```
//!
//! # For implementers
//!
//! [`Engine`] documents the contract sentence by sentence. [`HeadPublisher`] is a ready-made wake-up for
//! [`Engine::watch`], and [`Subscription`] turns `events` and `watch` into ordered deliveries for every binding.

mod authority;
mod budget;
mod caller;
mod documents;
mod engine;
mod error;
pub mod exact_json;
mod head;
mod identity;
mod ids;
mod json;
mod json_number;
mod json_place;
mod links;
mod log;
mod origin;
mod problem;
mod reply;
mod request;
pub mod spi;
mod subscription;
mod time;
mod trace;

/// The language's own types, as far as they appear in this interface: definitions, names, paths, templates, site classes.
/// Implementers of an engine or a plugin reach them here and need depend on this crate only.
pub use jf_dsl as dsl;

pub use authority::Authority;
pub use budget::{ByteBudget, ByteShare};
pub use caller::{Caller, CallerBuilder};
pub use documents::{
    ActiveStep, JourneyOutcome, JourneyStartResponse, JourneyStatus, OutcomeError, Phase, StepType,
    TerminationKind,
};
pub use engine::{DrainReport, Engine, EngineCapabilities};
pub use error::{Effect, EngineError, EngineErrorKind, ErrorClass, run_fault};
pub use head::{HeadPublisher, HeadSignal, HeadWatch};
pub use identity::{PeerCertificates, Principal, client_network, rests_on_ambient_identity};
pub use ids::{
    Cursor, Epoch, Head, HeadCondition, IdempotencyKey, InvalidId, JourneyId, ScheduleId, StepRef,
};
pub use json::{JsonFault, read_json};
pub use json_place::{JsonPlace, explain_json};
pub use links::{Link, Links};
pub use log::{At, Event, EventFilter, EventKind, GapReason, LogDocument, Replay};
pub use origin::{NoOrigin, PageOrigin};
pub use problem::{Problem, Violation};
pub use reply::{ApiReply, ClientCookie, Page, StartReply, Started, Submitted};
pub use request::{CallApi, CallInput, Cancel, ListQuery, StartRequest, StepTarget, SubmitStep};
pub use subscription::{Delivery, Opened, Replaying, SubscribeOptions, Subscription};
pub use time::{format_timestamp, rfc3339_millis};
pub use trace::TraceContext;
