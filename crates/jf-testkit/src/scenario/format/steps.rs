//! Steps as they are written.

use jf_core::dsl::{NodeValue, RuleInfo, Span, closest};
use serde_json::{Map, Value};

use super::keys::{CALL, CALL_API, CANCEL, EVENTS, EXPECT, READ, START, STEP, SUBMIT, TOPIC};
use super::reader::{Fields, Place, Reader};
use super::{Action, CallExpected, DEFAULT_RUN, Expect, RequestParts, ResultKind, Step, faults};
use crate::expected::{Expected, ExpectedKind};

/// Names that later steps may use.
#[derive(Default)]
pub(super) struct Names {
    pub(super) stubs: Vec<String>,
    runs: Vec<String>,
    captured: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn steps(&mut self, place: &Place<'_>, names: &mut Names) -> Vec<Step> {
        let items = self.list(place, "`steps`");
        items.iter().filter_map(|item| self.step(item, names)).collect()
    }

    fn step(&mut self, place: &Place<'_>, names: &mut Names) -> Option<Step> {
        let fields = self.fields(place, &STEP)?;
        let mut actions: Vec<(&str, Place<'_>)> = Vec::new();
        for (name, value) in place.members().filter(|(name, _)| &***name != "expect") {
            if STEP.keys.iter().any(|key| key.name == &**name) {
                actions.push((name, value));
            }
        }
        let (name, action) = match actions.as_slice() {
            [one] => one.clone(),
            [] => {
                // An unknown key was reported already, and is most likely the action.
                if place.members().all(|(name, _)| &**name == "expect") {
                    self.at_key(&faults::MISSING, place, fields.span(), "a step needs an action");
                }
                return None;
            }
            [_, (_, second), ..] => {
                self.report(&faults::NOT_HERE, second, "a step has one action; this is a second one");
                return None;
            }
        };
        let span = place.node.member(name).map_or(place.span, |member| member.key_span);
        if name == "start" {
            // Known from here on, whatever else is wrong with the step.
            let named = action.node.member("as").and_then(|member| member.value.as_str());
            names.runs.push(named.map_or_else(|| DEFAULT_RUN.to_owned(), ToString::to_string));
        }
        let action = self.action(name, &action, names)?;
        let expect = match fields.get("expect") {
            Some(expect) => Some(self.expect(&expect, &action, names)?),
            None => None,
        };
        Some(Step { span, action, expect })
    }

    fn action(&mut self, name: &str, place: &Place<'_>, names: &Names) -> Option<Action> {
        Some(match name {
            "start" => {
                let fields = self.fields(place, &START)?;
                let journey = self.required(&fields, &START, "journey").and_then(|place| self.text(&place));
                let run = fields.get("as").map(|place| self.run_name(&place));
                Action::Start {
                    run: run.unwrap_or_else(|| Some(DEFAULT_RUN.to_owned()))?,
                    input: self.value_or_empty(&fields, "input"),
                    key: fields.get("key").and_then(|place| self.word(&place)),
                    request: self.request(&fields),
                    journey: journey?,
                }
            }
            "advance" => Action::Advance(self.duration(place)?),
            "submit" => {
                let fields = self.fields(place, &SUBMIT)?;
                let step = self.required(&fields, &SUBMIT, "step").and_then(|place| self.text(&place));
                Action::Submit {
                    run: self.run(place, &fields, names)?,
                    payload: self.value_or_empty(&fields, "payload"),
                    key: fields.get("key").and_then(|place| self.word(&place)),
                    if_seq: fields.get("ifSeq").and_then(|place| self.whole(&place)),
                    request: self.request(&fields),
                    step: step?,
                }
            }
            "outcome" | "status" => {
                let fields = self.fields(place, &READ)?;
                let (run, request) = (self.run(place, &fields, names)?, self.request(&fields));
                if name == "status" {
                    Action::Status { run, request }
                } else {
                    Action::Outcome { run, request }
                }
            }
            "cancel" => {
                let fields = self.fields(place, &CANCEL)?;
                Action::Cancel {
                    run: self.run(place, &fields, names)?,
                    key: fields.get("key").and_then(|place| self.word(&place)),
                    if_seq: fields.get("ifSeq").and_then(|place| self.whole(&place)),
                    request: self.request(&fields),
                }
            }
            "list" => Action::List(self.words(Some(place.clone()), "`list`")),
            "callApi" => {
                let fields = self.fields(place, &CALL_API)?;
                let api = self.required(&fields, &CALL_API, "api").and_then(|place| self.text(&place));
                let (input, request) = (self.value_or_empty(&fields, "input"), self.request(&fields));
                Action::CallApi { api: api?, input, request }
            }
            "events" => {
                let fields = self.fields(place, &EVENTS)?;
                let after = fields.get("after").map_or(Some(0), |place| self.whole(&place));
                Action::Events { run: self.run(place, &fields, names)?, after: after? }
            }
            "calls" => {
                let (place, unordered) = self.ordered_or_not(place);
                let items = self.list(&place, "`calls`");
                let expected = items.iter().filter_map(|item| self.call(item, names)).collect();
                Action::Calls { expected, unordered }
            }
            "topics" => {
                let (place, _) = self.ordered_or_not(place);
                for item in self.list(&place, "`topics`") {
                    self.topic(&item);
                }
                Action::Topics
            }
            _ => {
                let is_empty = place.is_null()
                    || matches!(&place.node.value, NodeValue::Object(members) if members.is_empty());
                if !is_empty {
                    self.wrong(place, "after `restart` stands `{}`");
                }
                Action::Restart
            }
        })
    }

    fn ordered_or_not<'n>(&mut self, place: &Place<'n>) -> (Place<'n>, bool) {
        match &place.node.value {
            NodeValue::Tagged(tagged) if &*tagged.tag == "!unordered" => {
                (Place { node: &tagged.value, path: place.path.clone(), span: place.span }, true)
            }
            _ => (place.clone(), false),
        }
    }

