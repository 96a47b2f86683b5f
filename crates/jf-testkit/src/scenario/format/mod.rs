//! Scenario files: what stands in them, read with positions.

mod faults;
mod keys;
mod pattern;
mod read;
mod reader;
mod steps;
mod stubs;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jf_core::dsl::{Diagnostics, IsoDuration, Node, SourceFile, Span};
use jiff::Timestamp;
use serde_json::Value;

pub(crate) use faults::FAILED;
pub use faults::SCENARIO_RULES;
pub use keys::{Key, SECTIONS, Section};

use super::DriverKind;
use crate::StubRule;
use crate::expected::Expected;

/// The name of a run that was given none.
const DEFAULT_RUN: &str = "run";

/// The matchers of expectations, as they are written, with what they mean.
#[must_use]
pub fn matchers() -> &'static [(&'static str, &'static str)] {
    &pattern::MATCHERS
}

/// A scenario as it was read.
///
/// ```
/// use jf_core::dsl::SourceFile;
/// use jf_testkit::scenario::Scenario;
///
/// let source = SourceFile::new("greeting.scenario.yaml", r#"
/// scenario: somebody is greeted
/// definitions: [hello.journey.yaml]
/// steps:
///   - start: { journey: hello, input: { name: Ada } }
///     expect: { result: outcome, document: { output: !matches "Ada$" } }
/// "#);
/// let scenario = Scenario::read(&source)?;
/// assert_eq!((scenario.name(), scenario.steps()), ("somebody is greeted", 1));
/// # Ok::<(), jf_core::dsl::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) source: SourceFile,
    pub(crate) name: String,
    pub(crate) covers: Vec<String>,
    pub(crate) definitions: Vec<PathBuf>,
    pub(crate) drivers: Option<Vec<DriverKind>>,
    pub(crate) config: Option<Node>,
    pub(crate) clock: Timestamp,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) stubs: Vec<StubRule>,
    pub(crate) steps: Vec<Step>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn read(source: &SourceFile) -> Result<Self, Diagnostics> {
        read::read(source)
    }

    /// What it shows.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    #[must_use]
    pub const fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The rules it holds.
    #[must_use]
    pub fn covers(&self) -> &[String] {
        &self.covers
    }

    /// Its definitions: files and folders, relative to the folder of the scenario.
    #[must_use]
    pub fn definitions(&self) -> &[PathBuf] {
        &self.definitions
    }

    /// Its configuration as it stands in the file; a mapping.
    #[must_use]
    pub const fn config(&self) -> Option<&Node> {
        self.config.as_ref()
    }

    /// The ways it wants to be run; `None` for all that apply.
    #[must_use]
    pub fn drivers(&self) -> Option<&[DriverKind]> {
        self.drivers.as_deref()
    }

    /// The number of its steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}

/// One step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The key of its action.
    pub(crate) span: Span,
    pub(crate) action: Action,
    pub(crate) expect: Option<Expect>,
}

/// What is done.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Start {
        journey: String,
        run: String,
        input: Value,
        key: Option<String>,
        request: RequestParts,
    },
    Advance(IsoDuration),
    Submit {
        run: String,
        step: String,
        payload: Value,
        key: Option<String>,
        if_seq: Option<u64>,
        request: RequestParts,
    },
    Outcome {
        run: String,
        request: RequestParts,
    },
    Status {
        run: String,
        request: RequestParts,
    },
    Cancel {
        run: String,
        key: Option<String>,
        if_seq: Option<u64>,
        request: RequestParts,
    },
    List(Vec<(String, String)>),
    CallApi {
        api: String,
        input: Value,
        request: RequestParts,
    },
    Events {
        run: String,
        after: u64,
    },
    Calls {
        expected: Vec<CallExpected>,
        unordered: bool,
    },
    Topics,
    Restart,
}

impl Action {
    /// The key of the step.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Advance(_) => "advance",
            Self::Submit { .. } => "submit",
            Self::Outcome { .. } => "outcome",
            Self::Status { .. } => "status",
            Self::Cancel { .. } => "cancel",
            Self::List(_) => "list",
            Self::CallApi { .. } => "callApi",
            Self::Events { .. } => "events",
            Self::Calls { .. } => "calls",
            Self::Topics => "topics",
            Self::Restart => "restart",
        }
    }

    /// What can come back.
    pub(crate) const fn results(&self) -> &'static [ResultKind] {
        use ResultKind::{Error, Events, Outcome, Page, Response, Started, Status};
        match self {
            Self::Start { .. } => &[Status, Outcome, Started, Error],
            Self::Submit { .. } | Self::Status { .. } | Self::Cancel { .. } => &[Status, Error],
            Self::Outcome { .. } => &[Outcome, Error],
            Self::List(_) => &[Page, Error],
            Self::CallApi { .. } => &[Response, Error],
            Self::Events { .. } => &[Events, Error],
            Self::Advance(_) | Self::Calls { .. } | Self::Topics | Self::Restart => &[],
        }
    }
}

/// Headers and query of a step.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestParts {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
}

/// Some calls in a row.
#[derive(Debug, Clone)]
pub(crate) struct CallExpected {
    pub(crate) stub: String,
    pub(crate) times: usize,
}

/// What came back, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultKind {
    Status,
    Outcome,
    Started,
    Error,
    Page,
    Response,
    Events,
}

impl ResultKind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Status, Self::Outcome, Self::Started, Self::Error, Self::Page, Self::Response, Self::Events];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Outcome => "outcome",
            Self::Started => "started",
            Self::Error => "error",
            Self::Page => "page",
            Self::Response => "response",
            Self::Events => "events",
        }
    }
}

/// What must come back.
#[derive(Debug, Clone)]
pub(crate) struct Expect {
    pub(crate) result: ResultKind,
    pub(crate) result_span: Span,
    /// The document, the Problem or the body.
    pub(crate) content: Option<Expected>,
    pub(crate) status: Option<Expected>,
    pub(crate) headers: Vec<(String, Expected)>,
    pub(crate) kinds: Option<(Vec<String>, Span)>,
}

#[cfg(test)]
mod tests;
