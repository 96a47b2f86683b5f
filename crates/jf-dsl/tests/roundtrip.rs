//! A definition that is written out loads again and says the same, as JSON and as YAML.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

use jf_dsl::{Capabilities, Definition, Document, SourceFile, StaticCapabilities, load, load_document};
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::{Map, Value, json};
use support::files;

/// Writes a definition in both forms and loads what was written.
fn round(definition: &Definition, source: &SourceFile, capabilities: &dyn Capabilities) {
    let document = definition.to_document();
    let json = serde_json::to_string_pretty(definition).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), document);
    let yaml = definition.to_yaml();
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), document, "another reader reads\n{yaml}");
    for (name, text) in [("written.journey.json", json), ("written.journey.yaml", yaml)] {
        let mut written = SourceFile::new(name, text.clone());
        if let Some(base) = source.base() {
            written = written.with_base(base);
        }
        match load(&written, capabilities) {
            Ok(loaded) => assert!(
                *loaded.definition == *definition,
                "{}: {name} says something else:\n{text}\n{definition:#?}\n{:#?}",
                source.name(),
                loaded.definition
            ),
            Err(faults) => panic!("{}: {name} does not load:\n{faults}\n{text}", source.name()),
        }
    }
}

#[test]
fn def_005_every_definition_there_is_survives_being_written() {
    let mut written = 0;
    for file in files::all() {
        let Ok(Document::Definition(loaded)) = load_document(&file.source, &*file.capabilities) else {
            continue;
        };
        round(&loaded.definition, &file.source, &*file.capabilities);
        written += 1;
    }
    assert!(written > 100, "only {written} definitions");
}

/// Texts that YAML could take for something else.
const TEXTS: [&str; 27] = [
    "a",
    "yes",
    "off",
    "null",
    "~",
    "0x1F",
    "0o17",
    ".5",
    "1e3",
    "1.0.0",
    "2026-01-01",
    "true",
    "- x",
    "a: b",
    "# c",
    " lead",
    "trail ",
    "two\nlines\n",
    "tab\there",
    "'\"\\",
    "größe ✓",
    "{}",
    "<<",
    "next\u{85}line",
    "line\u{2028}paragraph\u{2029}",
    "\u{feff}mark\u{7f}\u{0}",
    "@&*!%|>`",
];

/// The same as keys.
const KEYS: [&str; 10] = ["a", "no", "~", "0x1F", "1e3", "a: b", "# c", " lead", "<<", "line\u{2028}"];

/// A member that may be there, and what makes it.
type Part = (&'static str, fn(&mut Choices<'_>) -> Value);

/// Decisions of a generator, taken from bytes; when they run out the first choice is taken.
struct Choices<'b>(std::slice::Iter<'b, u8>);

