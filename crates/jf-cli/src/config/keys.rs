//! The table of configuration keys: what may be written, what holds when nothing is, and what it means.
//!
//! Reading a file, building the parts of a system, suggestions for misspelt keys and the reference page all go by this table.

use super::kind::Kind;

/// One configuration key.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Key {
    /// The dotted path; `*` stands for a name that the user chooses.
    pub path: &'static str,
    /// The values it takes.
    pub kind: Kind,
    /// What holds without it, as JSON; empty when there is nothing.
    pub default: &'static str,
    /// What it means, in Markdown, with units and the rule behind it.
    pub about: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { path, kind, default, about }
}

/// Whole numbers from 1.
const COUNT: Kind = Kind::Whole { least: 1, most: u32::MAX as u64 };
/// Whole numbers from 0.
const COUNT_OR_NONE: Kind = Kind::Whole { least: 0, most: u32::MAX as u64 };
/// Sizes in bytes, up to 1 GiB.
const BYTES: Kind = Kind::Whole { least: 1, most: 1 << 30 };
/// Milliseconds, up to a day.
const MILLIS: Kind = Kind::Whole { least: 1, most: 86_400_000 };
const MILLIS_OR_NONE: Kind = Kind::Whole { least: 0, most: 86_400_000 };

/// Log levels of plugins.
const LEVELS: Kind = Kind::Choice(&["off", "error", "warn", "info", "debug", "trace"]);

