//! What chapter 06 says and only shows when binding, engine and other services stand together: over a real socket, on journeys made for
//! it.

mod apis;
mod cookies;
mod events;
mod links;
mod requests;
mod suite;
mod wrong;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jf_testkit::{HttpClient, HttpResponse, StubReply, StubRule};
use serde_json::{Value, json};

use crate::support::system::System;

/// Keeps what it was started with, waits, and tells both at the end.
const VISIT: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: visit, version: 1.0.0 }
spec:
  bindings:
    http:
      start: { queryToContext: { who: seen.who, note: seen.note }, headersToContext: { X-Who: seen.who } }
      steps: { ask: { queryToContext: { who: seen.who }, headersToContext: { X-Who: seen.who } } }
  input: { schema: { type: object } }
  output: { response: { outputVar: seen, schema: { type: object } } }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: {} }, response: { outputVar: seen } }, next: again }
    again: { type: wait, wait: { input: { schema: {} } }, next: done }
    done: { type: succeed, outputVar: seen }
"#;

/// The same without links, answered at once.
const QUIET: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: quiet, version: 1.0.0 }
spec:
  lifecycle: { startMode: async }
  httpSurface: { links: { enabled: false } }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: {} } }, next: done }
    done: { type: succeed }
"#;

/// Logs in at a shop, looks at its cart, and hands the cookies on.
const SHOP: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: shop, version: 1.0.0 }
spec:
  bindings:
    websocket: { start: { messageType: shop.start } }
  cookies:
    jar: { domains: [{ pattern: shop.example.com }, { pattern: .shop.example.com }] }
    returnToClient: { mode: filtered, include: { names: [session], namePatterns: ['^cart_', '^old$'] } }
  start: login
  states:
    login: { type: task, task: { kind: httpCall:v1, method: POST, url: 'https://login.shop.example.com/a/sessions', resultVar: login }, next: cart }
    cart: { type: task, task: { kind: httpCall:v1, method: GET, url: 'https://www.shop.example.com/cart', resultVar: cart }, next: bare }
    bare: { type: task, task: { kind: httpCall:v1, method: GET, url: 'https://www.shop.example.com/bare', cookies: { useJar: false }, resultVar: bare }, next: pick }
    pick:
      type: choice
      choices: [{ when: { predicate: { lang: jq, expr: .context.fail == true } }, next: bad }]
      default: done
    done: { type: succeed, outputVar: login }
    bad: { type: fail, errorCode: SHOP, reason: closed }
"#;

/// A system with these definitions, in which the shop of [`SHOP`] answers.
async fn system(definitions: &[&str]) -> System {
    let system = System::of(definitions).await;
    let login = StubReply::json(200, json!({ "hello": 1 }))
        .with_header(
            "set-cookie",
            "session=s1; Domain=shop.example.com; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600",
        )
        .with_header("set-cookie", "cart_id=c1; Domain=shop.example.com; Path=/cart")
        .with_header("set-cookie", "other=o1; Domain=shop.example.com; Path=/")
        .with_header("set-cookie", "host=h1")
        .with_header("set-cookie", "foreign=f1; Domain=example.com");
    let cart = StubReply::json(200, json!({}))
        .with_header("set-cookie", "old=; Domain=shop.example.com; Path=/; Max-Age=0");
    system.services.add(StubRule::new("login").url("https://login.shop.example.com/a/sessions").reply(login));
    system.services.add(StubRule::new("cart").url("https://www.shop.example.com/cart").reply(cart));
    system.services.add(StubRule::new("bare").url("https://www.shop.example.com/bare"));
    system
}

/// A request with headers and, for a POST, a JSON body.
async fn ask(
    http: &HttpClient,
    method: Method,
    path: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> HttpResponse {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    http.send_bytes(method, path, map, body.to_owned().into()).await.unwrap()
}

async fn get(http: &HttpClient, path: &str) -> HttpResponse {
    ask(http, Method::GET, path, &[], "").await
}

async fn post(http: &HttpClient, path: &str, body: &str) -> HttpResponse {
    ask(http, Method::POST, path, &[], body).await
}

/// Starts a run and gives the address of its status.
async fn started(http: &HttpClient, journey: &str, body: &str) -> String {
    let answer = post(http, &format!("/api/v1/journeys/{journey}/start"), body).await;
    assert!(answer.status.is_success(), "{answer}");
    format!("/api/v1/journeys/{}", json(&answer)["journeyId"].as_str().unwrap())
}

fn json(answer: &HttpResponse) -> Value {
    answer.json().unwrap()
}
