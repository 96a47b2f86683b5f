//! Takes down what an engine tells `tracing`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(crate) type Fields = BTreeMap<&'static str, String>;

/// Spans and events of the target `journeyforge::run`, in the order in which spans closed and events came.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    open: BTreeMap<u64, Span>,
    closed: Vec<Span>,
    events: Vec<Told>,
    lines: Vec<Told>,
    faults: Vec<Told>,
}

/// A span that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) parent: Option<&'static str>,
    pub(crate) fields: Fields,
}

/// An event, with the name of the span it came in.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) fields: Fields,
    pub(crate) span: Option<&'static str>,
}

impl Recorder {
    /// Records what happens in this thread until the guard is dropped.
    pub(crate) fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let recorder = Self::default();
        let subscriber = tracing_subscriber::registry().with(recorder.clone());
        (recorder, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn closed(&self) -> Vec<Span> {
        self.0.lock().unwrap().closed.clone()
    }

    pub(crate) fn events(&self) -> Vec<Told> {
        self.0.lock().unwrap().events.clone()
    }

    /// What plugins have told.
    pub(crate) fn lines(&self) -> Vec<Told> {
        self.0.lock().unwrap().lines.clone()
    }

    /// What the operator is to look after.
    pub(crate) fn faults(&self) -> Vec<Told> {
        self.0.lock().unwrap().faults.clone()
    }

    /// The names of events, with the state where there is one.
    pub(crate) fn story(&self) -> Vec<String> {
        let tell = |told: &Told| match told.fields.get("state") {
            Some(state) => format!("{} {state}", told.fields["event"]),
            None => told.fields["event"].clone(),
        };
        self.events().iter().map(tell).collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != "journeyforge::run" {
            return;
        }
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        let parent = context.span(id).and_then(|span| span.parent()).map(|parent| parent.name());
        let span = Span { name: attributes.metadata().name(), parent, fields };
        self.0.lock().unwrap().open.insert(id.into_u64(), span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        if let Some(span) = self.0.lock().unwrap().open.get_mut(&id.into_u64()) {
            values.record(&mut Collect(&mut span.fields));
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut recorded = self.0.lock().unwrap();
        if let Some(span) = recorded.open.remove(&id.into_u64()) {
            recorded.closed.push(span);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Collect(&mut fields));
        let told = Told { fields, span: context.event_span(event).map(|span| span.name()) };
        let mut recorded = self.0.lock().unwrap();
        match event.metadata().target() {
            "journeyforge::run" => recorded.events.push(told),
            "journeyforge::plugin" => recorded.lines.push(told),
            _ if *event.metadata().level() == Level::ERROR => recorded.faults.push(told),
            _ => {}
        }
    }
}

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