/// All keys, grouped as the reference page shows them.
pub const KEYS: &[Key] = &[
    // General.
    key("environment", Kind::Text, "\"default\"", "`platform.environment`, as expressions see it (EXP-015)."),
    key(
        "publicBaseUrl",
        Kind::BaseUrl,
        "",
        "The address clients use, such as `https://journeys.example.com`. Links and `Location` are absolute below it; without it they are root-relative (HTTP-054). Its origin counts as one of our own (ORG-1).",
    ),
    key(
        "store",
        Kind::Store,
        "\"sqlite:journeyforge.db\"",
        "Where runs live. `sqlite:FILE`: in this file, which is made if it is not there, in a folder that is; without a folder of its own the default lies in the working directory. `memory`: they are lost when the process ends.",
    ),
    key(
        "development",
        Kind::Flag,
        "false",
        "Development mode: takes another body under the version of runs that go on (DEF-029), and relaxes checks that protect production, such as https for token endpoints (DEF-138).",
    ),
    key(
        "serve.*",
        Kind::Version,
        "",
        "The version of a definition that serves new runs, instead of the highest one (DEF-028): `serve.loan-approval: 1.2.0`.",
    ),
    // HTTP.
    key(
        "http.listen",
        Kind::Address,
        "\"127.0.0.1:8080\"",
        "Address and port of HTTP and WebSocket. Port 0 takes a free one.",
    ),
    key(
        "http.list",
        Kind::Choice(&["operator", "off"]),
        "\"operator\"",
        "Who may list runs (HTTP-080): whoever reaches the address (`operator`) or nobody (`off`).",
    ),
    key(
        "http.hidden",
        Kind::Names,
        "[]",
        "Definitions that are not reachable over HTTP (HTTP-006), Journeys and Apis of these names: their addresses are 404, other bindings serve them. `[\"*\"]` turns the whole API off; only the probes are left.",
    ),
    key(
        "http.contract",
        Kind::Path,
        "",
        "Where the contract of the HTTP API is served, such as `/contract`: a page for people at the path itself, the OpenAPI document of everything at `/contract/openapi.json`, and those of single definitions below it. Hidden definitions are left out. Without it nowhere.",
    ),
    key(
        "http.allowedOrigins",
        Kind::Origins,
        "[]",
        "Origins whose pages may use the API (HTTP-028): exact ones such as `https://app.example.com`, or `[\"*\"]`.",
    ),
    key(
        "http.allowedHosts",
        Kind::HostNames,
        "",
        "The host names that requests may be addressed to, beside addresses, `localhost`, and the host of `publicBaseUrl`: `[journeys.example.com]`. Requests to others are answered 403, so that no page can have its own name point here (DNS rebinding). Without it every name on a public address; on a loopback address none but those.",
    ),
    key(
        "http.headerBytes",
        Kind::Whole { least: 1024, most: 1 << 20 },
        "32768",
        "Size of all headers of a request; beyond it 431 (HTTP-013).",
    ),
    key("http.pageSize", COUNT, "50", "Runs on a page of a listing that names no `pageSize` (HTTP-081)."),
    key("http.maxPageSize", COUNT, "200", "Runs on a page of a listing at most (HTTP-081)."),
    key(
        "http.maxConnections",
        COUNT,
        "10000",
        "Open connections, WebSocket included. Further ones are answered 503 and closed.",
    ),
    key(
        "http.maxConnectionsPerAddress",
        COUNT,
        "2000",
        "Open connections from one address, or from the /64 network of an IPv6 one. Further ones are answered 429 and closed (LIM-4). Behind a proxy every client has the address of the proxy.",
    ),
    key(
        "http.requestsPerSecond",
        COUNT_OR_NONE,
        "0",
        "Requests per second from one address, counted likewise, on average over a second; beyond it 429 with `Retry-After` (HTTP-026). 0: no limit.",
    ),
    key(
        "http.headerTimeoutMs",
        MILLIS,
        "5000",
        "Milliseconds from the first byte of a request to the end of its headers (HS-1).",
    ),
    key("http.bodyTimeoutMs", MILLIS, "30000", "Milliseconds a body may stand still while it is received."),
    key(
        "http.bodyDeadlineMs",
        MILLIS,
        "300000",
        "Milliseconds a body may take in all, however steadily it comes.",
    ),
    key("http.keepAliveMs", MILLIS, "75000", "Milliseconds a connection stays open without a request."),
    key(
        "http.writeTimeoutMs",
        MILLIS,
        "10000",
        "Milliseconds an answer may stand still because its reader takes nothing (FLOW-6).",
    ),
    key(
        "http.heartbeatMs",
        MILLIS,
        "25000",
        "Milliseconds of silence after which an event stream sends a comment (HTTP-105).",
    ),
    key(
        "http.maxStreamsPerCaller",
        Kind::Whole { least: 0, most: 1_000_000 },
        "500",
        "Event streams that one caller, a principal or else a network, may have open (HTTP-105).",
    ),
    key(
        "http.tls.certificate",
        Kind::File,
        "",
        "The server's certificate as PEM, followed by those between it and an authority that clients know. With it the server speaks TLS and nothing else.",
    ),
    key(
        "http.tls.key",
        Kind::File,
        "",
        "The private key of the certificate as PEM, not encrypted. Both files are read again on SIGHUP.",
    ),
    key(
        "http.tls.clientCa",
        Kind::File,
        "",
        "Authorities as PEM whose clients are known by their certificates (TSK-144). Without it no client is asked for one.",
    ),
    key(
        "http.tls.clientAuth",
        Kind::Choice(&["required", "optional"]),
        "\"required\"",
        "With `http.tls.clientCa`: whether every client has to show a certificate, or may. One that is shown has to be valid in any case.",
    ),
    key(
        "http.tls.http2",
        Kind::Flag,
        "true",
        "Whether HTTP/2 is offered beside HTTP/1.1. WebSocket takes HTTP/1.1, which its clients ask for by themselves.",
    ),
    key(
        "http.tls.handshakeTimeoutMs",
        MILLIS,
        "5000",
        "Milliseconds from the begin of a connection to the end of its TLS handshake (HS-1).",
    ),
    key(
        "http.tls.maxHandshakes",
        COUNT,
        "1000",
        "TLS handshakes at the same time, a quarter of them from one address. Further connections are closed.",
    ),
    key(
        "http.proxies.addresses",
        Kind::Networks,
        "[]",
        "Proxies in front that are believed when they tell the certificate of a client: `[10.0.0.0/8, \"::1\"]` (TSK-144).",
    ),
    key(
        "http.proxies.certificateHeader",
        Kind::HeaderName,
        "",
        "The header in which those proxies tell it, and which they remove from what clients send: `Client-Cert`. From others it is removed here. Without it no proxy is believed.",
    ),
    key(
        "http.proxies.certificateForm",
        Kind::Choice(&["rfc9440", "pem"]),
        "\"rfc9440\"",
        "What stands in that header. `rfc9440`: DER in base64 between colons, and the rest of the chain in a header of the same name with `-Chain` behind it. `pem`: percent-encoded PEM, such as `$ssl_client_escaped_cert` of nginx.",
    ),
    // WebSocket.
    key(
        "websocket.allowedOrigins",
        Kind::Origins,
        "[]",
        "Origins whose pages may connect, beside our own (ORG-1).",
    ),
    key("websocket.requireOrigin", Kind::Flag, "false", "Refuse handshakes without `Origin` (ORG-2)."),
    key(
        "websocket.onMismatch",
        Kind::Choice(&["reject", "close", "allow"]),
        "\"reject\"",
        "What happens when the subprotocol of the endpoint is not offered (SP-1).",
    ),
    key(
        "websocket.requireStepId",
        Kind::Choice(&["never", "shared"]),
        "\"never\"",
        "`shared`: a message type that serves several steps needs `stepId` (RT-8).",
    ),
    key(
        "websocket.inBandAuth",
        Kind::Choice(&["off", "optional"]),
        "\"optional\"",
        "`optional`: a token in `hello` or `auth` takes the place of the `Authorization` header of the handshake, for the tasks of journeys to judge (AUTH-5).",
    ),
    key("websocket.catalog", Kind::Flag, "true", "Whether `welcome` lists the journeys of the path."),
    key(
        "websocket.statusMinIntervalMs",
        MILLIS_OR_NONE,
        "50",
        "Milliseconds between conflated status pushes of one run on one connection (FLOW-8).",
    ),
    key(
        "websocket.writeTimeoutMs",
        MILLIS,
        "10000",
        "Milliseconds that nothing may move on a connection whose reader takes nothing; then close 4508 (FLOW-6).",
    ),
    key(
        "websocket.heartbeat.intervalMs",
        MILLIS,
        "25000",
        "Milliseconds without traffic after which the peer is probed (HB-1).",
    ),
    key(
        "websocket.heartbeat.timeoutMs",
        MILLIS,
        "10000",
        "Milliseconds to wait for a sign of life after that; less than the interval (HB-5).",
    ),
    key(
        "websocket.drain.windowMs",
        Kind::Whole { least: 1, most: 3_600_000 },
        "20000",
        "Milliseconds that a stopping server gives to what is in flight, over HTTP as well (DRAIN-2, ENG-006). Keep it below the grace of the platform, usually 30 s (DRAIN-4).",
    ),
    key(
        "websocket.sharedEndpoint",
        Kind::Path,
        "",
        "One more path, usually `/ws/journeys`, that serves every definition without a subprotocol of its own (MUX-2). Not a path of the server (`/api`, `/livez`, `/readyz`), nor that of a definition with a subprotocol of its own (SP-5).",
    ),
    key(
        "websocket.subprotocolToken",
        Kind::Flag,
        "false",
        "Take a bearer token from the subprotocol offer, for scripts in browsers (SP-6).",
    ),
    key(
        "websocket.limits.maxMessageBytes",
        BYTES,
        "1114112",
        "Size of a message; beyond it close 1009 (LIM-1).",
    ),
    key(
        "websocket.limits.maxPayloadBytes",
        BYTES,
        "1048576",
        "Size of a payload; beyond it `too-large` (LIM-1).",
    ),
    key("websocket.limits.maxInFlight", COUNT, "32", "Requests without a reply on one connection (FLOW-5)."),
    key(
        "websocket.limits.maxSubscriptions",
        COUNT_OR_NONE,
        "256",
        "Subscriptions of one connection (LIM-5).",
    ),
    key("websocket.limits.ratePerSec", COUNT, "50", "Messages per second on one connection (LIM-4)."),
    key("websocket.limits.burst", COUNT, "100", "Messages at once on one connection (LIM-4)."),
    key(
        "websocket.limits.idleMs",
        MILLIS,
        "600000",
        "Milliseconds without subscription, request and message after which a connection is closed (IDLE-1).",
    ),
    key(
        "websocket.limits.maxLifetimeMs",
        Kind::Whole { least: 0, most: 30 * 86_400_000 },
        "0",
        "Milliseconds a connection lives at most; 0: no limit (IDLE-1).",
    ),
    key(
        "websocket.limits.maxReplayEvents",
        COUNT,
        "300",
        "Events a subscription replays one by one (SUB-6).",
    ),
    key(
        "websocket.limits.maxOutboundBytes",
        BYTES,
        "8388608",
        "Size of a document that is sent; a larger one is left out of its frame (LIM-3).",
    ),
    // Definitions.
    key(
        "platform.config.*.*",
        Kind::Json,
        "",
        "Values of `spec.platform.config` by definition and key (DEF-081): `platform.config.order-fulfilment.pricingUrl`. A key that is like a declared one without a value is an error, any other that no version declares a warning.",
    ),
    key(
        "platform.apis.*.*",
        Kind::BaseUrl,
        "",
        "Base URL of an entry of `spec.apis` by definition and name, instead of the servers of its OpenAPI document (DEF-067): \
         `platform.apis.order-fulfilment.payments`.",
    ),
    key("metadataLimits.definitionTags.maxCount", COUNT, "10", "Entries of `metadata.tags` (DEF-115)."),
    key("metadataLimits.instanceTags.maxCount", COUNT, "16", "Tags of a run (DEF-115)."),
    key("metadataLimits.instanceTags.maxLength", COUNT, "40", "Characters of a tag (DEF-115)."),
    key("metadataLimits.attributes.maxKeys", COUNT, "16", "Attributes of a run (DEF-115)."),
    key(
        "metadataLimits.attributes.maxKeyLength",
        COUNT,
        "32",
        "Characters of the name of an attribute (DEF-115).",
    ),
    key(
        "metadataLimits.attributes.maxValueLength",
        COUNT,
        "256",
        "Characters of the value of an attribute (DEF-115).",
    ),
    key(
        "metadataLimits.execution.defaultMaxDurationSec",
        COUNT,
        "",
        "Seconds a run may take when its definition says nothing; no limit without it (DEF-092).",
    ),
    key(
        "metadataLimits.execution.maxDurationUpperBoundSec",
        COUNT,
        "",
        "Seconds a run may take whatever its definition says (DEF-091).",
    ),
    key(
        "validation.output",
        Kind::Choice(&["off", "warn", "enforce"]),
        "\"warn\"",
        "What happens when the output of a run does not fit `spec.output.schema` (DEF-056): nothing, a diagnostic, or the run fails.",
    ),
    // Outbound HTTP.
    key(
        "connectors.http.rewrite",
        Kind::Rewrites,
        "[]",
        "Origins that are called instead of others: `[{from: https://api.example.com, to: http://localhost:9000}]`. The first rule for an origin wins; `to: self` is this server. Targets are exempt from `denyPrivateNetworks`.",
    ),
    key(
        "connectors.http.allowHosts",
        Kind::Hosts,
        "",
        "The hosts that may be called, before rewriting: `api.example.com`, or `.example.com` for all below it. Without it every host, with `[]` none (TSK-038).",
    ),
    key(
        "connectors.http.denyPrivateNetworks",
        Kind::Flag,
        "",
        "Refuse calls to addresses that are not on the public internet, whatever name they hide behind. Default: `true` in `jf serve`, `false` in `jf run`.",
    ),
    key(
        "connectors.http.timeoutMs",
        MILLIS,
        "10000",
        "Milliseconds for a call whose task and definition name no time-out (DEF-070).",
    ),
    key("connectors.http.connectTimeoutMs", MILLIS, "10000", "Milliseconds to establish a connection."),
    key(
        "connectors.http.maxResponseBytes",
        BYTES,
        "10485760",
        "Size of a response body; beyond it the result is `BODY_TOO_LARGE` (TSK-044).",
    ),
    key(
        "connectors.http.maxRequestBytes",
        BYTES,
        "10485760",
        "Size of a request body; beyond it the state fails.",
    ),
    key(
        "connectors.http.idempotencyHeader",
        Kind::HeaderName,
        "",
        "A header, such as `Idempotency-Key`, that `POST`, `PUT`, `DELETE` and `PATCH` requests of `httpCall:v1` carry unless their definition sets it. Its value names the execution of the state: the same when the call is repeated after a crash (ENG-101), another one when the run comes to the state again. It holds the id of the run.",
    ),
    key("connectors.http.pool.maxIdlePerHost", COUNT_OR_NONE, "32", "Idle connections kept per origin."),
    key(
        "connectors.http.pool.idleTimeoutMs",
        MILLIS,
        "90000",
        "Milliseconds after which an idle connection is closed.",
    ),
    // Expressions.
    key(
        "plugins.expressions.defaults.maxEvalMs",
        MILLIS,
        "500",
        "Milliseconds one evaluation may take (EXP-045).",
    ),
    key(
        "plugins.expressions.defaults.maxOutputBytes",
        BYTES,
        "1048576",
        "Size of a result as compact JSON (EXP-045).",
    ),
    key("plugins.expressions.engines.*.maxEvalMs", MILLIS, "", "The same for one language (`jq`)."),
    key("plugins.expressions.engines.*.maxOutputBytes", BYTES, "", "The same for one language (`jq`)."),
    // Observability.
    key(
        "observability.metrics.listen",
        Kind::Address,
        "",
        "Address and port at which `GET /metrics` gives the [metrics](metrics.md) as Prometheus text (ENG-135), such as `127.0.0.1:9464`. Without it they are not served. Whoever reaches the address can read them.",
    ),
    key(
        "observability.traces.samplePercent",
        Kind::Whole { least: 0, most: 100 },
        "100",
        "Of the traces that begin here, the share that calls mark as sampled in `traceparent`. Traces that come with a request keep their mark.",
    ),
    key(
        "observability.plugins.byState.*.*",
        LEVELS,
        "",
        "How much the plugins of one state log, by definition and state (ENG-136): `observability.plugins.byState.orders.charge: debug`. The first that is set counts: `byState`, `byJourney`, `byType`, `default`.",
    ),
    key("observability.plugins.byJourney.*", LEVELS, "", "How much the plugins of one Journey or Api log."),
    key(
        "observability.plugins.byType.*",
        LEVELS,
        "",
        "How much one type of plugin logs, whatever its version: `observability.plugins.byType.httpCall: warn`.",
    ),
    key("observability.plugins.default", LEVELS, "\"error\"", "How much all other plugins log."),
    // Console.
    key(
        "console.listen",
        Kind::Address,
        "",
        "Address and port of the [console](../guide/console.md), a page to watch and drive journeys, such as `127.0.0.1:8090`. Without it, and without `--console`, there is none. It shows every run to whoever reaches it: on an address that is not a loopback one it needs `console.tokenFile`, and speaks TLS where the server does (`http.tls`).",
    ),
    key(
        "console.tokenFile",
        Kind::File,
        "",
        "A file with the token that the console asks for, 16 to 512 visible ASCII characters; white space around it does not count. It is read when the server starts.",
    ),
    // Limits.
    key(
        "limits.syncWait",
        Kind::Duration,
        "\"PT30S\"",
        "How long a synchronous start or a step waits for its run to settle before it answers with the status (ENG-006, ENG-047).",
    ),
    key(
        "limits.earlySubmission",
        Kind::Duration,
        "\"PT5S\"",
        "How long a submission that comes too early is held; `PT0S` turns it off (ENG-059).",
    ),
    key(
        "limits.scheduleMinInterval",
        Kind::Duration,
        "\"PT1M\"",
        "Shortest interval of a schedule, checked when a definition is loaded and when a schedule is made (TSK-102).",
    ),
    key("limits.transitionsPerSegment", COUNT, "10000", "Transitions of a flow between two stops (ENG-066)."),
    key(
        "limits.transitionsPerTrigger",
        COUNT,
        "1000000",
        "Transitions of all flows of a run between two commits, branches of branches included; beyond it the run fails as in ENG-066.",
    ),
    key(
        "limits.flowsPerRun",
        COUNT,
        "10000",
        "Flows of a run that are live at the same time, so that branches of branches cannot take all memory; beyond it the run fails.",
    ),
    key("limits.contextBytes", BYTES, "4194304", "Size of a context as compact JSON (DEF-203)."),
    key(
        "limits.cookiesPerJar",
        COUNT,
        "300",
        "Cookies that the jar of a run keeps; of more the oldest go (TSK-076).",
    ),
    key(
        "limits.cookieBytes",
        BYTES,
        "4096",
        "Size of a cookie in a jar; larger ones are not kept (TSK-076).",
    ),
    key(
        "limits.bodyBytes",
        BYTES,
        "1048576",
        "Size of a request body; beyond it 413 (HTTP-013). The input of `jf run` has the same limit.",
    ),
    key(
        "limits.bodyBudget",
        BYTES,
        "268435456",
        "Size of all request bodies and WebSocket payloads together that are being received or answered; beyond it 503 or `unavailable` (HTTP-026).",
    ),
    key(
        "limits.jsonDepth",
        Kind::Whole { least: 1, most: 256 },
        "128",
        "Nesting of arrays and objects in bodies and payloads (HTTP-013).",
    ),
    key(
        "limits.concurrentTasks",
        COUNT,
        "1024",
        "Tasks that run at the same time; further ones wait (TSK-012).",
    ),
    key(
        "limits.admission",
        COUNT,
        "16384",
        "Runs in motion and commands being decided, together; further commands are answered 503 (HTTP-026).",
    ),
    key(
        "limits.backgroundJobs",
        COUNT,
        "1024",
        "Notifications that are being sent at the same time; further ones are dropped (TSK-050).",
    ),
    key(
        "limits.commandsPerRun",
        COUNT,
        "1024",
        "Commands that wait for one run, and submissions that wait for their step; further ones are answered 503 (HTTP-026).",
    ),
    key(
        "limits.guardEvaluation",
        Kind::Duration,
        "\"PT5S\"",
        "How long a read guard may take; beyond it the read is denied (ENG-112).",
    ),
    key(
        "limits.guardReuse",
        Kind::Duration,
        "\"PT0S\"",
        "How long a read that was allowed is allowed again without asking the guard, for the same request and the same state of the run; at most 5 s (ENG-116).",
    ),
    key(
        "limits.denialHold",
        Kind::Duration,
        "\"PT0.25S\"",
        "How long the refusal of a read is held back at most, so that a run that is not there is refused as late as one whose guard denies it; `PT0S` refuses at once (ENG-113).",
    ),
    key(
        "limits.concurrentGuards",
        COUNT,
        "1024",
        "Read guards that are evaluated at the same time; further reads of guarded runs, and of unknown ones, are answered 503 (HTTP-026).",
    ),
    key(
        "limits.startKeys",
        Kind::Duration,
        "\"PT24H\"",
        "How long the idempotency key of a start is kept (ENG-052).",
    ),
    key(
        "limits.memoryLiveRuns",
        COUNT,
        "1000000",
        "Runs that the memory store lets go on at the same time, waiting ones included; further starts are answered 503 (HTTP-026).",
    ),
    key(
        "limits.definition.fileBytes",
        Kind::Whole { least: 1024, most: 16 << 20 },
        "1048576",
        "Size of a definition file (DEF-014).",
    ),
    key(
        "limits.definition.nesting",
        Kind::Whole { least: 8, most: 128 },
        "128",
        "Nesting of a definition file (DEF-014).",
    ),
    key("limits.definition.states", COUNT, "2000", "States of a definition (DEF-014)."),
    key("limits.definition.branches", COUNT, "64", "Branches of one `parallel` state (DEF-014)."),
    key(
        "limits.definition.scopeDepth",
        Kind::Whole { least: 1, most: 64 },
        "16",
        "`parallel` and `subjourney` states inside each other (DEF-014).",
    ),
    key(
        "sqlite.synchronous",
        Kind::Choice(&["full", "normal"]),
        "\"full\"",
        "What a commit waits for. `full`: the disk; it survives the loss of power. `normal`: the operating system; it survives the end of the process.",
    ),
    key(
        "sqlite.check",
        Kind::Choice(&["quick", "full"]),
        "\"quick\"",
        "How much of the file is looked at before it is used. `quick`: header, version, length, and all of a small file. `full`: everything.",
    ),
    key("retention.endedRuns", Kind::Duration, "\"P30D\"", "How long ended runs stay readable (ENG-104)."),
    key(
        "retention.memoryRuns",
        COUNT,
        "100000",
        "Ended runs that the memory store keeps, oldest first out (ENG-104).",
    ),
    key("retention.events", COUNT, "1000", "Events of a run that are kept while it runs (ENG-109)."),
    key(
        "retention.eventsAfterEnd",
        Kind::Duration,
        "\"PT24H\"",
        "How long the events of an ended run are kept (ENG-109).",
    ),
];

