//! Spans, events and trace context (ENG-105, ENG-130, ENG-131, HTTP-016).

use std::sync::{Arc, Mutex};

use jf_core::spi::LogLevel;
use jf_core::{Engine, StartRequest, TraceContext};
use jf_engine::{PluginLogs, SpanBridge};
use serde_json::json;
use tracing::Span;

use crate::support::{Bench, Recorder, Setup, api, caller_with, journey, soon, step};

const FIRST: &str = "00-11111111111111111111111111111111-1111111111111111-01";
const SECOND: &str = "00-22222222222222222222222222222222-2222222222222222-00";

const FLOW: &str = "\
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: rest }
  rest: { type: timer, timer: { duration: PT5S }, next: again }
  again: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: last }
  last: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

async fn start(bench: &Bench, parent: Option<&'static str>) -> jf_core::Started {
    let headers: Vec<_> = parent.map(|parent| ("traceparent", parent)).into_iter().collect();
    let request = StartRequest::new("flow", json!({})).unwrap();
    bench.engine.start(request, &caller_with(&headers)).await.unwrap()
}

/// The trace that the next task is in; it is answered.
async fn trace_of_next(bench: &Bench) -> TraceContext {
    let job = bench.desk.next().await;
    let trace = job.context.trace.clone().expect("the engine traces");
    job.done(json!(1));
    trace
}

#[tokio::test]
async fn http_016_tasks_belong_to_the_trace_of_the_last_request() {
    let bench = Bench::new(&[journey("flow", FLOW)]).await;
    let headers = [("traceparent", FIRST), ("tracestate", "a=1")];
    let request = StartRequest::new("flow", json!({})).unwrap();
    let started = bench.engine.start(request, &caller_with(&headers)).await.unwrap();
    let id = started.journey_id.clone();
    let first = trace_of_next(&bench).await;
    assert_eq!((first.trace_id(), first.is_sampled()), (&FIRST[3..35], true));
    assert_ne!(first.span_id(), &FIRST[36..52], "the task is a span of its own");
    assert_eq!(first.tracestate().map(|state| &**state), Some("a=1"));
    soon(started.settled()).await.unwrap();

    bench.pass(5).await;
    let second = trace_of_next(&bench).await;
    assert_eq!(second.trace_id(), first.trace_id(), "a timer goes on with what is kept");
    assert_ne!(second.span_id(), first.span_id());
    assert_eq!(second.tracestate(), None, "ENG-105: the state is not kept");
    bench.until(&id, |status| status.current_state == *"wait").await;

    let caller = caller_with(&[("traceparent", SECOND)]);
    let submitted = bench.engine.submit_step(step(&id, "wait", json!(1)), &caller).await.unwrap();
    let third = trace_of_next(&bench).await;
    assert_eq!((third.trace_id(), third.is_sampled()), (&SECOND[3..35], false), "the mark is kept");
    soon(submitted.settled()).await.unwrap();
}

#[tokio::test]
async fn eng_105_a_run_without_a_traced_request_is_one_trace_even_after_a_restart() {
    let definitions = [journey("flow", FLOW)];
    let bench = Bench::new(&definitions).await;
    let started = start(&bench, None).await;
    let lost = bench.desk.next().await.context.trace.clone().unwrap();
    assert!(lost.is_sampled());
    let mut setup = Setup::new(&definitions).store(Arc::clone(&bench.store));
    setup.clock = bench.clock.clone();
    let after = setup.build().await;
    let again = trace_of_next(&after).await;
    assert_eq!(again.trace_id(), lost.trace_id());
    assert!(!started.journey_id.as_str().contains(again.trace_id()));

    let quiet = Setup::new(&definitions).config(|config| config.trace_sample_ratio = 0.0).build().await;
    let _ = start(&quiet, None).await;
    assert!(!trace_of_next(&quiet).await.is_sampled());
    let broken = Setup::new(&definitions).config(|config| config.trace_sample_ratio = 1.5).try_build().await;
    assert!(broken.is_err_and(|error| error.to_string().contains("trace_sample_ratio")));
}

