//! Hypermedia controls (HTTP-050 to HTTP-055), added when documents are read.

use std::borrow::Cow;

use jf_core::{ActiveStep, JourneyId, JourneyOutcome, JourneyStartResponse, JourneyStatus, Links};
use jf_dsl::{Definition, DefinitionName};
use jf_machine::Run;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters of a path segment that need no escape (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the outcome of a run is, below it.
const RESULT: &str = "/result";
/// Where its steps are submitted to, before their names.
const STEPS: &str = "/steps/";

/// What a run knows of its links.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunLinks<'a> {
    /// The run that compensates it, once one does.
    pub(crate) compensation: Option<&'a JourneyId>,
    /// It compensates another run.
    pub(crate) is_compensation: bool,
}

impl<'a> RunLinks<'a> {
    /// As they were at an event of the run.
    pub(crate) fn at(run: &'a Run, seq: u64) -> Self {
        Self { compensation: run.compensated_by(seq), is_compensation: run.compensates().is_some() }
    }
}

/// Builds links below one configured base, never from request headers (HTTP-054).
#[derive(Debug, Clone)]
pub(crate) struct LinkBase {
    /// Up to and including `/journeys/`.
    journeys: String,
}

impl LinkBase {
    /// Root-relative links, or absolute ones under a public base URL.
    pub(crate) fn new(public_base_url: Option<&str>) -> Self {
        let base = public_base_url.unwrap_or_default().trim_end_matches('/');
        Self { journeys: format!("{base}/api/v1/journeys/") }
    }

    /// Answer to an asynchronous start.
    pub(crate) fn start_response(
        &self,
        definition: &Definition,
        id: JourneyId,
        name: DefinitionName,
    ) -> JourneyStartResponse {
        let links = definition.spec.http_surface.links.enabled.then(|| {
            let mut links = self.room_for(2, &id);
            self.add(&mut links, "self", "GET", &id, &[]);
            self.add(&mut links, "result", "GET", &id, &[RESULT]);
            links
        });
        let status_url = self.status_url(&id);
        let mut response = JourneyStartResponse::new(id, name, status_url);
        response.links = links;
        response
    }

    /// Adds the links of a status, if the definition has them on. `run` is what the run itself knows of them.
    pub(crate) fn status(
        &self,
        definition: &Definition,
        run: &RunLinks<'_>,
        mut status: JourneyStatus,
    ) -> JourneyStatus {
        if !definition.spec.http_surface.links.enabled {
            return status;
        }
        let id = &status.journey_id;
        let mut links = self.room_for(3 + status.active_steps.len(), id);
        self.add(&mut links, "self", "GET", id, &[]);
        self.add(&mut links, "result", "GET", id, &[RESULT]);
        if !status.phase.is_final() {
            for step in &status.active_steps {
                let relation = relation(step, &status.active_steps);
                let step: Cow<'_, str> = utf8_percent_encode(relation, SEGMENT).into();
                self.add(&mut links, relation, "POST", id, &[STEPS, &step]);
            }
            if definition.spec.lifecycle.cancellable && !run.is_compensation {
                self.add(&mut links, "cancel", "POST", id, &[STEPS, "cancel"]);
            }
        }
        self.compensation(run, &mut links);
        status.links = Some(links);
        status
    }

    /// Adds the links of an outcome, if the definition has them on.
    pub(crate) fn outcome(
        &self,
        definition: &Definition,
        run: &RunLinks<'_>,
        mut outcome: JourneyOutcome,
    ) -> JourneyOutcome {
        if definition.spec.http_surface.links.enabled {
            let mut links = self.room_for(1, &outcome.journey_id);
            self.add(&mut links, "self", "GET", &outcome.journey_id, &[RESULT]);
            self.compensation(run, &mut links);
            outcome.links = Some(links);
        }
        outcome
    }

    fn compensation(&self, run: &RunLinks<'_>, links: &mut Links) {
        if let Some(id) = run.compensation {
            self.add(links, "compensation", "GET", id, &[]);
        }
    }

    fn status_url(&self, id: &JourneyId) -> String {
        format!("{}{id}", self.journeys)
    }

    /// No links, with room for so many of a run with names of the usual length.
    fn room_for(&self, links: usize, id: &JourneyId) -> Links {
        const NAMES: usize = 40;
        Links::with_capacity(links * (self.journeys.len() + id.as_str().len() + NAMES))
    }

    /// A link to what is at `tail` below a run.
    fn add(&self, links: &mut Links, relation: &str, method: &str, id: &JourneyId, tail: &[&str]) {
        links.add(relation, method, [&self.journeys, id.as_str()].into_iter().chain(tail.iter().copied()));
    }
}

/// The state id, or the qualified address when several active steps share the id (HTTP-051).
fn relation<'a>(step: &'a ActiveStep, active: &[ActiveStep]) -> &'a str {
    let shared = active.iter().filter(|other| other.step_id == step.step_id).count() > 1;
    match &step.address {
        Some(address) if shared => address,
        _ => step.step_id.as_str(),
    }
}