/// Keys of the configuration that this build does not know yet, with what they are for. They are refused, not ignored.
pub(super) const NOT_YET: &[(&str, &str)] = &[
    ("apis", "base URLs of API catalogues"),
    ("policies", "platform policies"),
    ("secrets", "secret references"),
    ("plugins.apiKeyValidate", "API key validation"),
    ("plugins.jwtValidate", "token validation"),
    ("plugins.mtlsValidate", "client certificate validation"),
    ("plugins.cache", "caches"),
    ("plugins.kafkaPublish", "Kafka"),
    ("websocket.onExpiry", "tokens that the platform judges itself"),
    ("websocket.compression", "compression"),
    ("validation.subjourneySchemas", "subjourneys"),
];

impl Key {
    /// Whether the key stands at the path, and whether it lies below it.
    pub(super) fn relation(&self, path: &[&str]) -> Relation {
        let mut own = self.path.split('.');
        for segment in path {
            match own.next() {
                Some(pattern) if pattern == "*" || pattern == *segment => {}
                _ => return Relation::None,
            }
        }
        if own.next().is_none() { Relation::Is } else { Relation::Below }
    }
}

/// How a key relates to a path of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The path is the key.
    Is,
    /// The key lies below the path.
    Below,
    /// Neither.
    None,
}