#[tokio::test]
async fn eng_130_events_tell_the_story_of_a_run() {
    let (recorder, _guard) = Recorder::begin();
    let bench = Bench::new(&[journey("flow", FLOW)]).await;
    let started = start(&bench, None).await;
    let id = started.journey_id.clone();
    trace_of_next(&bench).await;
    soon(started.settled()).await.unwrap();
    bench.pass(5).await;
    trace_of_next(&bench).await;
    bench.until(&id, |status| status.current_state == *"wait").await;
    let submitted = bench.submit(step(&id, "wait", json!(1))).await.unwrap();
    bench.desk.next().await.fail("urn:example:broke");
    soon(submitted.settled()).await.unwrap();

    let story = recorder.story();
    assert_eq!(
        story,
        [
            "JourneyStarted",
            "StateEntered ask",
            "TaskStarted ask",
            "TaskCompleted ask",
            "StateExited ask",
            "StateEntered rest",
            "TimerArmed rest",
            "TimerFired rest",
            "StateExited rest",
            "StateEntered again",
            "TaskStarted again",
            "TaskCompleted again",
            "StateExited again",
            "StateEntered wait",
            "ExternalInputWaiting wait",
            "ExternalInputReceived wait",
            "StateExited wait",
            "StateEntered last",
            "TaskStarted last",
            "TaskFailed last",
            "StateExited last",
            "JourneyFailed",
        ]
    );
    for told in recorder.events() {
        assert_eq!(told.span, Some("segment"));
        for (field, value) in
            [("run", id.as_str()), ("definition", "flow"), ("version", "1.0.0"), ("kind", "Journey")]
        {
            assert_eq!(told.fields[field], value, "{told:?}");
        }
        let known = [
            "event",
            "run",
            "kind",
            "definition",
            "version",
            "seq",
            "phase",
            "state",
            "task",
            "duration_ms",
            "status",
            "error_code",
        ];
        assert!(told.fields.keys().all(|field| known.contains(field)), "ENG-131: {told:?}");
    }
    let last = recorder.events().pop().unwrap().fields;
    assert_eq!((&*last["status"], &*last["error_code"]), ("FAILED", "urn:example:broke"));
    assert_eq!((&*last["duration_ms"], &*last["phase"], &*last["seq"]), ("5000", "FAILED", "6"));
    let failed = &recorder.events()[19].fields;
    assert_eq!((&*failed["task"], &*failed["error_code"]), ("desk:v1", "urn:example:broke"));
    assert!(failed.contains_key("duration_ms"));
}

#[tokio::test]
async fn eng_131_a_run_has_a_span_for_each_stay_segment_and_task() {
    let (recorder, _guard) = Recorder::begin();
    let bench = Bench::new(&[journey("flow", FLOW)]).await;
    let started = start(&bench, None).await;
    let id = started.journey_id.clone();
    trace_of_next(&bench).await;
    soon(started.settled()).await.unwrap();
    crate::support::breathe().await;
    let names = || recorder.closed().iter().map(|span| (span.name, span.parent)).collect::<Vec<_>>();
    let stay = [("task", Some("segment")), ("segment", Some("run")), ("run", None)];
    assert_eq!(names(), stay, "a parked run leaves memory, and its span ends");
    bench.pass(5).await;
    trace_of_next(&bench).await;
    bench.until(&id, |status| status.current_state == *"wait").await;
    crate::support::breathe().await;
    assert_eq!(names(), [stay, stay].concat(), "the segment of a timer is one like any other");

    let submitted = bench.submit(step(&id, "wait", json!(1))).await.unwrap();
    trace_of_next(&bench).await;
    soon(submitted.settled()).await.unwrap();
    let spans = recorder.closed();
    let run = spans.iter().rfind(|span| span.name == "run").unwrap();
    assert_eq!((&*run.fields["run"], &*run.fields["phase"]), (id.as_str(), "SUCCEEDED"));
    let fields = |name: &str| -> Vec<&str> {
        spans.iter().rfind(|span| span.name == name).unwrap().fields.keys().copied().collect()
    };
    assert_eq!(fields("run"), ["definition", "kind", "phase", "run", "status", "version"]);
    assert_eq!(fields("segment"), ["phase", "seq"]);
    assert_eq!(fields("task"), ["duration_ms", "state", "task"]);
}

