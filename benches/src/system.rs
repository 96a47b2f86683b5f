//! The system under test, built from the same crates an embedder would use.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use jf_binding_http::HttpConfig;
use jf_binding_ws::WsConfig;
use jf_core::spi::{Registries, RegistriesBuilder, TaskPlugin};
use jf_core::{Engine, Epoch};
use jf_dsl::{Catalog, Loaded, SourceFile};
use jf_engine::{EmbeddedEngine, NoHttp};
use jf_expr_jq::JaqEngine;
use jf_machine::{Env, Limits, PlatformValues, Program};
use jiff::Timestamp;

use crate::task::Instant;

/// Three states between start and outcome: transform, choice, succeed.
const THREE_STATES: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: three-states, version: 1.0.0 }
spec:
  input:
    schema: { type: object, required: [orderId, amount], properties: { amount: { type: number } } }
  start: shape
  states:
    shape:
      type: transform
      transform:
        mapper: { lang: jq, expr: '{ orderId: .context.orderId, total: (.context.amount * 2) }' }
        target: { kind: var }
        resultVar: order
      next: decide
    decide:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.context.order.total > 100' } }
          next: done
      default: refused
    done: { type: succeed, outputVar: order }
    refused: { type: fail, errorCode: TOO_SMALL, reason: too small }
"#;

/// Waits, and waits again after each submission.
pub(crate) const LOOP: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: loop, version: 1.0.0 }
spec:
  bindings:
    websocket:
      start: { messageType: loop.start }
      steps: { ask: { messageType: loop.step } }
  start: ask
  states:
    ask:
      type: wait
      wait:
        input:
          schema: { type: object, required: [decision], properties: { decision: { enum: [again, stop] } } }
      next: decide
    decide:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.context.payload.decision == "stop"' } }
          next: done
      default: ask
    done: { type: succeed }
"#;

/// Three tasks that take no time.
pub(crate) const THREE_TASKS: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: three-tasks, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  start: one
  states:
    one: { type: task, task: { kind: 'instant:v1', resultVar: one }, next: two }
    two: { type: task, task: { kind: 'instant:v1', resultVar: two }, next: three }
    three: { type: task, task: { kind: 'instant:v1', resultVar: three }, next: done }
    done: { type: succeed, outputVar: three }
";

/// Counts up: a transform and a choice per round.
pub(crate) const COUNT_LOOP: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: count, version: 1.0.0 }
spec:
  start: init
  states:
    init:
      type: transform
      transform: { mapper: { lang: jq, expr: '0' }, target: { kind: var }, resultVar: n }
      next: count
    count:
      type: transform
      transform: { mapper: { lang: jq, expr: '.context.n + 1' }, target: { kind: var }, resultVar: n }
      next: decide
    decide:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.context.n < .context.limit' } }
          next: count
      default: done
    done: { type: succeed }
"#;

/// Chains of choices only, entered again and again by one counting transform per twenty of them.
pub(crate) const CHOICE_CHAIN: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: chain, version: 1.0.0 }
spec:
  start: init
  states:
    init:
      type: transform
      transform: { mapper: { lang: jq, expr: '0' }, target: { kind: var }, resultVar: n }
      next: count
    count:
      type: transform
      transform: { mapper: { lang: jq, expr: '.context.n + 4' }, target: { kind: var }, resultVar: n }
      next: a
    a: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.n > .context.limit' } }, next: done } ], default: b }
    b: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.limit < 0' } }, next: done } ], default: c }
    c: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.n == -1' } }, next: done } ], default: d }
    d: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.n != -1' } }, next: e } ], default: done }
    e: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '(.context.n >= 0) and (.context.limit > 0)' } }, next: f } ], default: done }
    f: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.n > .context.limit' } }, next: done } ], default: g }
    g: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.n < 0' } }, next: done } ], default: h }
    h: { type: choice, choices: [ { when: { predicate: { lang: jq, expr: '.context.n >= .context.limit' } }, next: done } ], default: count }
    done: { type: succeed }
"#;

/// How many transitions a run of one of the two definitions above takes.
pub(crate) fn transitions(definition: &str, limit: u64) -> u64 {
    if definition == COUNT_LOOP { 1 + 2 * limit } else { 1 + 9 * limit.div_ceil(4) }
}

/// jq, both bindings, and what the engine runs.
pub(crate) fn registries() -> Registries {
    parts().build().expect("nothing is registered twice")
}

/// The same with a kind of task.
pub(crate) fn registries_with(task: Arc<dyn TaskPlugin>) -> Registries {
    parts().task(task).build().expect("nothing is registered twice")
}

fn parts() -> RegistriesBuilder {
    Registries::builder().expression(Arc::new(JaqEngine)).binding("http").binding("websocket")
}

fn load(text: &str) -> Loaded {
    load_with(text, &registries())
}

/// A definition by these registries.
pub(crate) fn load_with(text: &str, registries: &Registries) -> Loaded {
    jf_dsl::load(&SourceFile::new("bench.journey.yaml", text), registries)
        .unwrap_or_else(|found| panic!("the definition is valid: {found:?}"))
}

/// A definition ready for the interpreter.
pub(crate) fn program(definition: &str) -> Program {
    Program::link(&load(definition), &registries()).expect("a loaded definition links")
}

/// The default limits without the bound on loops, which these definitions are.
pub(crate) fn machine_limits() -> Limits {
    let mut limits = Limits::default();
    limits.transitions_per_segment = u32::MAX;
    limits
}

/// The world of one measurement.
pub(crate) struct World {
    epoch: Epoch,
    platform: PlatformValues,
}

impl World {
    /// A world without configuration.
    pub(crate) fn new() -> Self {
        Self { epoch: Epoch::random(), platform: PlatformValues::default() }
    }

    /// The world as one input sees it.
    pub(crate) const fn env<'a>(&'a self, limits: &'a Limits) -> Env<'a> {
        Env::new(Timestamp::UNIX_EPOCH, 7, &self.epoch, &self.platform, limits)
    }
}

/// The embedded engine in memory.
pub(crate) async fn engine() -> Arc<dyn Engine> {
    let registries = registries_with(Arc::new(Instant::new()));
    let loaded = [THREE_STATES, LOOP, THREE_TASKS].map(|text| load_with(text, &registries));
    let catalog = Catalog::new(loaded.to_vec()).expect("the definitions go together");
    let engine = EmbeddedEngine::builder(catalog).registries(registries).http(Arc::new(NoHttp)).build().await;
    Arc::new(engine.expect("the engine has everything it needs"))
}

/// The HTTP binding over the embedded engine in memory.
pub(crate) async fn http_router() -> Router {
    jf_binding_http::router(engine().await, HttpConfig::default())
}

/// Both bindings over the embedded engine in memory, with the rate limit out of the way.
pub(crate) async fn full_router() -> Router {
    let engine = engine().await;
    let mut config = WsConfig::default();
    config.limits.rate_per_sec = NonZeroU32::MAX;
    config.limits.burst = NonZeroU32::MAX;
    let http = jf_binding_http::router(Arc::clone(&engine), HttpConfig::default());
    jf_binding_ws::attach(http, engine, config).expect("the configuration is valid")
}
