//! Spans: what is going on in a run, for whoever subscribes to `tracing`, and the trace it belongs to.
//!
//! A `run` span lasts as long as the run is in memory, a `segment` span for one segment of it, a `task` span for one execution of a task.
//! They are explicit parents of each other and never entered across a wait. Nobody subscribed, nobody pays: a span that is not wanted is
//! [`Span::none`].

use std::fmt;
use std::sync::Arc;

use jf_core::spi::DefinitionIdentity;
use jf_core::{JourneyId, TraceContext};
use jf_dsl::{StateId, TaskKind};
use sha2::{Digest, Sha256};
use tracing::Span;
use tracing::field::Empty;

/// Joins the spans of an engine with a tracing system that numbers spans itself, such as OpenTelemetry.
///
/// Without one, outbound requests carry the trace of the request behind them with a span number of the engine's own. The guide "Watching a
/// service" has a whole bridge.
///
/// Called while a run moves: implementations must not block and must not panic.
pub trait SpanBridge: fmt::Debug + Send + Sync + 'static {
    /// `span` was just made and has not been entered; it goes on from a span of another process, or begins a trace if `origin` names no
    /// span that anybody recorded.
    fn continue_from(&self, span: &Span, origin: &TraceContext);

    /// What a request that is sent within `span` names as its origin; `None` leaves it to the engine.
    fn context_of(&self, span: &Span) -> Option<TraceContext>;
}

/// Makes the spans of one engine.
#[derive(Debug)]
pub(crate) struct Spans {
    bridge: Option<Arc<dyn SpanBridge>>,
    sample_ratio: f64,
}

/// A run span with the trace it is in.
#[derive(Debug, Clone)]
pub(crate) struct RunSpan {
    pub(crate) span: Span,
    trace: Arc<str>,
}

impl Spans {
    pub(crate) fn new(bridge: Option<Arc<dyn SpanBridge>>, sample_ratio: f64) -> Self {
        Self { bridge, sample_ratio }
    }

    /// Whether anybody wants spans.
    pub(crate) fn are_wanted(&self) -> bool {
        tracing::span_enabled!(target: "journeyforge::run", tracing::Level::DEBUG, "run", run, definition)
    }

    /// Begins the span of a run.
    pub(crate) fn run(
        &self,
        definition: &DefinitionIdentity,
        run: &JourneyId,
        origin: &TraceContext,
    ) -> RunSpan {
        let span = tracing::debug_span!(
            target: "journeyforge::run",
            parent: None,
            "run",
            run = run.as_str(),
            kind = %definition.kind,
            definition = definition.name.as_str(),
            version = %definition.version,
            phase = Empty,
            status = Empty,
            error_code = Empty,
        );
        self.attach(&span, origin);
        RunSpan { span, trace: origin.trace_id().into() }
    }

    /// Begins the span of a read guard, which takes the place of that of the run it guards.
    pub(crate) fn guard(
        &self,
        definition: &DefinitionIdentity,
        run: &JourneyId,
        origin: &TraceContext,
    ) -> RunSpan {
        let span = tracing::debug_span!(
            target: "journeyforge::run",
            parent: None,
            "guard",
            run = run.as_str(),
            kind = %definition.kind,
            definition = definition.name.as_str(),
            version = %definition.version,
        );
        self.attach(&span, origin);
        RunSpan { span, trace: origin.trace_id().into() }
    }

    /// Begins the span of a segment. A request with a trace of its own takes its segment along to that trace.
    pub(crate) fn segment(&self, run: &RunSpan, origin: &TraceContext) -> Span {
        let span = tracing::debug_span!(
            target: "journeyforge::run",
            parent: &run.span,
            "segment",
            seq = Empty,
            phase = Empty,
        );
        if *run.trace != *origin.trace_id() {
            self.attach(&span, origin);
        }
        span
    }

    /// Begins the span of a task.
    pub(crate) fn task(&self, segment: &Span, state: &StateId, kind: &TaskKind) -> Span {
        tracing::debug_span!(
            target: "journeyforge::run",
            parent: segment,
            "task",
            state = state.as_str(),
            task = kind.as_str(),
            duration_ms = Empty,
            error_code = Empty,
        )
    }

    /// What requests of a task name as their origin.
    pub(crate) fn outbound(&self, task: &Span, origin: &TraceContext, span_id: u64) -> TraceContext {
        let bridged = self.bridge.as_ref().filter(|_| !task.is_disabled());
        bridged.and_then(|bridge| bridge.context_of(task)).unwrap_or_else(|| origin.child(span_id))
    }

    /// The trace of a run that no traced request stands behind. It follows from the id of the run, so that all its segments are in one
    /// trace, before and after a restart; and it does not tell the id.
    pub(crate) fn own_trace(&self, run: &JourneyId) -> TraceContext {
        let digest = Sha256::new().chain_update(b"journeyforge trace ").chain_update(run.as_str()).finalize();
        let number = |at: usize| {
            let bytes = digest.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            u64::from_be_bytes(bytes.unwrap_or_default())
        };
        let (high, low, span) = (number(0), number(8), number(16));
        // The decision of OpenTelemetry's ratio sampler, so that others come to the same for this trace.
        let sampled =
            self.sample_ratio >= 1.0 || ((low >> 1) as f64) < self.sample_ratio * (1_u64 << 63) as f64;
        TraceContext::root(u128::from(high) << 64 | u128::from(low), span, sampled)
    }

    fn attach(&self, span: &Span, origin: &TraceContext) {
        if let Some(bridge) = self.bridge.as_ref().filter(|_| !span.is_disabled()) {
            bridge.continue_from(span, origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spans;
    use jf_core::JourneyId;

    #[test]
    fn eng_105_the_own_trace_of_a_run_is_the_same_after_a_restart_and_hides_its_id() {
        let id = JourneyId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("an id");
        let trace = |ratio: f64| Spans::new(None, ratio).own_trace(&id);
        assert_eq!(trace(1.0), trace(1.0));
        assert_ne!(trace(1.0).trace_id(), "0".repeat(32));
        assert_ne!(trace(1.0).trace_id(), Spans::new(None, 1.0).own_trace(&JourneyId::random()).trace_id());
    }

    #[test]
    fn traces_that_begin_here_are_sampled_by_ratio() {
        let sampled = |ratio: f64| {
            let spans = Spans::new(None, ratio);
            (0..2_000).filter(|_| spans.own_trace(&JourneyId::random()).is_sampled()).count()
        };
        assert_eq!((sampled(0.0), sampled(1.0)), (0, 2_000));
        assert!((200..800).contains(&sampled(0.25)), "a quarter of 2000, twelve standard deviations around");
    }
}
