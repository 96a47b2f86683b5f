//! The console: where it is, for whom it is, and what its socket reaches. What people see of it is tested in a browser (`crates/jf-console/test`).

use std::net::SocketAddr;

use http::{Method, Version};
use jf_cli::{Config, Definitions, HostError, Purpose, Serving};
use jf_dsl::SourceFile;
use jf_testkit::{ClientError, Handshake, HttpClient, WebSocketClient};
use serde_json::{Value, json};

use crate::support::in_time;
use crate::support::pki::Pki;
use crate::support::raw::{RawAnswer, RawHttp};

const TOKEN: &str = "correct-horse-battery-staple";

/// Two branches and a subjourney wait; nothing is reachable over WebSocket.
const SILENT: &str = "
apiVersion: v1
kind: Journey
metadata: { name: silent, version: 1.1.0, description: Says nothing., tags: [quiet] }
spec:
  input: { schema: { type: object, required: [to], properties: { to: { type: string } } } }
  start: both
  subjourneys:
    talk:
      start: hear
      states:
        hear: { type: wait, wait: { input: { schema: { type: object } } }, next: over }
        over: { type: succeed }
  states:
    both:
      type: parallel
      parallel:
        branches:
          - name: left
            start: ask
            states:
              ask: { type: wait, wait: { input: { schema: { type: object, required: [left] } }, timeoutSec: 60, onTimeout: late }, next: end }
              end: { type: succeed }
              late: { type: fail, errorCode: LATE, reason: Too late }
          - name: right
            start: ask
            states:
              ask: { type: webhook, webhook: { input: { schema: { type: object } } }, next: end }
              end: { type: succeed }
        join: { strategy: allOf }
      next: conversation
    conversation: { type: subjourney, subjourney: { ref: talk }, next: pick }
    pick:
      type: choice
      choices: [{ when: { predicate: { lang: jq, expr: .context.to == \"me\" } }, next: done }]
      default: done
    done: { type: succeed }
";
const OLDER: &str = "
apiVersion: v1
kind: Journey
metadata: { name: silent, version: 1.0.0 }
spec: { start: done, states: { done: { type: succeed } } }
";
/// Fails, and is compensated by states of the same names.
const UNDONE: &str = "
apiVersion: v1
kind: Journey
metadata: { name: undone, version: 1.0.0 }
spec:
  lifecycle: { startMode: async }
  compensation:
    mode: async
    start: ask
    states:
      ask: { type: wait, wait: { input: { schema: { type: object, required: [ok] } } }, next: end }
      end: { type: succeed }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: { type: object } } }, next: broken }
    broken: { type: fail, errorCode: BROKEN, reason: Told so }
";
/// Has a path, types and a subprotocol of its own.
const SPOKEN: &str = "
apiVersion: v1
kind: Journey
metadata: { name: spoken, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  access: { read: { guardRef: named } }
  subjourneys:
    named:
      start: look
      states:
        look:
          type: transform
          transform: { lang: jq, expr: '{ allowed: (.context.open == true) }', target: { kind: var }, resultVar: verdict }
          next: end
        end: { type: succeed, outputVar: verdict }
  bindings:
    websocket:
      endpoint: { path: /ws/spoken, subprotocol: house.v1 }
      start: { messageType: say }
      steps: { reply: { messageType: answer } }
  start: reply
  states:
    reply: { type: wait, wait: { input: { schema: { type: object } } }, next: done }
    done: { type: succeed }
";

struct Console {
    serving: Serving,
    address: SocketAddr,
}

async fn serve(settings: &[(&str, &str)]) -> Result<Serving, HostError> {
    let base = Config::default().with("http.listen", "127.0.0.1:0").unwrap().with("store", "memory").unwrap();
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let config = settings.iter().fold(base, |config, (key, text)| config.with(key, value(text)).unwrap());
    let texts = [("a", SILENT), ("b", OLDER), ("c", SPOKEN), ("d", UNDONE)];
    let sources = texts.map(|(name, text)| SourceFile::new(format!("{name}.journey.yaml"), text));
    let definitions = Definitions::from_sources(sources.to_vec(), &config, Purpose::Deploy).unwrap();
    assert!(
        !definitions.diagnostics().has_errors(),
        "{}",
        definitions.diagnostics().to_terminal(Default::default())
    );
    Serving::begin(&definitions, &config).await
}

impl Console {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let serving = serve(&[&[("console.listen", "127.0.0.1:0")], settings].concat()).await.unwrap();
        let address = serving.console_address().unwrap();
        Self { serving, address }
    }

    async fn ask(&self, request: &str) -> RawAnswer {
        RawHttp::connect(self.address).await.exchange(request.as_bytes()).await
    }

    async fn get(&self, path: &str, headers: &str) -> RawAnswer {
        let address = self.address;
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n")).await
    }

    async fn socket(&self) -> WebSocketClient {
        WebSocketClient::connect(self.address, jf_console::SOCKET, &Handshake::default()).await.unwrap()
    }

    fn api(&self) -> HttpClient {
        HttpClient::new(self.serving.address())
    }
}

async fn status(api: &HttpClient, path: &str) -> u16 {
    api.send(Method::GET, path, None).await.unwrap().status.as_u16()
}

async fn handshake(address: SocketAddr, handshake: &Handshake) -> Option<u16> {
    match WebSocketClient::connect(address, jf_console::SOCKET, handshake).await {
        Ok(_) => None,
        Err(ClientError::Refused(answer)) => Some(answer.status.as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn there_is_none_unless_it_is_asked_for() {
    let serving = serve(&[]).await.unwrap();
    assert_eq!(serving.console_address(), None);
    let api = HttpClient::new(serving.address());
    for path in ["/", "/main.js", "/catalogue", "/runs", "/session", jf_console::SOCKET] {
        assert_eq!(status(&api, path).await, 404, "{path}");
    }
    let console = Console::start(&[]).await;
    assert_ne!(console.address.port(), console.serving.address().port(), "a listener of its own");
    for path in ["/catalogue", jf_console::SOCKET] {
        assert_eq!(status(&console.api(), path).await, 404, "{path}");
    }
    assert_eq!(console.get("/api/v1/journeys", "").await.status, 404, "and nothing but the console there");
    console.serving.drain().await;
}

#[tokio::test]
async fn the_page_is_complete_and_under_a_policy_without_exceptions() {
    let console = Console::start(&[]).await;
    for name in jf_console::asset_names() {
        let path = if name == "index.html" { "/".to_owned() } else { format!("/{name}") };
        let answer = console.get(&path, "").await;
        let media = answer.header("content-type").unwrap_or_default().to_owned();
        let wanted = match name.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!((answer.status, media.as_str()), (200, wanted), "{path}");
    }
    for path in ["/", "/main.js", "/catalogue", "/runs", "/nothing"] {
        let answer = console.get(path, "").await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'")
                && policy.contains("require-trusted-types-for 'script'")
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    let nothing = console.get("/nothing", "").await;
    assert_eq!((nothing.status, nothing.header("content-type")), (404, Some("application/problem+json")));
}

/// ORG-1, and the rule of host names behind it: a page of another site has nothing to say here, whatever name it gives this address.
#[tokio::test]
async fn org_1_pages_of_others_are_turned_away() {
    let console = Console::start(&[]).await;
    let (address, port) = (console.address, console.address.port());
    for host in [format!("rebound.example:{port}"), "rebound.example".to_owned()] {
        for path in ["/", "/catalogue", "/runs", "/session", jf_console::SOCKET] {
            let answer = console.ask(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
            assert_eq!(answer.status, 403, "{host} {path}");
            assert!(answer.header("content-security-policy").is_some(), "{host} {path}");
        }
    }
    let service = format!("http://{}", console.serving.address());
    for origin in ["https://evil.example", "null", &service, "https://127.0.0.1", "http://127.0.0.1"] {
        let wrong = Handshake::default().with_header("origin", origin);
        assert_eq!(handshake(address, &wrong).await, Some(403), "{origin}");
        assert_eq!(console.get("/catalogue", &format!("origin: {origin}\r\n")).await.status, 403, "{origin}");
    }
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
        assert_eq!(
            console.get("/runs", &format!("sec-fetch-site: {site}\r\n")).await.status,
            status,
            "{site}"
        );
    }
    // Those of its own, whether a proxy in front of it speaks TLS or not.
    for scheme in ["http", "https"] {
        let own = Handshake::default().with_header("origin", format!("{scheme}://{address}"));
        assert_eq!(handshake(address, &own).await, None, "{scheme}");
    }
    let local =
        format!("GET /runs HTTP/1.1\r\nhost: localhost:{port}\r\norigin: http://localhost:{port}\r\n\r\n");
    assert_eq!(console.ask(&local).await.status, 200);
}

#[tokio::test]
async fn a_public_address_needs_a_token() {
    let refused = serve(&[("console.listen", "0.0.0.0:0")]).await.unwrap_err();
    assert_eq!(refused.to_string(), "the console would be open to everybody who reaches 0.0.0.0:0");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let file = file.to_str().unwrap();
    let serving = serve(&[("console.listen", "0.0.0.0:0"), ("console.tokenFile", file)]).await.unwrap();
    assert!(serving.console_address().unwrap().ip().is_unspecified());
    for (text, told) in [("short", "holds no token"), ("has spaces in the middle of it", "holds no token")] {
        std::fs::write(file, text).unwrap();
        let refused =
            serve(&[("console.listen", "127.0.0.1:0"), ("console.tokenFile", file)]).await.unwrap_err();
        assert!(refused.to_string().contains(told) && !refused.to_string().contains(text), "{refused}");
    }
    let refused = serve(&[("console.listen", "127.0.0.1:0"), ("console.tokenFile", "nowhere/token")]).await;
    assert!(refused.unwrap_err().to_string().starts_with("cannot read `nowhere/token`"));
}

/// AUTH-1: the session of the console is none of the caller of a journey.
#[tokio::test]
async fn a_token_opens_what_shows_runs_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    let console = Console::start(&[("console.tokenFile", file.to_str().unwrap())]).await;
    let address = console.address;
    assert_eq!(console.get("/", "").await.status, 200, "the door itself");
    for path in ["/catalogue", "/runs", "/runs/AAAAAAAAAAAAAAAAAAAAAA", "/session"] {
        assert_eq!(console.get(path, "").await.status, 401, "{path}");
    }
    assert_eq!(handshake(address, &Handshake::default()).await, Some(401));
    let show = async |token: &str, headers: &str| {
        let length = token.len();
        console.ask(&format!("POST /session HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n{token}")).await
    };
    for wrong in ["", "correct-horse-battery-stapl", "correct-horse-battery-staple2", &"x".repeat(5000)] {
        let answer = show(wrong, "").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (401, Some("application/problem+json")),
            "{wrong}"
        );
    }
    let looked = HttpClient::new(address).send(Method::HEAD, "/session", None).await.unwrap();
    assert_eq!(looked.status, 401, "it shows no token");
    assert_eq!(show(TOKEN, "origin: https://evil.example\r\n").await.status, 403);
    // As it comes through a proxy that ends TLS.
    let answer = show(TOKEN, &format!("origin: https://{address}\r\nsec-fetch-site: same-origin\r\n")).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.header("set-cookie"), None, "a cookie would go to every port of the host");
    let session = answer.text();
    assert!(session.len() == 32 && session != TOKEN, "{session}");
    for (header, status) in [
        (format!("journeyforge-console-session: {session}"), 200),
        (format!("journeyforge-console-session: {session}x"), 401),
        (format!("cookie: journeyforge_console={session}"), 401),
        (format!("authorization: Bearer {session}"), 401),
    ] {
        assert_eq!(console.get("/catalogue", &format!("{header}\r\n")).await.status, status, "{header}");
    }
    let offer = |entry: String| Handshake::default().with_protocol("journeyforge.v1").with_protocol(entry);
    let entry = format!("session.console.journeyforge.{session}");
    assert_eq!(handshake(address, &offer(entry.clone())).await, None);
    assert_eq!(handshake(address, &offer(format!("{entry}x"))).await, Some(401));
    // Another console, with the same token, has another session.
    let other = Console::start(&[("console.tokenFile", file.to_str().unwrap())]).await;
    assert_eq!(handshake(other.address, &offer(entry)).await, Some(401));
}

/// ORG-1, HTTP-001: browsers speak HTTP/2 with a console that has certificates, and tell no `Host` there.
#[tokio::test]
async fn org_1_http_001_pages_over_tls_are_its_own_in_every_version() {
    let pki = Pki::new();
    let file = |name: &str| pki.path(name).to_str().unwrap().to_owned();
    std::fs::write(pki.path("token"), TOKEN).unwrap();
    // On a loopback address there is no TLS.
    let settings = [
        ("console.listen", "0.0.0.0:0"),
        ("http.tls.certificate", &*file("server.pem")),
        ("http.tls.key", &*file("server.key")),
        ("console.tokenFile", &*file("token")),
    ];
    let console = Console::start(&settings).await;
    let origin = format!("https://localhost:{}", console.address.port());
    for (client, version) in
        [(pki.http(None), Version::HTTP_2), (pki.http(None).http1_only(), Version::HTTP_11)]
    {
        let client = client.build().unwrap();
        let show = |page: &str| {
            let shown = client.post(format!("{origin}/session")).header("origin", page).body(TOKEN);
            in_time("an answer", shown.send())
        };
        let opened = show(&origin).await.unwrap();
        assert_eq!((opened.status().as_u16(), opened.version()), (200, version));
        let session = opened.text().await.unwrap();
        for page in ["https://evil.example", "https://localhost", &origin.replace("https", "http")] {
            assert_eq!(show(page).await.unwrap().status(), 403, "{version:?} {page}");
        }
        let asked = client.get(format!("{origin}/catalogue")).header("journeyforge-console-session", session);
        assert_eq!(in_time("an answer", asked.send()).await.unwrap().status(), 200, "{version:?}");
    }
}

/// LIM-5: what a server allows its clients is no less than what the page asks for: a list that is followed leaves room for the run that is looked at.
#[tokio::test]
async fn lim_5_the_list_leaves_room_for_the_run() {
    let console =
        Console::start(&[("websocket.limits.maxSubscriptions", "1"), ("websocket.limits.burst", "1000")])
            .await;
    let mut socket = console.socket().await;
    for count in 0..101 {
        let start = json!({ "type": "start", "journeyName": "silent", "payload": { "to": "me" }, "subscribe": false });
        let run = socket.request(start).await.unwrap()["journeyId"].clone();
        let watched = socket.request(json!({ "type": "subscribe", "journeyId": run })).await.unwrap();
        assert_ne!(watched["type"], "error", "{count}: {watched}");
    }
}

#[tokio::test]
async fn a_catalogue_that_is_known_is_not_sent_again() {
    let console = Console::start(&[]).await;
    let answer = console.get("/catalogue", "").await;
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let tag = answer.header("etag").unwrap();
    for (known, status) in [(tag.to_owned(), 304), (format!("W/{tag}"), 304), ("\"another\"".to_owned(), 200)]
    {
        let answer = console.get("/catalogue", &format!("if-none-match: {known}\r\n")).await;
        assert_eq!((answer.status, answer.text().is_empty()), (status, status == 304), "{known}");
    }
}

#[tokio::test]
async fn the_catalogue_shows_graphs_and_schemas() {
    let console = Console::start(&[]).await;
    let catalogue = console.get("/catalogue", "").await.json();
    let journeys = catalogue["journeys"].as_array().unwrap();
    let named: Vec<_> =
        journeys.iter().map(|j| format!("{} {} {}", j["name"], j["version"], j["serving"])).collect();
    assert_eq!(
        named,
        [
            r#""silent" "1.0.0" false"#,
            r#""silent" "1.1.0" true"#,
            r#""spoken" "1.0.0" true"#,
            r#""undone" "1.0.0" true"#
        ]
    );
    let silent = &journeys[1];
    assert_eq!(
        (&silent["startMode"], &silent["guarded"], &silent["tags"]),
        (&json!("sync"), &json!(false), &json!(["quiet"]))
    );
    assert_eq!((&silent["input"]["required"], &journeys[2]["guarded"]), (&json!(["to"]), &json!(true)));
    let states = silent["graph"]["states"].as_array().unwrap();
    assert_eq!((&silent["graph"]["start"], states.len()), (&json!("both"), 4));
    let both = &states[0];
    assert_eq!(
        (&both["type"], &both["detail"], &both["ways"]),
        (&json!("parallel"), &json!("allOf"), &json!([{ "to": "conversation", "kind": "next" }]))
    );
    let ask = &both["branches"][0]["states"][0];
    assert_eq!(
        (&both["branches"][0]["name"], &ask["input"]["required"], &ask["timeoutSec"]),
        (&json!("left"), &json!(["left"]), &json!(60))
    );
    assert_eq!(ask["ways"], json!([{ "to": "end", "kind": "next" }, { "to": "late", "kind": "timeout" }]));
    assert_eq!(states[1]["subjourney"], "talk");
    assert_eq!(silent["subjourneys"]["talk"]["start"], "hear");
    let pick = &states[2]["ways"];
    assert_eq!(
        pick,
        &json!([{ "to": "done", "kind": "choice", "label": ".context.to == \"me\"" }, { "to": "done", "kind": "default" }])
    );
}

/// MUX-2, RT-4, RT-6, WS-032: one path and two types for every journey, by the protocol as it is.
#[tokio::test]
async fn rt_4_rt_6_ws_032_the_socket_reaches_every_journey() {
    let console = Console::start(&[]).await;
    let mut socket = console.socket().await;
    let refused = socket.request(json!({ "type": "start", "payload": {} })).await.unwrap();
    assert_eq!(refused["problem"]["type"], "urn:journeyforge:error:journey-name-required");
    let refused =
        socket.request(json!({ "type": "start", "journeyName": "silent", "payload": {} })).await.unwrap();
    assert_eq!(refused["problem"]["type"], "urn:journeyforge:error:invalid-input");
    let started = socket
        .request(json!({ "type": "start", "journeyName": "silent", "payload": { "to": "me" } }))
        .await
        .unwrap();
    assert_eq!(started["type"], "status");
    let run = started["journeyId"].as_str().unwrap().to_owned();

    let step = |step: &str, payload: Value| json!({ "type": "submit", "journeyId": run, "stepId": step, "payload": payload });
    let ambiguous = socket.request(step("ask", json!({ "left": 1 }))).await.unwrap();
    assert_eq!(ambiguous["problem"]["type"], "urn:journeyforge:error:step-ambiguous");
    let faulty = socket.request(step("both~left~ask", json!({}))).await.unwrap();
    assert_eq!(faulty["problem"]["type"], "urn:journeyforge:error:invalid-input");
    // An address where the id alone would be ambiguous (RT-7).
    for (address, resolved) in [("both~left~ask", "both~left~ask"), ("both~right~ask", "ask")] {
        let reply = socket.request(step(address, json!({ "left": 1 }))).await.unwrap();
        assert_eq!((&reply["type"], &reply["stepId"]), (&json!("status"), &json!(resolved)), "{reply}");
    }
    let inside = socket.request(step("conversation~hear", json!({}))).await.unwrap();
    assert_eq!(
        inside["problem"]["type"], "urn:journeyforge:error:step-type-mismatch",
        "subjourneys are not covered"
    );
    let path = format!("/api/v1/journeys/{run}/steps/hear");
    let submitted = console.api().send(Method::POST, &path, Some(&json!({}))).await.unwrap();
    assert_eq!(submitted.status, 200);
    let status = socket.request(json!({ "type": "getStatus", "journeyId": run })).await.unwrap();
    assert_eq!(status["payload"]["phase"], "SUCCEEDED");
    let version = console.get(&format!("/runs/{run}"), "").await.json();
    assert_eq!(version, json!({ "journeyName": "silent", "version": "1.1.0" }));
    assert_eq!(console.get("/runs/AAAAAAAAAAAAAAAAAAAAAA", "").await.status, 404);
}

/// ENG-094: a run that compensates another one is told as such, since its states are others.
#[tokio::test]
async fn eng_094_a_compensation_is_told_from_a_run() {
    let console = Console::start(&[]).await;
    let api = console.api();
    let send = async |path: &str| api.send(Method::POST, path, Some(&json!({}))).await.unwrap();
    let run =
        send("/api/v1/journeys/undone/start").await.json().unwrap()["journeyId"].as_str().unwrap().to_owned();
    assert_eq!(send(&format!("/api/v1/journeys/{run}/steps/ask")).await.status, 200);
    let ended =
        api.send(Method::GET, &format!("/api/v1/journeys/{run}"), None).await.unwrap().json().unwrap();
    let link = ended["_links"]["compensation"]["href"].as_str().unwrap();
    let compensation = link.rsplit('/').next().unwrap();
    let told = async |run: &str| console.get(&format!("/runs/{run}"), "").await.json();
    let mut version = json!({ "journeyName": "undone", "version": "1.0.0" });
    assert_eq!(told(&run).await, version);
    version["compensation"] = json!(true);
    assert_eq!(told(compensation).await, version);
    let catalogue = console.get("/catalogue", "").await.json();
    let undone =
        catalogue["journeys"].as_array().unwrap().iter().find(|journey| journey["name"] == "undone").unwrap();
    assert_eq!(undone["compensation"]["states"][0]["input"]["required"], json!(["ok"]));
    // Of no binding, so it is submitted over HTTP (WS-032).
    let path = format!("/api/v1/journeys/{compensation}/steps/ask");
    assert_eq!(api.send(Method::POST, &path, Some(&json!({ "ok": true }))).await.unwrap().status, 200);
}

/// ACC-1, ACC-3, WS-003: guards hold here as they do elsewhere, and the view of the console is nobody else's.
#[tokio::test]
async fn acc_1_guards_hold_and_the_service_is_as_it_was() {
    let console = Console::start(&[]).await;
    let mut socket = console.socket().await;
    let mut runs = Vec::new();
    for (open, reply) in [(true, "status"), (false, "error")] {
        let start = json!({ "type": "start", "journeyName": "spoken", "payload": { "open": open }, "subscribe": false });
        let started = socket.request(start).await.unwrap();
        let run = started["journeyId"].as_str().unwrap();
        let read = socket.request(json!({ "type": "getStatus", "journeyId": run })).await.unwrap();
        assert_eq!(read["type"], reply, "{read}");
        runs.push(run.to_owned());
    }
    let cancel = |run: &str| json!({ "type": "cancel", "journeyId": run });
    let denied = socket.request(cancel(&runs[1])).await.unwrap();
    assert_eq!(denied["problem"]["type"], "urn:journeyforge:error:not-found", "{denied}");
    // What asks no guard, here as over HTTP: which runs there are, and of which version.
    assert_eq!(console.get(&format!("/runs/{}", runs[1]), "").await.status, 200);
    let listed = console.get("/runs?journeyName=spoken&phase=RUNNING&pageSize=1", "").await.json();
    assert_eq!((listed["items"].as_array().unwrap().len(), listed["nextPageToken"].is_string()), (1, true));
    assert_eq!(console.get("/runs?colour=red", "").await.status, 400);
    let cancelled = socket.request(cancel(&runs[0])).await.unwrap();
    assert_eq!(cancelled["type"], "status", "{cancelled}");

    let service = console.serving.address();
    let own = Handshake::default().with_protocol("house.v1");
    let mut spoken = WebSocketClient::connect(service, "/ws/spoken", &own).await.unwrap();
    let unknown = spoken.request(json!({ "type": "start", "payload": {} })).await.unwrap();
    assert_eq!(unknown["problem"]["type"], "urn:journeyforge:error:unknown-type");
    assert!(WebSocketClient::connect(service, "/ws/journeys/silent", &Handshake::default()).await.is_err());
}

/// DRAIN-1: sockets of the console are told, and end with the server.
#[tokio::test]
async fn drain_1_the_console_ends_with_its_server() {
    let console = Console::start(&[]).await;
    let mut socket = console.socket().await;
    let pong = socket.request(json!({ "type": "ping" })).await.unwrap();
    assert_eq!(pong["type"], "pong");
    let Console { serving, address } = console;
    let drained = tokio::spawn(serving.drain());
    let goaway = socket.frame().await.unwrap();
    assert_eq!(goaway["type"], "goaway");
    drop(socket);
    drained.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is given back");
}
