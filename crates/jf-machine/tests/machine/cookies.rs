use jf_core::Phase;
use jf_core::spi::{CookieChange, JarCookie, JarLimits};
use jf_machine::{Env, Input, Run, TaskReturn, api_answer};
use serde_json::json;

use crate::support::{World, journey, program};

const JAR: &str = "jar: { domains: [{ pattern: .example.com }] }";
const ALL: &str =
    "jar: { domains: [{ pattern: .example.com }] }, returnToClient: { mode: allFromAllowedDomains }";

/// Two calls, then the end that the context asks for.
fn calls(cookies: &str) -> String {
    format!(
        "
start: one
states:
  one: {{ type: task, task: {{ kind: 'fake:v1' }}, next: two }}
  two: {{ type: task, task: {{ kind: 'fake:v1' }}, next: pick }}
  pick:
    type: choice
    choices: [{{ when: {{ predicate: {{ lang: mini, expr: '{{\"$eq\":[\"=context.fail\",true]}}' }} }}, next: bad }}]
    default: done
  done: {{ type: succeed }}
  bad: {{ type: fail, errorCode: NO, reason: because }}
cookies: {{ {cookies} }}
"
    )
}

fn keep(name: &str, value: &str) -> CookieChange {
    CookieChange::Keep(JarCookie::new(name, value, "a.example.com", "/"))
}

impl World {
    /// Ends the task at a state with changes to the jar.
    fn receive(&mut self, state: &str, cookies: Vec<CookieChange>) {
        let at = self.tasks.iter().position(|task| task.state.as_str() == state).expect("it runs");
        let activation = self.tasks.remove(at).activation;
        let result = Ok(TaskReturn { writes: Vec::new(), cookies });
        self.feed(Input::TaskFinished { activation, result }).unwrap();
    }

    /// The cookies that the running task may send.
    fn seen(&self) -> Vec<(String, String)> {
        let jar = self.task().cookies.clone();
        let cookies = jar.iter().flat_map(|jar| jar.cookies());
        cookies.map(|cookie| (cookie.name.clone(), cookie.value.clone())).collect()
    }

    fn owed(&self) -> Vec<String> {
        let lines = self.run.owed_cookies(self.now).into_iter();
        lines.map(|line| line.into_header().to_str().unwrap().to_owned()).collect()
    }
}

fn ended(cookies: &str, fail: bool, changes: Vec<CookieChange>) -> World {
    let mut world = World::start(journey(&calls(cookies)), json!({ "fail": fail }));
    world.receive("one", changes);
    assert!(world.owed().is_empty(), "HTTP-060: not before the end");
    world.receive("two", Vec::new());
    assert!(world.run.phase().is_final());
    world
}

#[test]
fn tsk_070_the_jar_begins_empty_is_stored_with_the_run_and_shown_to_later_calls() {
    let mut world = World::start(journey(&calls(JAR)), json!({ "fail": false }));
    assert!(world.task().cookies.is_none());
    world.receive("one", vec![keep("a", "1"), keep("b", "2"), keep("a", "3")]);
    assert_eq!(world.seen(), [("a".to_owned(), "3".to_owned()), ("b".to_owned(), "2".to_owned())]);
    let stored = Run::from_snapshot(&world.run.to_snapshot()).unwrap();
    assert!(stored == world.run, "persisted with the run");
    assert!(!format!("{:?}", world.run).contains("a.example.com"), "like a secret");
    assert!(world.log.iter().all(|entry| !format!("{entry:?}").contains("a.example.com")));
    world.receive("two", vec![keep("c", "4")]);
    assert_eq!(world.outcome().phase, Phase::Succeeded);
    assert!(
        !String::from_utf8(world.run.to_snapshot()).unwrap().contains("a.example.com"),
        "gone with the end"
    );
}

#[test]
fn def_157_without_a_jar_nothing_is_kept() {
    let states = calls(JAR).replace(&format!("cookies: {{ {JAR} }}"), "");
    let mut world = World::start(journey(&states), json!({ "fail": false }));
    world.receive("one", vec![keep("a", "1")]);
    assert!(world.task().cookies.is_none());
}