impl Choices<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % end
    }

    fn one<'v, T: ?Sized>(&mut self, values: &[&'v T]) -> &'v T {
        values[self.below(values.len())]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn text(&mut self) -> Value {
        self.one(&TEXTS).into()
    }

    fn state(&mut self) -> Value {
        self.one(&["s0", "s1", "s2", "end", "bad"]).into()
    }

    fn expression(&mut self) -> Value {
        json!({ "lang": "jq", "expr": self.text() })
    }

    /// Sets members of an object, each if it is chosen.
    fn some(&mut self, object: &mut Value, members: &[Part]) {
        for (name, make) in members {
            if self.yes() {
                object[*name] = make(self);
            }
        }
    }

    fn mapper(&mut self, object: &mut Value) {
        if self.yes() {
            object["mapper"] = self.expression();
        } else {
            object["mapperRef"] = "m".into();
        }
    }

    fn given(&mut self, literals: &[&str]) -> Value {
        if self.yes() {
            return self.one(literals).into();
        }
        let mut mapper = json!({});
        self.mapper(&mut mapper);
        mapper
    }

    fn schema(&mut self) -> Value {
        let texts = [self.text(), Value::Null, json!(1.5), json!({ "x-": [] })];
        json!({ "type": "object", "title": self.text(), "default": texts[self.below(4)] })
    }

    fn target(&mut self, block: &mut Value) {
        match self.below(4) {
            0 => {}
            1 => block["target"] = json!({ "kind": "context", "path": self.one(&["a", "a.b_c", "_.x"]) }),
            2 => {
                block["target"] = json!({ "kind": "var" });
                block["resultVar"] = "v".into();
            }
            _ => block["target"] = json!({}),
        }
    }

    fn task(&mut self) -> Value {
        match self.below(4) {
            0 => {
                let mut call = json!({ "kind": "httpCall:v1", "method": self.one(&["GET", "POST"]), "url": "https://a.test/${context.id}", "resultVar": "r" });
                let parts: [Part; 3] = [
                    ("timeoutMs", |choices| (1 + choices.below(9)).into()),
                    ("headers", |choices| json!({ "X-A": choices.one(&["a", "${context.b}", "$${c}"]) })),
                    (
                        "params",
                        |choices| json!({ "query": { "q": choices.below(3), "b": choices.yes(), "t": choices.text() } }),
                    ),
                ];
                self.some(&mut call, &parts);
                call
            }
            1 => {
                let mut cache = json!({ "kind": "cache:v1", "operation": "get", "key": { "mapper": self.expression() }, "resultVar": "r" });
                if self.yes() {
                    cache["operation"] = "put".into();
                    cache["value"] = json!({ "mapperRef": "m" });
                    cache.as_object_mut().unwrap().shift_remove("resultVar");
                }
                cache
            }
            2 => {
                json!({ "kind": "mail:v1", "to": self.text(), "list": [self.text(), { "n": self.below(3) }] })
            }
            _ => {
                json!({ "kind": "kafkaPublish:v1", "topic": "t", "value": { "mapper": self.expression() }, "key": self.one(&["k", "${context.k}"]) })
            }
        }
    }

    fn input(&mut self) -> Value {
        let mut input = json!({ "input": { "schema": self.schema() } });
        if self.yes() {
            input["timeoutSec"] = (1 + self.below(99)).into();
            input["onTimeout"] = self.state();
        }
        self.some(
            &mut input,
            &[("response", |choices| json!({ "outputVar": "o", "schema": choices.schema() }))],
        );
        input
    }

    fn one_state(&mut self, depth: usize) -> Value {
        let mut state = match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => json!({ "type": "task", "task": self.task() }),
            1 => {
                let mut block = json!({});
                self.mapper(&mut block);
                self.target(&mut block);
                json!({ "type": "transform", "transform": block })
            }
            2 => json!({ "type": "wait", "wait": self.input() }),
            3 => json!({ "type": "webhook", "webhook": self.input() }),
            4 if self.yes() => {
                json!({ "type": "timer", "timer": { "duration": self.given(&["PT1S", "P1Y2M3W4DT5H6M7.5S", "PT0,5S"]) } })
            }
            4 => {
                json!({ "type": "timer", "timer": { "until": self.given(&["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.125+02:00"]) } })
            }
            5 => {
                let choices = (0..=self.below(3))
                    .map(|_| json!({ "when": { "predicate": self.expression() }, "next": self.state() }));
                let choices: Vec<Value> = choices.collect();
                let mut state = json!({ "type": "choice", "choices": choices });
                self.some(&mut state, &[("default", |choices| choices.state())]);
                return state;
            }
            6 => {
                let mut call = json!({ "ref": "sub" });
                let parts: [Part; 4] = [
                    ("resultVar", |_| "r".into()),
                    ("resultKind", |choices| choices.one(&["output", "outcome"]).into()),
                    ("onFailure", |choices| json!({ "behavior": choices.one(&["propagate", "capture"]) })),
                    ("input", |choices| json!({ "mapper": choices.expression() })),
                ];
                self.some(&mut call, &parts);
                json!({ "type": "subjourney", "subjourney": call })
            }
            _ => {
                let branch = |choices: &mut Self, name: &str| json!({ "name": name, "start": "s0", "states": choices.states(depth - 1) });
                let branches = [branch(self, "left"), branch(self, "größe")];
                let mut join = json!({ "strategy": self.one(&["allOf", "anyOf", "firstCompleted"]) });
                self.some(
                    &mut join,
                    &[
                        ("errorPolicy", |choices| {
                            choices.one(&["collectAll", "failFast", "ignoreErrors"]).into()
                        }),
                        ("resultVar", |_| "r".into()),
                    ],
                );
                if self.yes() {
                    self.mapper(&mut join);
                }
                json!({ "type": "parallel", "parallel": { "branches": branches, "join": join } })
            }
        };
        state["next"] = self.state();
        state
    }

    fn states(&mut self, depth: usize) -> Value {
        let mut states: Map<String, Value> =
            (0..3).map(|at| (format!("s{at}"), self.one_state(depth))).collect();
        states.insert(
            "end".to_owned(),
            if self.yes() {
                json!({ "type": "succeed", "outputVar": "out" })
            } else {
                json!({ "type": "succeed" })
            },
        );
        states.insert("bad".to_owned(), json!({ "type": "fail", "errorCode": self.one(&["E", "${context.code}"]), "reason": self.text() }));
        states.into()
    }

    fn projection(&mut self) -> Value {
        let mut projection = json!({});
        let parts: [Part; 3] = [
            ("headersToContext", |_| json!({ "X-User": "user.id", "accept": "a" })),
            ("queryToContext", |choices| json!({ "q": "q", choices.one(&KEYS): "other.field" })),
            ("headersPassthrough", |_| json!([{ "from": "traceparent", "to": "X-Trace" }])),
        ];
        self.some(&mut projection, &parts);
        projection
    }

    fn document(&mut self) -> Value {
        let mut spec = json!({
            "start": "s0",
            "states": self.states(2),
            "mappers": { "m": self.expression() },
            "subjourneys": { "sub": { "start": "end", "states": { "end": { "type": "succeed" } } } },
        });
        let parts: [Part; 13] = [
            ("input", |choices| json!({ "schema": choices.schema() })),
            ("context", |choices| json!({ "schema": choices.schema() })),
            ("output", |choices| json!({ "schema": choices.schema(), "response": { "outputVar": "v" } })),
            (
                "defaults",
                |choices| json!({ "http": { "timeoutMs": 1 + choices.below(9), "headers": { "A": choices.one(&["a b", "1e3", "${context.b}"]) } } }),
            ),
            (
                "platform",
                |choices| json!({ "config": { "k": { "type": choices.one(&["string", "object", "integer"]), "required": choices.yes() } } }),
            ),
            (
                "execution",
                |choices| json!({ "maxDurationSec": 7, "onTimeout": { "errorCode": "T", "reason": choices.text() } }),
            ),
            (
                "lifecycle",
                |choices| json!({ "cancellable": choices.yes(), "startMode": choices.one(&["sync", "async"]) }),
            ),
            ("httpSurface", |choices| json!({ "links": { "enabled": choices.yes() } })),
            (
                "metadata",
                |choices| json!({ "bindings": { "tags": { "fromPayload": [{ "path": "a.b-c" }], "fromHeaders": [{ "header": "X-T" }] }, "attributes": { "fromBaggage": { "one": { "key": choices.text() } }, "fromPayload": {} } } }),
            ),
            (
                "outcomes",
                |choices| json!({ "o": { "when": { "phase": choices.one(&["SUCCEEDED", "FAILED"]), "predicate": choices.expression() } }, "p": { "when": { "phase": "FAILED" } } }),
            ),
            (
                "bindings",
                |choices| json!({ "http": { "start": choices.projection() }, "cli": {}, "queue": {} }),
            ),
            (
                "policies",
                |choices| json!({ "httpResilience": { "definitions": { "r": { "maxAttempts": 1 + choices.below(4), "retryOn": ["TIMEOUT", "HTTP_503"], "backoff": { "kind": choices.one(&["fixed", "exponential"]) } } } } }),
            ),
            (
                "errors",
                |choices| json!({ "envelope": { "format": "custom", "mapper": choices.expression() } }),
            ),
        ];
        self.some(&mut spec, &parts);
        let mut metadata = json!({ "name": "generated", "version": self.one(&["1.0.0", "0.1.0-rc.1+b.7"]) });
        self.some(&mut metadata, &[("description", |choices| choices.text()), ("tags", |_| json!(["a-b"]))]);
        json!({ "apiVersion": "v1", "kind": "Journey", "metadata": metadata, "spec": spec })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn def_005_generated_definitions_survive_being_written(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let document = Choices(bytes.iter()).document();
        let source = SourceFile::new("generated.journey.json", document.to_string());
        let capabilities = StaticCapabilities::full().with_task("mail:v1").with_task("cache:v1").with_task("kafkaPublish:v1");
        match load(&source, &capabilities) {
            Ok(loaded) => round(&loaded.definition, &source, &capabilities),
            Err(faults) => panic!("the generator makes valid definitions only:\n{faults}\n{document:#}"),
        }
    }
}
