//! The spans of an active run and the traces its segments belong to.

use std::sync::Arc;

use http::HeaderMap;
use jf_core::{Caller, TraceContext};
use jf_machine::SegmentId;
use tracing::Span;

use super::cell::Segment;
use super::turn::Turn;

impl Turn {
    /// The inbound request of a segment, if it is known.
    pub(super) fn inbound(&mut self, segment: SegmentId) -> Option<&(Caller, Arc<HeaderMap>)> {
        let segments = &self.cell().segments;
        segments.iter().find(|known| known.id == segment).and_then(|known| known.inbound.as_ref())
    }

    /// What caused a segment, as far as traces know.
    pub(super) fn origin(&mut self, segment: SegmentId) -> TraceContext {
        let inbound = self.inbound(segment).and_then(|(caller, _)| caller.trace().cloned());
        let shared = Arc::clone(self.shared());
        shared.origin(inbound.as_ref(), self.loaded().run())
    }

    /// The span of a segment, which is kept until the segment is over.
    pub(super) fn segment_span(&mut self, segment: SegmentId) -> Span {
        if !self.shared().spans.are_wanted() {
            return Span::none();
        }
        let shared = Arc::clone(self.shared());
        let known = self.cell().segments.iter().find(|known| known.id == segment);
        if let Some(span) = known.and_then(|known| known.span.as_ref()) {
            return span.clone();
        }
        let origin = self.origin(segment);
        let identity = self.loaded().deployed.program.identity().clone();
        let (id, stopped) = (self.id().clone(), self.loaded().run().has_stopped(segment));
        let cell = self.cell();
        let run = cell.span.get_or_insert_with(|| shared.spans.run(&identity, &id, &origin));
        let span = shared.spans.segment(run, &origin);
        match cell.segments.iter_mut().find(|known| known.id == segment) {
            Some(known) => known.span = Some(span.clone()),
            None if stopped => {}
            None => cell.segments.push(Segment { id: segment, inbound: None, span: Some(span.clone()) }),
        }
        span
    }

    /// Notes in the spans where the run stands; its own ends with it.
    pub(super) fn note_in_spans(&mut self, segment: &Span) {
        let Some(run) = self.cell().span.clone() else { return };
        let loaded = self.loaded();
        let (seq, phase) = (loaded.run().seq(), loaded.run().phase());
        segment.record("seq", seq).record("phase", phase.as_str());
        run.span.record("phase", phase.as_str());
        if let Some(outcome) = loaded.run().outcome() {
            run.span.record("status", outcome.status.as_str());
            if let Some(error) = &outcome.error {
                run.span.record("error_code", error.code.as_str());
            }
            self.cell().span = None;
        }
    }
}
