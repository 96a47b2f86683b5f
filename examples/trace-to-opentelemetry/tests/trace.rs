//! A traced request, the spans that an exporter gets, and what a task hands on.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method};
use jf_core::spi::{
    LoadContext, PreparedTask, Registries, TaskContext, TaskDescriptor, TaskError, TaskOutput, TaskPlugin,
};
use jf_core::{Caller, Engine, StartRequest};
use jf_dsl::{Catalog, SourceFile, TaskConfig};
use jf_engine::{EmbeddedEngine, NoHttp};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use serde_json::json;
use trace_to_opentelemetry::Bridge;
use tracing_subscriber::layer::SubscriberExt;

const JOURNEY: &str = "
apiVersion: v1
kind: Journey
metadata: { name: letter, version: 1.0.0 }
spec:
  start: send
  states:
    send: { type: task, task: { kind: 'note:v1' }, next: done }
    done: { type: succeed }
";

/// Keeps what it is given.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// Takes down what it would send as `traceparent`.
#[derive(Debug)]
struct Note {
    descriptor: TaskDescriptor,
    sent: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct PreparedNote(Arc<Mutex<Vec<String>>>);

impl TaskPlugin for Note {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.descriptor
    }

    fn prepare(&self, _: &TaskConfig, _: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        Some(Arc::new(PreparedNote(Arc::clone(&self.sent))))
    }
}

#[async_trait]
impl PreparedTask for PreparedNote {
    async fn execute(&self, context: TaskContext) -> Result<TaskOutput, TaskError> {
        let trace = context.trace.expect("an embedded engine traces");
        self.0.lock().unwrap().push(trace.traceparent().to_string());
        Ok(TaskOutput::none())
    }
}

/// HTTP-016: one trace from the caller through the run to whom the task calls, under the numbers that OpenTelemetry exports.
#[tokio::test]
async fn http_016_a_trace_goes_through_a_run() {
    let exporter = Kept::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let sent = Arc::default();
    let note = Note { descriptor: TaskDescriptor::new("note:v1", json!({})), sent: Arc::clone(&sent) };
    let registries = Registries::builder()
        .task(Arc::new(note))
        .features(EmbeddedEngine::FEATURES.iter().copied())
        .build()
        .unwrap();
    let letter = jf_dsl::load(&SourceFile::new("letter.journey.yaml", JOURNEY), &registries).unwrap();
    let engine = EmbeddedEngine::builder(Catalog::new(vec![letter]).unwrap())
        .registries(registries)
        .http(Arc::new(NoHttp))
        .span_bridge(Arc::new(Bridge::default()))
        .build()
        .await
        .unwrap();
    let mut headers = HeaderMap::new();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    headers.insert("traceparent", HeaderValue::from_static(parent));
    let caller = Caller::request("http", Method::POST, "/").headers(headers).build();
    let request = StartRequest::new("letter", json!({})).unwrap();
    engine.start(request, &caller).await.unwrap().settled().await.unwrap();
    // The last reference to the run, and with it its span, ends with the task that ended the run.
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }

    let spans = exporter.0.lock().unwrap().clone();
    let named = |name: &str| -> &SpanData { spans.iter().find(|span| span.name == name).unwrap() };
    let (run, segment, task) = (named("run"), named("segment"), named("task"));
    assert_eq!(run.parent_span_id.to_string(), &parent[36..52], "the run goes on from the request");
    assert_eq!(segment.parent_span_id, run.span_context.span_id());
    assert_eq!(task.parent_span_id, segment.span_context.span_id());
    let outbound = format!("00-{}-{}-01", &parent[3..35], task.span_context.span_id());
    assert_eq!(*sent.lock().unwrap(), [outbound], "what the task calls goes on from the task");
}