#[tokio::test]
async fn eng_131_apis_have_spans_too() {
    let (recorder, _guard) = Recorder::begin();
    let spec = "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1', does: x }, next: done }\n  done: { type: succeed, outputVar: answer }";
    let bench = Bench::new(&[api("quote", spec)]).await;
    let call = jf_core::CallApi::new("quote".parse().unwrap(), json!({}));
    bench.engine.call_api(call, &caller_with(&[])).await.unwrap();
    let names: Vec<_> = recorder.closed().iter().map(|span| span.name).collect();
    assert_eq!(names, ["task", "segment", "run"]);
    assert_eq!(recorder.story().last().map(String::as_str), Some("JourneyCompleted"));
}

#[tokio::test]
async fn eng_136_plugins_tell_as_much_as_the_platform_wants() {
    let (recorder, _guard) = Recorder::begin();
    let logs =
        PluginLogs::default().with_type("desk", LogLevel::Off).with_state("flow", "ask", LogLevel::Info);
    let bench = Setup::new(&[journey("flow", FLOW)]).config(|config| config.plugin_logs = logs).build().await;
    let started = start(&bench, None).await;
    let job = bench.desk.next().await;
    job.context.telemetry.error("it broke", &[("code", &7), ("part", &"lid")]);
    job.context.telemetry.info("it goes on", &[]);
    job.context.telemetry.debug("more than is wanted", &[]);
    job.done(json!(1));
    let id = started.journey_id.clone();
    soon(started.settled()).await.unwrap();
    bench.pass(5).await;
    let silent = bench.desk.next().await;
    silent.context.telemetry.error("of a state without a level", &[]);
    silent.done(json!(1));
    bench.until(&id, |status| status.current_state == *"wait").await;

    let lines = recorder.lines();
    let told: Vec<&str> = lines.iter().map(|line| &*line.fields["message"]).collect();
    assert_eq!(told, ["it broke: code=7 part=lid", "it goes on"]);
    for (field, value) in
        [("run", id.as_str()), ("definition", "flow"), ("state", "ask"), ("task", "desk:v1")]
    {
        assert_eq!(lines[0].fields[field], value);
    }
    assert_eq!(lines[0].span, Some("task"));
    let text = bench.engine.metrics().to_text();
    assert!(text.contains("journeyforge_plugin_failures_total{task=\"desk:v1\"} 2\n"), "TSK-051: {text}");
}

/// Numbers spans itself, as OpenTelemetry does.
#[derive(Debug, Default)]
struct Numbering(Mutex<Vec<(&'static str, String)>>);

impl SpanBridge for Numbering {
    fn continue_from(&self, span: &Span, origin: &TraceContext) {
        let name = span.metadata().map_or("", |metadata| metadata.name());
        self.0.lock().unwrap().push((name, origin.trace_id().to_owned()));
    }

    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let id = span.id()?.into_u64();
        Some(TraceContext::root(7, id, true))
    }
}

#[tokio::test]
async fn a_bridge_learns_where_spans_come_from_and_says_what_others_are_told() {
    let (_recorder, _guard) = Recorder::begin();
    let bridge = Arc::new(Numbering::default());
    let bench = Setup::new(&[journey("flow", FLOW)]).span_bridge(Arc::clone(&bridge) as _).build().await;
    let started = start(&bench, Some(FIRST)).await;
    let told = trace_of_next(&bench).await;
    assert_eq!(told.trace_id(), format!("{:032x}", 7));
    soon(started.settled()).await.unwrap();
    let first = &FIRST[3..35];
    assert_eq!(*bridge.0.lock().unwrap(), [("run", first.to_owned())], "its segment is nested in it");
}