    fn call(&mut self, place: &Place<'_>, names: &Names) -> Option<CallExpected> {
        let fields = self.fields(place, &CALL)?;
        let named = self.required(&fields, &CALL, "stub")?;
        let stub = self.text(&named)?;
        if !names.stubs.contains(&stub) {
            self.unknown_name(&named, &stub, "stub", &names.stubs);
        }
        Some(CallExpected { stub, times: self.times(&fields)? })
    }

    /// A message; whether it fits is looked at where something publishes.
    fn topic(&mut self, place: &Place<'_>) -> Option<()> {
        let fields = self.fields(place, &TOPIC)?;
        let topic = self.required(&fields, &TOPIC, "topic")?;
        self.text(&topic)?;
        self.times(&fields)?;
        for name in ["key", "value"] {
            if let Some(place) = fields.get(name) {
                self.expected(&place);
            }
        }
        Some(())
    }

    fn times(&mut self, fields: &Fields<'_>) -> Option<usize> {
        let times = fields.get("times").map_or(Some(1), |place| self.whole(&place))?;
        usize::try_from(times).ok()
    }

    fn request(&mut self, fields: &Fields<'_>) -> RequestParts {
        RequestParts {
            headers: self.words(fields.get("headers"), "`headers`"),
            query: self.words(fields.get("query"), "`query`"),
        }
    }

    fn value_or_empty(&mut self, fields: &Fields<'_>, name: &str) -> Value {
        fields.get(name).map_or_else(|| Value::Object(Map::new()), |place| self.plain(&place))
    }

    fn run_name(&mut self, place: &Place<'_>) -> Option<String> {
        let name = self.text(place)?;
        if name.is_empty() || name.starts_with('$') {
            self.report(&faults::WRONG_VALUE, place, "the name of a run is not empty and begins with no `$`");
            return None;
        }
        Some(name)
    }

    /// The run that a step speaks of, which an earlier one must have made.
    fn run(&mut self, place: &Place<'_>, fields: &Fields<'_>, names: &Names) -> Option<String> {
        let (name, named) = match fields.get("run") {
            Some(named) => (self.text(&named)?, named),
            None => (DEFAULT_RUN.to_owned(), place.clone()),
        };
        match name.strip_prefix('$') {
            Some(captured) if names.captured.iter().any(|name| name == captured) => {}
            Some(captured) => self.unknown_name(&named, captured, "captured value", &names.captured),
            None if names.runs.contains(&name) => {}
            None => self.unknown_name(&named, &name, "run", &names.runs),
        }
        Some(name)
    }

