//! A run: everything that is known of it, as plain data.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jf_core::spi::CookieJar;
use jf_core::{
    ActiveStep, JourneyId, JourneyOutcome, JourneyStatus, Phase, ScheduleId, TerminationKind, exact_json,
};
use jf_dsl::{DefinitionName, StateId, Version};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answers::Answers;
use crate::compensation::Following;
use crate::flow::{Flow, Place, Position};
use crate::program::ScopeIndex;
use crate::root::{self, Root};
use crate::start::InitialContext;
use crate::{ActivationId, Env, FlowId, Input, Program, SegmentId, TimerId, time};

/// One run of a Journey or an Api: plain data that serialises to compact JSON and back without loss.
///
/// A run is a tree of flows: its own, and one per live branch. It changes through [`apply`](crate::apply) and nothing else.
/// Cloning is cheap: contexts and the outcome are shared until they change. Its `Debug` form shows no contexts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub(crate) journey_id: JourneyId,
    pub(crate) name: DefinitionName,
    pub(crate) version: Version,
    #[serde(with = "time::millis")]
    pub(crate) created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::optional_millis")]
    pub(crate) deadline: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) attributes: IndexMap<String, String>,
    /// Of the last inbound request (HTTP-016).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<Arc<str>>,
    /// Whether [`Input::Begin`] was applied.
    pub(crate) begun: bool,
    pub(crate) seq: u64,
    pub(crate) shown: Shown,
    /// The trigger whose event is still to be made, while it waits to be continued (ENG-107).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trigger: Option<Trigger>,
    /// The last activation.
    pub(crate) activations: u64,
    /// The last segment.
    pub(crate) segments: SegmentId,
    /// The last flow.
    pub(crate) last_flow: FlowId,
    /// The live flows, the root first, each followed by its branches in document order; empty once the run has ended.
    pub(crate) flows: Vec<Flow>,
    #[serde(skip)]
    pub(crate) answers: Answers,
    /// What it is a run of.
    #[serde(default, rename = "compensates", skip_serializing_if = "Root::is_states", with = "root::stored")]
    pub(crate) root: Root,
    /// The cookies of the responses to its calls; once it has ended, those its client is still to get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cookies: Option<Arc<CookieJar>>,
    /// The schedule that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scheduled: Option<ScheduleId>,
    /// Its own compensation, if its definition has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) compensation: Option<Box<Following>>,
    /// How it will have ended once its compensation has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ending: Option<Box<End>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<End>,
}

/// What the last event of the log says beside constants: the status at the head is made of it, and a new event is due when
/// something of it has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    #[serde(with = "time::millis")]
    pub(crate) at: Timestamp,
    pub(crate) state: StateId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<ActiveStep>,
    /// How many attributes there were; they are only ever added.
    pub(crate) attributes: usize,
}

/// What a trigger has done so far that its event depends on (ENG-107).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trigger {
    /// A step was activated or deactivated.
    pub(crate) steps_moved: bool,
    /// States entered, by all flows.
    #[serde(default)]
    pub(crate) transitions: u32,
}

/// How a run ended.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct End {
    pub(crate) termination: TerminationKind,
    pub(crate) outcome: Arc<JourneyOutcome>,
    /// The context of the top-level scope, if answers after the end may read it ([`Program::reads_context_of_ended`]).
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "exact_json::read")]
    pub(crate) context: Option<Arc<Value>>,
}

impl Run {
    /// A run to which nothing has happened yet: its first input is [`Input::Begin`], its head is 0 until then.
    ///
    /// The clock of the deadline starts at `env.now` (ENG-060); its budget follows DEF-091 and DEF-092. `second_id` gives the id of
    /// its compensation; it is asked for if the definition has one.
    #[must_use]
    pub fn new(
        program: &Program,
        journey_id: JourneyId,
        initial: InitialContext,
        env: &Env<'_>,
        second_id: impl FnOnce() -> JourneyId,
    ) -> Self {
        let start = program.start_of(ScopeIndex::TOP).place();
        let mut run = Self::at(program, start, journey_id, (initial.context, initial.weight), env);
        (run.tags, run.attributes) = (initial.tags, initial.attributes);
        run.traceparent = initial.traceparent;
        run.reserve_compensation(program, second_id);
        run
    }

