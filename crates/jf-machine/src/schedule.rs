//! Schedules (05 §7): what starts runs by time, as plain data.
//!
//! A schedule changes through the methods here and nothing else: a task puts it, a due time begins a run, the end of that run takes it
//! further. An engine keeps it in its store and commits each change together with the run that it concerns.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use indexmap::IndexMap;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{JourneyId, ScheduleId, exact_json};
use jf_dsl::{DefinitionName, IsoDuration, Kind, StateId, Version};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::context::{PAYLOAD, members};
use crate::flow::Place;
use crate::measure::compact_len;
use crate::metadata::static_tags;
use crate::{Env, Program, Run, SnapshotError, snapshot, time};

/// The attribute that says what a scheduled run is about (ENG-082).
const SUBJECT: &str = "subjectId";

/// What a `schedule:v1` task asks for, computed and checked.
#[derive(Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) interval: IsoDuration,
    pub(crate) max_runs: NonZeroU64,
    /// `None` for the moment of the commit.
    pub(crate) start_at: Option<Timestamp>,
    /// Without payload (TSK-103).
    pub(crate) context: Arc<Value>,
}

/// A schedule: it has runs of one definition version begin at one state, at due times counted from an anchor.
///
/// There is one run at a time, and each begins with the context that the one before ended with (ENG-083, ENG-084). Its `Debug` form shows
/// neither context nor subject.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    id: ScheduleId,
    name: DefinitionName,
    version: Version,
    start: StateId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Arc<str>>,
    #[serde(with = "time::millis")]
    anchor: Timestamp,
    #[serde(deserialize_with = "interval")]
    interval: IsoDuration,
    max_runs: NonZeroU64,
    #[serde(deserialize_with = "exact_json::read")]
    context: Arc<Value>,
    /// Runs that have ended and count.
    ended: u64,
    /// The first due time that no run was begun for, counted from 0.
    next: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    running: Option<Running>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    suspended: bool,
}

/// The run that goes on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    run: JourneyId,
    /// It was begun by the schedule as it is now, not before that was replaced.
    counts: bool,
}

impl Schedule {
    /// A schedule that nothing was begun by. Without a time of its own it is anchored at `now` (ENG-080).
    pub(crate) fn new(id: ScheduleId, identity: ScheduleIdentity, plan: Plan, now: Timestamp) -> Self {
        let ScheduleIdentity { definition: DefinitionIdentity { name, version, .. }, subject, start } =
            identity;
        let anchor = time::ceil(plan.start_at.unwrap_or(now));
        Self {
            id,
            name,
            version,
            start,
            subject,
            anchor,
            interval: plan.interval,
            max_runs: plan.max_runs,
            context: plan.context,
            ended: 0,
            next: 0,
            running: None,
            suspended: false,
        }
    }

    /// The same schedule with other parameters and another context, its runs counted anew (TSK-104). A run that goes on is waited for,
    /// since there is one at a time, and its end is otherwise ignored (ENG-084).
    pub(crate) fn replaced(self, plan: Plan, now: Timestamp) -> Self {
        let identity = self.identity();
        let running = self.running.map(|running| Running { counts: false, ..running });
        Self { running, suspended: self.suspended, ..Self::new(self.id, identity, plan, now) }
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> &ScheduleId {
        &self.id
    }

    /// What it is about.
    #[must_use]
    pub fn identity(&self) -> ScheduleIdentity {
        let (kind, name, version) = (Kind::Journey, self.name.clone(), self.version.clone());
        let definition = DefinitionIdentity { kind, name, version };
        ScheduleIdentity { definition, subject: self.subject.clone(), start: self.start.clone() }
    }

    /// How many of its runs have ended.
    #[must_use]
    pub const fn runs_ended(&self) -> u64 {
        self.ended
    }

    /// Whether it has had all its runs: it is no more then (TSK-104).
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.ended >= self.max_runs.get()
    }

    /// Whether it rests because its version is not deployed (ENG-086).
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// The run that goes on.
    #[must_use]
    pub fn running(&self) -> Option<&JourneyId> {
        self.running.as_ref().map(|running| &running.run)
    }

