//! Hypermedia controls (HTTP-050 to HTTP-055), added when documents are read.

use std::borrow::Cow;

use jf_core::{ActiveStep, JourneyId, JourneyOutcome, JourneyStartResponse, JourneyStatus, Link, Links};
use jf_dsl::{Definition, DefinitionName};
use jf_machine::Run;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters of a path segment that need no escape (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
            let mut links = Links::with_capacity(2);
            links.insert("self", Link::get(self.status_url(&id)));
            links.insert("result", Link::get(self.result_url(&id)));
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
        let mut links = Links::with_capacity(3 + status.active_steps.len());
        links.insert("self", Link::get(self.status_url(id)));
        links.insert("result", Link::get(self.result_url(id)));
        if !status.phase.is_final() {
            for step in &status.active_steps {
                let relation = relation(step, &status.active_steps);
                let href = self.step_url(id, relation);
                links.insert(relation.to_owned(), Link::post(href));
            }
            if definition.spec.lifecycle.cancellable && !run.is_compensation {
                links.insert("cancel", Link::post(self.step_url(id, "cancel")));
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
            let url = self.result_url(&outcome.journey_id);
            let mut links = Links::with_capacity(1);
            links.insert("self", Link::get(url));
            self.compensation(run, &mut links);
            outcome.links = Some(links);
        }
        outcome
    }

    fn compensation(&self, run: &RunLinks<'_>, links: &mut Links) {
        if let Some(id) = run.compensation {
            links.insert("compensation", Link::get(self.status_url(id)));
        }
    }

    fn status_url(&self, id: &JourneyId) -> String {
        self.url(id, "", "")
    }

    fn result_url(&self, id: &JourneyId) -> String {
        self.url(id, "/result", "")
    }

    fn step_url(&self, id: &JourneyId, relation: &str) -> String {
        let relation: Cow<'_, str> = utf8_percent_encode(relation, SEGMENT).into();
        self.url(id, "/steps/", &relation)
    }

    /// Every status has some of these, so that they are put together at their size.
    fn url(&self, id: &JourneyId, kind: &str, name: &str) -> String {
        let id = id.as_str();
        let mut url = String::with_capacity(self.journeys.len() + id.len() + kind.len() + name.len());
        url.push_str(&self.journeys);
        url.push_str(id);
        url.push_str(kind);
        url.push_str(name);
        url
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