    /// A run about to enter a state, with a context of that weight and no metadata.
    pub(crate) fn at(
        program: &Program,
        start: Place,
        journey_id: JourneyId,
        (context, weight): (Arc<Value>, usize),
        env: &Env<'_>,
    ) -> Self {
        let created_at = time::floor(env.now);
        Self {
            journey_id,
            name: program.identity().name.clone(),
            version: program.identity().version.clone(),
            created_at,
            deadline: deadline(program, env),
            tags: Vec::new(),
            attributes: IndexMap::new(),
            traceparent: None,
            begun: false,
            seq: 0,
            shown: Shown { at: created_at, state: start.id.clone(), steps: Vec::new(), attributes: 0 },
            trigger: None,
            activations: 0,
            segments: SegmentId::FIRST,
            last_flow: FlowId::ROOT,
            answers: Answers::default(),
            flows: vec![Flow::root(start, context, weight)],
            root: Root::States,
            cookies: None,
            scheduled: None,
            compensation: None,
            ending: None,
            end: None,
        }
    }

    /// The schedule that began it, if one did.
    #[must_use]
    pub const fn scheduled_by(&self) -> Option<&ScheduleId> {
        self.scheduled.as_ref()
    }

    /// Its address.
    #[must_use]
    pub const fn journey_id(&self) -> &JourneyId {
        &self.journey_id
    }

    /// The definition it runs.
    #[must_use]
    pub const fn definition_name(&self) -> &DefinitionName {
        &self.name
    }

    /// The version it began with and keeps (DEF-028).
    #[must_use]
    pub const fn definition_version(&self) -> &Version {
        &self.version
    }

    /// When it was created, to the millisecond.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When its time is up; `None` for an unlimited run (DEF-092).
    #[must_use]
    pub const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Tags computed at start (ENG-120).
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Write-once attributes (ENG-124).
    #[must_use]
    pub const fn attributes(&self) -> &IndexMap<String, String> {
        &self.attributes
    }

    /// `traceparent` of its last inbound request (HTTP-016).
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// The segment that began last.
    #[must_use]
    pub const fn last_segment(&self) -> SegmentId {
        self.segments
    }

