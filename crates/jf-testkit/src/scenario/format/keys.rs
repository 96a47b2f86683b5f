//! The keys of the format: what the reader knows, and what the reference shows.

/// A key of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes, in a few words.
    pub takes: &'static str,
    /// What it is for; one or two sentences.
    pub about: &'static str,
}

/// A mapping of the format with the keys it may have. Others are errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// Where it stands: `a stub`.
    pub name: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [Key],
}

const fn key(name: &'static str, takes: &'static str, about: &'static str) -> Key {
    Key { name, takes, about }
}

const RUN: Key = key(
    "run",
    "name",
    "The run, by the name its `start` gave it, or `$name` with a captured id. Default `run`.",
);
const HEADERS: Key = key("headers", "mapping of texts", "Headers of the request.");
const QUERY: Key = key("query", "mapping of texts", "Query parameters of the request, not encoded.");
const IDEMPOTENCY_KEY: Key = key("key", "text", "The idempotency key of the command.");
const IF_SEQ: Key = key("ifSeq", "number", "The number of the log the run must still be at.");

pub(super) static SCENARIO: Section = Section {
    name: "a scenario",
    keys: &[
        key("scenario", "text, required", "What it shows, in one line."),
        key("covers", "list of rule ids", "Rules of the specification that it holds."),
        key(
            "definitions",
            "list of paths, required",
            "Definition files, and folders that are searched for them; relative to this file.",
        ),
        key(
            "drivers",
            "list of `engine`, `http`, `websocket`",
            "The ways it is run. Default: all that apply to its definitions.",
        ),
        key(
            "config",
            "mapping",
            "Configuration over the defaults; the keys of [jf.yaml](configuration.md). No file is read.",
        ),
        key("clock", "timestamp", "When it begins. Default `2026-01-01T00:00:00Z`."),
        key("secrets", "mapping of texts", "Secret values by their references."),
        key(
            "stubs",
            "list of stubs",
            "Scripted downstream services. The first that fits a call answers it; a call that none fits fails the scenario.",
        ),
        key("steps", "list of steps, required", "What is done, in order."),
    ],
};

pub(super) static STUB: Section = Section {
    name: "a stub",
    keys: &[
        key("name", "text, required", "What `calls` steps call it; each name once."),
        key("method", "text", "Only calls with this method."),
        key(
            "url",
            "text, required",
            "Only calls of this URL without its query; `*` stands for anything inside one path segment.",
        ),
        key(
            "query",
            "mapping of texts or matchers",
            "Only calls with these query parameters, percent-encoded as given.",
        ),
        key("headers", "mapping of texts or matchers", "Only calls with these headers."),
        key("body", "expectation", "Only calls whose body is JSON that has at least this."),
        key(
            "replies",
            "list of replies",
            "Given in order; the last one repeats. Without any, every call is answered 200 without a body.",
        ),
    ],
};

pub(super) static REPLY: Section = Section {
    name: "a reply",
    keys: &[
        key("status", "number", "The status of a response. Default 200."),
        key(
            "headers",
            "mapping of texts",
            "Headers of the response; a list of texts sends one header several times.",
        ),
        key("json", "any value", "A JSON body."),
        key("text", "text", "A text body."),
        key(
            "fail",
            "`timeout` or `network`",
            "No response: `timeout` once the time-out of the call has passed, `network` at once.",
        ),
        key(
            "delay",
            "duration",
            "Virtual time until the answer; one as long as the time-out of the call is a time-out.",
        ),
    ],
};

pub(super) static STEP: Section = Section {
    name: "a step",
    keys: &[
        key("start", "mapping", "Starts a run and waits for the answer."),
        key("advance", "duration", "Moves virtual time; what falls due fires in order."),
        key("submit", "mapping", "Submits input to a step and waits for the answer."),
        key("outcome", "mapping", "Reads how a run ended."),
        key("status", "mapping", "Reads where a run stands."),
        key("cancel", "mapping", "Cancels a run and waits for the answer."),
        key("list", "mapping", "Lists runs; the keys are the query parameters of the HTTP listing."),
        key("callApi", "mapping", "Calls an Api."),
        key("events", "mapping", "Reads the log of a run, as a subscriber without conflation receives it."),
        key(
            "calls",
            "list",
            "The downstream calls since the last `calls` step, in order; `!unordered [...]` in any order.",
        ),
        key("topics", "list", "The messages published since the last `topics` step, in order."),
        key("restart", "`{}`", "Stops the system without warning and starts it on the same store."),
        key("expect", "mapping", "What must come back. Without it anything but a refusal is fine."),
    ],
};

pub(super) static START: Section = Section {
    name: "start",
    keys: &[
        key("journey", "text, required", "The name of the journey."),
        key("as", "name", "What later steps call the run. Default `run`."),
        key("input", "any value", "The input. Default `{}`."),
        IDEMPOTENCY_KEY,
        HEADERS,
        QUERY,
    ],
};

pub(super) static SUBMIT: Section = Section {
    name: "submit",
    keys: &[
        RUN,
        key("step", "text, required", "A state id or a qualified step address."),
        key("payload", "any value", "The payload. Default `{}`."),
        IDEMPOTENCY_KEY,
        IF_SEQ,
        HEADERS,
        QUERY,
    ],
};

pub(super) static READ: Section = Section { name: "status, outcome", keys: &[RUN, HEADERS, QUERY] };

pub(super) static CANCEL: Section =
    Section { name: "cancel", keys: &[RUN, IDEMPOTENCY_KEY, IF_SEQ, HEADERS, QUERY] };

pub(super) static CALL_API: Section = Section {
    name: "callApi",
    keys: &[
        key("api", "text, required", "The name of the Api."),
        key("input", "any value", "The input. Default `{}`."),
        HEADERS,
        QUERY,
    ],
};

pub(super) static EVENTS: Section = Section {
    name: "events",
    keys: &[RUN, key("after", "number", "The number after which to read. Default 0, from the beginning.")],
};

pub(super) static CALL: Section = Section {
    name: "calls",
    keys: &[
        key("stub", "text, required", "The stub that answered."),
        key("times", "number", "How many times in a row. Default 1."),
    ],
};

pub(super) static TOPIC: Section = Section {
    name: "topics",
    keys: &[
        key("topic", "text, required", "The topic."),
        key("times", "number", "How many messages in a row. Default 1."),
        key("key", "expectation", "The key of the message."),
        key("value", "expectation", "The value of the message."),
    ],
};

pub(super) static EXPECT: Section = Section {
    name: "expect",
    keys: &[
        key(
            "result",
            "kind, required",
            "`status`, `outcome`, `started`, `error`, `page`, `response` or `events`; a step takes those that can come back.",
        ),
        key("document", "expectation", "The document of `status`, `outcome`, `started` and `page`."),
        key("problem", "expectation", "The Problem of an `error`."),
        key("status", "expectation", "The status of a `response`."),
        key(
            "headers",
            "mapping of expectations",
            "Headers beside a document or a body. Looked at where the step went over HTTP.",
        ),
        key("body", "expectation", "The body of a `response`."),
        key("kinds", "list of `status` and `outcome`", "The kinds of all `events`, in order."),
    ],
};

/// Every mapping of the format.
pub static SECTIONS: &[&Section] = &[
    &SCENARIO, &STUB, &REPLY, &STEP, &START, &SUBMIT, &READ, &CANCEL, &CALL_API, &EVENTS, &CALL, &TOPIC,
    &EXPECT,
];