#[test]
fn tsk_070_branches_and_subjourneys_share_the_jar() {
    let spec = format!(
        "
start: fork
states:
  fork:
    type: parallel
    parallel:
      branches:
        - {{ name: left, start: l, states: {{ l: {{ type: task, task: {{ kind: 'fake:v1' }}, next: le }}, le: {{ type: succeed }} }} }}
        - {{ name: right, start: r, states: {{ r: {{ type: task, task: {{ kind: 'fake:v1' }}, next: re }}, re: {{ type: succeed }} }} }}
      join: {{ strategy: allOf }}
    next: call
  call: {{ type: subjourney, subjourney: {{ ref: sub }}, next: last }}
  last: {{ type: task, task: {{ kind: 'fake:v1' }}, next: done }}
  done: {{ type: succeed }}
subjourneys:
  sub:
    start: s
    states:
      s: {{ type: task, task: {{ kind: 'fake:v1' }}, next: e }}
      e: {{ type: succeed }}
cookies: {{ {JAR} }}
"
    );
    let mut world = World::start(journey(&spec), json!({}));
    world.receive("l", vec![keep("left", "1"), keep("both", "1")]);
    world.receive("r", vec![keep("right", "2"), keep("both", "2")]);
    let names = |world: &World| {
        world.seen().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(names(&world), ["left=1", "both=2", "right=2"], "TSK-072: the last writer wins");
    world.receive("s", vec![keep("sub", "3")]);
    assert_eq!(names(&world), ["left=1", "both=2", "right=2", "sub=3"]);
}

#[test]
fn tsk_070_a_compensation_has_a_jar_of_its_own() {
    let spec = calls(ALL)
        + "compensation: { start: undo, states: { undo: { type: task, task: { kind: 'fake:v1' }, next: end }, end: { type: succeed } } }\n";
    let mut world = World::start(journey(&spec), json!({ "fail": true }));
    world.receive("one", vec![keep("a", "1")]);
    world.receive("two", Vec::new());
    let compensation = world.compensate();
    assert!(compensation.task().cookies.is_none());
}

#[test]
fn tsk_076_the_platform_bounds_the_jar() {
    let mut world = World::with(journey(&calls(JAR)), json!({ "fail": false }), |world| {
        let mut bounds = JarLimits::default();
        bounds.cookies = 1;
        world.limits.jar = bounds;
    });
    world.receive("one", vec![keep("a", "1"), keep("b", "2")]);
    assert_eq!(world.seen(), [("b".to_owned(), "2".to_owned())]);
}

/// Also TSK-070: what nobody gets goes with the end.
#[test]
fn http_060_cookies_are_owed_by_runs_that_ended_in_succeed_and_declare_it() {
    let changes = || vec![keep("a", "1")];
    assert_eq!(ended(ALL, false, changes()).owed(), ["a=1; Domain=a.example.com; Path=/"]);
    assert!(ended(ALL, true, changes()).owed().is_empty(), "it failed");
    assert!(ended(JAR, false, changes()).owed().is_empty());
    assert!(!ended(ALL, false, Vec::new()).run.owes_cookies());
    let mut cancelled = World::start(journey(&calls(ALL)), json!({ "fail": false }));
    cancelled.receive("one", changes());
    cancelled.cancel().unwrap();
    assert!(!cancelled.run.owes_cookies());
}

#[test]
fn http_060_they_are_owed_until_they_were_taken() {
    let mut world = ended(ALL, false, vec![keep("a", "1")]);
    let head = world.run.seq();
    assert!(world.run.owes_cookies() && world.feed(Input::CookiesTaken).unwrap().changed());
    assert!(!world.run.owes_cookies() && world.owed().is_empty());
    assert!(!world.feed(Input::CookiesTaken).unwrap().changed());
    assert_eq!(world.run.seq(), head, "no event tells of it");
    let mut running = World::start(journey(&calls(ALL)), json!({ "fail": false }));
    running.receive("one", vec![keep("a", "1")]);
    assert!(!running.feed(Input::CookiesTaken).unwrap().changed());
    assert_eq!(running.seen().len(), 1, "a run that goes on keeps its jar");
}

#[test]
fn http_061_the_modes_select() {
    let changes =
        || vec![keep("session", "1"), keep("cart_id", "2"), keep("my-session", "3"), keep("other", "4")];
    let names = |cookies: &str| {
        let owed = ended(&format!("{JAR}, returnToClient: {cookies}"), false, changes()).owed();
        owed.iter().map(|line| line.split('=').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("{ mode: allFromAllowedDomains }"), ["session", "cart_id", "my-session", "other"]);
    assert_eq!(names("{ mode: none }"), [""; 0]);
    assert_eq!(names("{ mode: filtered, include: { names: [session] } }"), ["session"]);
    assert_eq!(names("{ mode: filtered, include: { namePatterns: ['^cart_'] } }"), ["cart_id"]);
    assert_eq!(
        names("{ mode: filtered, include: { names: [other], namePatterns: [session] } }"),
        ["session", "my-session", "other"],
        "the union; patterns are searched"
    );
}

#[test]
fn http_062_deletions_are_owed_under_the_same_selection() {
    let delete = |name: &str| CookieChange::Delete(JarCookie::new(name, "", "a.example.com", "/"));
    let changes = vec![keep("session", "1"), delete("session"), delete("other")];
    let owed = ended(
        &format!("{JAR}, returnToClient: {{ mode: filtered, include: {{ names: [session] }} }}"),
        false,
        changes,
    )
    .owed();
    assert_eq!(owed, ["session=; Domain=a.example.com; Path=/; Max-Age=0"]);
}

/// Also HTTP-066: with whatever status the answer has.
#[test]
fn http_060_the_answer_of_an_api_carries_them() {
    let api = |fail: bool, status: &str| {
        let spec = calls(ALL)
            + "input: { schema: { type: object } }\noutput: { schema: {} }\nbindings: { http: { apiResponses: { rules: [{ when: { phase: SUCCEEDED }, "
            + status
            + " }] } } }\n";
        let mut world = World::start(program("Api", &spec), json!({ "fail": fail }));
        world.receive("one", vec![keep("a", "1")]);
        world.receive("two", Vec::new());
        let env = Env::new(world.now, 1, &world.epoch, &world.platform, &world.limits);
        let reply = api_answer(&world.program, &world.run, &env).reply;
        (reply.status, reply.cookies.len())
    };
    assert_eq!(api(false, "status: 204"), (204, 1));
    assert_eq!(api(true, "status: 204"), (500, 0));
    let broken = "statusExpr: { lang: mini, expr: '\"text\"' }";
    assert_eq!(api(false, broken), (500, 0), "HTTP-069: such an answer is not the result");
}