#[cfg(test)]
mod tests {
    use super::{KEYS, Key, NOT_YET, Relation};

    #[test]
    fn keys_are_unique_and_none_is_the_group_of_another() {
        for (at, key) in KEYS.iter().enumerate() {
            for other in &KEYS[at + 1..] {
                assert_ne!(key.path, other.path);
                let group = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.starts_with('.'));
                assert!(
                    !group(key.path, other.path) && !group(other.path, key.path),
                    "{} {}",
                    key.path,
                    other.path
                );
            }
            assert!(NOT_YET.iter().all(|(path, _)| *path != key.path), "{}", key.path);
        }
    }

    #[test]
    fn defaults_are_values_of_their_keys() {
        for Key { path, kind, default, about } in KEYS {
            if !default.is_empty() {
                let value = serde_json::from_str(default).unwrap();
                assert_eq!(kind.check(&value), Ok(()), "{path}");
            }
            assert!(about.ends_with('.') || about.ends_with(')'), "{path}: {about}");
        }
    }

    #[test]
    fn paths_match_by_segments() {
        let key = KEYS.iter().find(|key| key.path == "platform.config.*.*").unwrap();
        assert_eq!(key.relation(&["platform", "config", "orders", "url"]), Relation::Is);
        assert_eq!(key.relation(&["platform", "config", "orders"]), Relation::Below);
        assert_eq!(key.relation(&["platform", "config", "orders", "url", "x"]), Relation::None);
        assert_eq!(key.relation(&["platforms"]), Relation::None);
    }
}