    /// Whether it runs or how it ended (ENG-020).
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.end.as_ref().map_or(Phase::Running, |end| end.outcome.phase)
    }

    /// The number of the last event of its log, the head (ENG-106); 0 before [`Input::Begin`], and always 0 for Apis, which have
    /// no log.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Time of the last event of its log.
    #[must_use]
    pub const fn updated_at(&self) -> Timestamp {
        self.shown.at
    }

    /// The status at the head, without `_links` and projection (ENG-021).
    #[must_use]
    pub fn status(&self) -> JourneyStatus {
        let mut status = JourneyStatus::new(
            self.journey_id.clone(),
            self.name.clone(),
            self.phase(),
            self.shown.state.clone(),
            self.shown.at,
        );
        status.active_steps.clone_from(&self.shown.steps);
        status.tags.clone_from(&self.tags);
        let attributes = self.attributes.iter().take(self.shown.attributes);
        status.attributes = attributes.map(|(key, value)| (key.clone(), value.clone())).collect();
        status
    }

    /// How it ended, without `_links` (ENG-024); `None` while it runs.
    #[must_use]
    pub fn outcome(&self) -> Option<&Arc<JourneyOutcome>> {
        self.end.as_ref().map(|end| &end.outcome)
    }

    /// How it ended, for telemetry (ENG-030); `None` while it runs.
    #[must_use]
    pub fn termination(&self) -> Option<TerminationKind> {
        self.end.as_ref().map(|end| end.termination)
    }

    /// The steps that can be submitted at the head (ENG-031).
    #[must_use]
    pub fn active_steps(&self) -> &[ActiveStep] {
        &self.shown.steps
    }

    /// Whether a flow is neither parked nor ended.
    #[must_use]
    pub fn in_motion(&self) -> bool {
        self.flows.iter().any(|flow| flow.position.in_motion())
    }

    /// Whether work is pending that no time and no input brings about: an engine that starts looks at such runs first (ENG-101).
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.in_motion() || self.owed_compensation().is_some()
    }

    /// Whether no flow is in motion and no synchronous compensation going on: a synchronous start is answered then (ENG-006).
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.in_motion() && self.ending.is_none()
    }

    /// Whether a segment is over: everything it has moved is parked or has ended, through joins and beyond. The answer to the
    /// submission that began it is due then (ENG-047). Under a synchronous compensation none is.
    #[must_use]
    pub fn has_stopped(&self, segment: SegmentId) -> bool {
        self.ending.is_none()
            && !self.flows.iter().any(|flow| flow.segment == segment && flow.position.in_motion())
    }

    /// When something of it becomes due next: its deadline, a time-out or a timer. `None` when it waits for nothing.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers().map(|(due, _)| due).min()
    }

    /// What is overdue at `now` and must be applied before anything else: the earliest first, the deadline first among equals
    /// (ENG-073). In the middle of an input, after [`Effect::Continue`](crate::Effect::Continue), only the deadline is (ENG-062).
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> Option<Input> {
        let may = |timer: TimerId| timer == TimerId::Deadline || self.trigger.is_none();
        let (_, timer) = self.timers().filter(|(due, timer)| *due <= now && may(*timer)).min()?;
        let TimerId::Activation(activation) = timer else { return Some(Input::DeadlineReached) };
        let position =
            self.flows.iter().map(|flow| flow.position).find(|p| p.activation() == Some(activation))?;
        Some(match position {
            Position::Timer { .. } => Input::TimerFired { activation },
            _ => Input::WaitTimedOut { activation },
        })
    }

    /// Ended, whether that is published or waits for compensation.
    pub(crate) const fn has_come_to_its_end(&self) -> bool {
        self.end.is_some() || self.ending.is_some()
    }

    /// The timers it needs, in no order.
    pub(crate) fn timers(&self) -> impl Iterator<Item = (Timestamp, TimerId)> {
        let deadline = self.deadline.filter(|_| self.begun && !self.has_come_to_its_end());
        let deadline = deadline.map(|due| (due, TimerId::Deadline));
        let activations = self.flows.iter().filter_map(|flow| flow.position.timer());
        deadline
            .into_iter()
            .chain(activations.map(|(due, activation)| (due, TimerId::Activation(activation))))
    }

    /// The flows that wait at a step, by their index, in the order of the activations (ENG-031).
    pub(crate) fn flows_at_steps(&self) -> Vec<(ActivationId, usize)> {
        let at_step = |(index, flow): (usize, &Flow)| match flow.position {
            Position::Step { activation, .. } => Some((activation, index)),
            _ => None,
        };
        let mut flows: Vec<_> = self.flows.iter().enumerate().filter_map(at_step).collect();
        flows.sort_unstable();
        flows
    }

    /// Where a flow stands that is at the given activation.
    pub(crate) fn flow_at(&self, activation: ActivationId) -> Option<usize> {
        self.flows.iter().position(|flow| flow.position.activation() == Some(activation))
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("journey_id", &self.journey_id)
            .field("definition", &format_args!("{}@{}", self.name, self.version))
            .field("phase", &self.phase())
            .field("seq", &self.seq)
            .field("state", &self.shown.state)
            .field("deadline", &self.deadline)
            .field("flows", &self.flows)
            .finish_non_exhaustive()
    }
}

/// The smallest of the declared or default duration, the upper bound of the metadata limits and the cap of the platform
/// (DEF-091, DEF-092).
fn deadline(program: &Program, env: &Env<'_>) -> Option<Timestamp> {
    let limits = &env.limits.metadata;
    let declared =
        program.definition().spec.execution.as_ref().map(|execution| execution.max_duration_sec.get());
    let seconds = [
        declared.or(limits.execution.default_max_duration_sec),
        limits.execution.max_duration_upper_bound_sec,
    ];
    let seconds = seconds
        .into_iter()
        .flatten()
        .map(|s| SignedDuration::from_secs(i64::try_from(s).unwrap_or(i64::MAX)));
    let cap = env.limits.max_duration.and_then(|cap| SignedDuration::try_from(cap).ok());
    let budget = seconds.chain(cap).min()?;
    // Beyond the end of the calendar there is no deadline to reach.
    env.now.checked_add(budget).ok().map(time::ceil)
}
