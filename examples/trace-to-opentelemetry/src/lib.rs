//! The spans of an embedded engine in OpenTelemetry, with the numbers that OpenTelemetry gives them.
//!
//! The engine tells `tracing` what goes on, and `tracing-opentelemetry` makes spans of it. Two things are missing then: a run that was
//! started by a traced request must lie in that trace, and a call that a task makes must name the span of that task. [`Bridge`] does both.
//!
//! ```
//! use std::sync::Arc;
//!
//! use jf_core::spi::Registries;
//! use jf_engine::{EmbeddedEngine, NoHttp};
//! use opentelemetry::trace::TracerProvider as _;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//! use trace_to_opentelemetry::Bridge;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // With an exporter of your choice: `.with_batch_exporter(…)`.
//! let provider = SdkTracerProvider::builder().build();
//! let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("journeys"));
//! let subscriber = tracing_subscriber::registry().with(spans);
//! # let _guard = tracing::subscriber::set_default(subscriber);
//! // tracing::subscriber::set_global_default(subscriber)?;
//!
//! # let catalog = jf_dsl::Catalog::new(Vec::new()).map_err(|problems| problems.to_string())?;
//! # let registries = Registries::builder().build()?;
//! let engine = EmbeddedEngine::builder(catalog)
//!     .registries(registries)
//!     .http(Arc::new(NoHttp))
//!     .span_bridge(Arc::new(Bridge::default()))
//!     .build()
//!     .await?;
//! # let _ = engine;
//! # Ok(())
//! # }
//! ```

use std::collections::HashMap;

use jf_core::TraceContext;
use jf_engine::SpanBridge;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// Gives spans of an engine the parents that requests name, and calls of tasks the numbers that OpenTelemetry has given.
#[derive(Debug, Default)]
pub struct Bridge {
    propagator: TraceContextPropagator,
}

impl SpanBridge for Bridge {
    fn continue_from(&self, span: &Span, origin: &TraceContext) {
        let mut headers = HashMap::from([(PARENT.to_owned(), origin.traceparent().to_string())]);
        headers.extend(origin.tracestate().map(|state| (STATE.to_owned(), state.to_string())));
        // Without a layer for OpenTelemetry in the subscriber there is nothing to continue.
        let _ = span.set_parent(self.propagator.extract(&headers));
    }

    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let mut headers = HashMap::new();
        self.propagator.inject_context(&span.context(), &mut headers);
        TraceContext::parse(headers.get(PARENT)?, headers.get(STATE).map(String::as_str))
    }
}