    /// When it begins its next run. `None` while one goes on, while it is suspended, when it has had all its runs, and beyond the end of
    /// the calendar.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let rests = self.running.is_some() || self.suspended || self.is_exhausted();
        if rests { None } else { self.due_time(self.next) }
    }

    /// Begins the run that is due at `env.now`: an instance of its own that starts at the state of the schedule with a copy of the
    /// context, as if nobody had asked for it (ENG-081, ENG-082). However many due times have come since the last run, there is one
    /// (ENG-083). `None` when nothing is due; then the schedule is as it was.
    ///
    /// `program` is the version of the schedule. `second_id` is that of [`Run::new`].
    #[must_use]
    pub fn begin(
        &mut self,
        program: &Program,
        journey_id: JourneyId,
        env: &Env<'_>,
        second_id: impl FnOnce() -> JourneyId,
    ) -> Option<Run> {
        self.due().filter(|due| *due <= env.now)?;
        self.next = self.first_after(env.now);
        self.running = Some(Running { run: journey_id.clone(), counts: true });
        // The limits may have shrunk since: a context beyond them can still be read, and every write to it fails.
        let weight = compact_len(&self.context, env.limits.depth()).unwrap_or(usize::MAX);
        let context = (Arc::clone(&self.context), weight);
        let mut run = Run::at(program, Place::from(self.start.clone()), journey_id, context, env);
        run.tags = static_tags(program.definition());
        let subject = self.subject.iter().map(|subject| (SUBJECT.to_owned(), subject.as_ref().to_owned()));
        run.attributes = subject.collect::<IndexMap<_, _>>();
        run.shown.attributes = run.attributes.len();
        run.scheduled = Some(self.id.clone());
        run.reserve_compensation(program, second_id);
        Some(run)
    }

    /// Its run has ended, in whichever phase: the context that it ended with is what the next one begins with (ENG-084). Tells whether
    /// the run counts; one of before the schedule was replaced does not, and one of another schedule changes nothing.
    pub fn run_ended(&mut self, run: &JourneyId, context: Arc<Value>) -> bool {
        let Some(running) = self.running.take_if(|running| running.run == *run) else { return false };
        if running.counts {
            self.context = context;
            self.ended += 1;
        }
        running.counts
    }

    /// Lets it rest (ENG-086). Tells whether it did not before.
    pub fn suspend(&mut self) -> bool {
        !std::mem::replace(&mut self.suspended, true)
    }

    /// Goes on after a rest; due times that came meanwhile make one run. Tells whether it rested.
    pub fn resume(&mut self) -> bool {
        std::mem::replace(&mut self.suspended, false)
    }

    /// The n-th due time, from 0: counted from the anchor, so that nothing adds up (ENG-080).
    fn due_time(&self, n: u64) -> Option<Timestamp> {
        self.interval.times_after(n, self.anchor).map(time::ceil)
    }

    /// The first due time after `now`, from the next one on. Due times grow with their number, so it is searched for by halves.
    fn first_after(&self, now: Timestamp) -> u64 {
        // Beyond the end of the calendar is after every time.
        let is_after = |n: u64| self.due_time(n).is_none_or(|due| due > now);
        let (mut before, mut step) = (self.next, 1_u64);
        if is_after(before) {
            return before;
        }
        while !is_after(before.saturating_add(step)) {
            before = before.saturating_add(step);
            step = step.saturating_mul(2);
        }
        let mut after = before.saturating_add(step);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if is_after(middle) { after = middle } else { before = middle }
        }
        after
    }

    /// The schedule as bytes; see [`Run::to_snapshot`].
    #[must_use]
    pub fn to_snapshot(&self) -> Vec<u8> {
        snapshot::write(self)
    }

    /// Reads a schedule back; see [`Run::from_snapshot`].
    ///
    /// # Errors
    /// When the bytes are not a snapshot, or one of a later format.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        snapshot::read(bytes)
    }
}

/// A context as schedules keep it (TSK-103).
pub(crate) fn without_payload(mut context: Arc<Value>) -> Arc<Value> {
    if context.get(PAYLOAD).is_some() {
        members(&mut context).shift_remove(PAYLOAD);
    }
    context
}

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IsoDuration, D::Error> {
    IsoDuration::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("id", &self.id)
            .field("definition", &format_args!("{}@{}", self.name, self.version))
            .field("start", &self.start)
            .field("anchor", &self.anchor)
            .field("interval", &self.interval)
            .field("ended", &self.ended)
            .field("max_runs", &self.max_runs)
            .field("next", &self.next)
            .field("running", &self.running())
            .field("suspended", &self.suspended)
            .finish_non_exhaustive()
    }
}