    fn unknown_name(&mut self, place: &Place<'_>, name: &str, what: &str, known: &[String]) {
        let message = format!("there is no {what} `{name}` up to here");
        let fault = faults::UNKNOWN_NAME.diagnostic(place.path.clone(), message);
        let fault = match closest(name, known.iter().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")).suggestion(near),
            None if known.is_empty() => fault,
            None => fault.help(format!("there are {}", known.join(", "))),
        };
        self.faults.push(fault.at(self.source, place.span));
    }

    fn expect(&mut self, place: &Place<'_>, action: &Action, names: &mut Names) -> Option<Expect> {
        let fields = self.fields(place, &EXPECT)?;
        let allowed = action.results();
        if allowed.is_empty() {
            let message = format!("`{}` gives no answer of which something could be expected", action.name());
            self.report(&faults::NOT_HERE, place, message);
            return None;
        }
        let kind = self.required(&fields, &EXPECT, "result")?;
        let text = self.text(&kind)?;
        let result = ResultKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        let Some(result) = result.filter(|result| allowed.contains(result)) else {
            let known: Vec<&str> = allowed.iter().map(|kind| kind.as_str()).collect();
            let message =
                format!("`{}` does not give `{text}`; it gives {}", action.name(), known.join(", "));
            self.report(&faults::NOT_HERE, &kind, message);
            return None;
        };
        let (content, others): (&str, &[&str]) = match result {
            ResultKind::Status | ResultKind::Outcome | ResultKind::Started | ResultKind::Page => {
                ("document", &["headers"])
            }
            ResultKind::Error => ("problem", &[]),
            ResultKind::Response => ("body", &["status", "headers"]),
            ResultKind::Events => ("kinds", &[]),
        };
        for key in EXPECT.keys.iter().map(|key| key.name).filter(|name| *name != "result") {
            if let Some(place) = fields.get(key).filter(|_| key != content && !others.contains(&key)) {
                let message = format!("`{text}` has no `{key}`; it has `{content}`");
                self.report(&faults::NOT_HERE, &place, message);
            }
        }
        let kinds = fields.get("kinds").map(|place| (self.kinds(&place), place.span));
        let content = fields.get(content).filter(|_| content != "kinds").map(|place| self.expected(&place));
        let status = fields.get("status").map(|place| self.expected(&place));
        let headers = self.expected_texts(fields.get("headers"), "`headers`");
        let all = content.iter().chain(&status).chain(headers.iter().map(|(_, expected)| expected));
        all.for_each(|expected| captures(expected, &mut names.captured));
        Some(Expect { result, result_span: kind.span, content, status, headers, kinds })
    }

    fn kinds(&mut self, place: &Place<'_>) -> Vec<String> {
        let mut kinds = Vec::new();
        for item in self.list(place, "`kinds`") {
            match self.text(&item) {
                Some(kind) if matches!(kind.as_str(), "status" | "outcome") => kinds.push(kind),
                Some(kind) => {
                    let message =
                        format!("`{kind}` is no kind of an event; there are `status` and `outcome`");
                    self.report(&faults::WRONG_VALUE, &item, message);
                }
                None => {}
            }
        }
        kinds
    }

    fn at_key(&mut self, rule: &RuleInfo, place: &Place<'_>, span: Span, message: &str) {
        self.faults.push(rule.diagnostic(place.path.clone(), message).at(self.source, span));
    }
}

/// The names that an expectation captures.
fn captures(expected: &Expected, names: &mut Vec<String>) {
    match expected.kind() {
        ExpectedKind::Capture(name) => names.push(name.clone()),
        ExpectedKind::Object { members, .. } => members.iter().for_each(|(_, inner)| captures(inner, names)),
        ExpectedKind::Array(items) | ExpectedKind::Unordered(items) => {
            items.iter().for_each(|item| captures(item, names))
        }
        _ => {}
    }
}
