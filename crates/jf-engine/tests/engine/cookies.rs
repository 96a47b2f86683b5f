//! Cookie jars: kept with the run, handed out once (TSK-070, HTTP-060).

use std::sync::Arc;

use jf_core::spi::{CookieChange, JarCookie, TaskOutput};
use jf_core::{CallApi, Engine, EngineErrorKind, JourneyId, StartReply, StartRequest, Started};
use serde_json::{Value, json};

use crate::support::{Bench, Setup, api, breathe, caller, journey, key, kind, soon};

const STATES: &str = "\
start: call
states:
  call: { type: task, task: { kind: 'desk:v1' }, next: again }
  again: { type: task, task: { kind: 'desk:v1' }, next: end }
  end: { type: succeed, outputVar: answer }
cookies: { jar: { domains: [{ pattern: .example.com }] }, returnToClient: { mode: allFromAllowedDomains } }
";

const SYNC: &str = "lifecycle: { startMode: sync }\n";

const GUARD: &str = "\
subjourneys:
  guard: { start: judge, states: { judge: { type: task, task: { kind: 'desk:v1' }, next: done }, done: { type: succeed, outputVar: answer } } }
access: { read: { guardRef: guard } }
";

fn sets(name: &str) -> TaskOutput {
    let cookie = JarCookie::new(name, "1", "a.example.com", "/");
    TaskOutput::none().with_cookies(vec![CookieChange::Keep(cookie)])
}

/// The first call sets a cookie, the second one sees it.
async fn calls(bench: &Bench) {
    let first = bench.desk.next().await;
    assert!(first.context.cookies.is_none(), "TSK-070: empty at start");
    first.give(sets("a"));
    let second = bench.desk.next().await;
    let jar = second.context.cookies.clone().expect("the first call has set one");
    assert_eq!(jar.cookies().len(), 1);
    second.done(json!(1));
}

async fn started(bench: &Bench, keyed: bool) -> Started {
    let request = StartRequest::new("shop", json!({})).unwrap().with_cookies();
    let request = if keyed { request.with_key(key("cookies-of-the-start")) } else { request };
    bench.engine.start(request, &caller()).await.unwrap()
}

async fn ended(bench: &Bench) -> JourneyId {
    let id = started(bench, false).await.journey_id;
    calls(bench).await;
    bench.until_ended(&id).await;
    id
}

async fn taken(bench: &Bench, id: &JourneyId) -> usize {
    bench.engine.take_cookies(id, &caller()).await.unwrap().len()
}

fn delivered(reply: StartReply) -> usize {
    match reply {
        StartReply::Outcome { cookies, .. } => cookies.len(),
        other => panic!("the run has ended: {other:?}"),
    }
}

#[tokio::test]
async fn http_060_the_result_gives_them_once_and_moves_nothing() {
    let bench = Bench::new(&[journey("shop", STATES)]).await;
    let id = started(&bench, false).await.journey_id;
    assert_eq!(taken(&bench, &id).await, 0, "it has not ended");
    calls(&bench).await;
    bench.until_ended(&id).await;
    let before = bench.status(&id).await.at;
    assert_eq!((taken(&bench, &id).await, taken(&bench, &id).await), (1, 0));
    assert_eq!(bench.status(&id).await.at, before, "no event tells of it");
}

#[tokio::test]
async fn http_060_several_who_come_at_once_get_them_once() {
    let bench = Bench::new(&[journey("shop", STATES)]).await;
    let id = ended(&bench).await;
    let several = (0..8).map(|_| taken(&bench, &id));
    assert_eq!(futures::future::join_all(several).await.into_iter().sum::<usize>(), 1);
}

/// Also ENG-105: the jar survives a restart in the middle and one after the end.
#[tokio::test]
async fn tsk_070_the_jar_is_kept_with_the_run() {
    let definitions = [journey("shop", STATES)];
    let bench = Bench::new(&definitions).await;
    let id = started(&bench, false).await.journey_id;
    bench.desk.next().await.give(sets("a"));
    let _lost = bench.desk.next().await;
    let bench = restarted(bench, &definitions).await;
    let again = bench.desk.next().await;
    assert_eq!(again.context.cookies.as_ref().map(|jar| jar.cookies().len()), Some(1));
    again.done(json!(1));
    bench.until_ended(&id).await;
    let bench = restarted(bench, &definitions).await;
    assert_eq!(taken(&bench, &id).await, 1);
    let bench = restarted(bench, &definitions).await;
    assert_eq!(taken(&bench, &id).await, 0, "once over all restarts");
}

async fn restarted(bench: Bench, definitions: &[String]) -> Bench {
    let mut setup = Setup::new(definitions).store(Arc::clone(&bench.store));
    setup.clock = bench.clock.clone();
    let next = setup.build().await;
    drop(bench);
    breathe().await;
    next
}

/// Also ENG-053: a repetition neither carries them nor uses them up.
#[tokio::test]
async fn http_060_a_synchronous_start_carries_them_and_its_repetition_does_not() {
    let bench = Bench::new(&[journey("shop", &format!("{STATES}{SYNC}"))]).await;
    let first = started(&bench, true).await;
    let id = first.journey_id.clone();
    let waiting = tokio::spawn(first.settled());
    let repeated = tokio::spawn(started(&bench, true).await.settled());
    calls(&bench).await;
    let (first, repeated) = soon(async { tokio::join!(waiting, repeated) }).await;
    assert_eq!((delivered(first.unwrap().unwrap()), delivered(repeated.unwrap().unwrap())), (1, 0));
    assert_eq!(taken(&bench, &id).await, 0, "the start has had them");
}

#[tokio::test]
async fn http_060_transports_without_cookies_leave_them_to_the_result() {
    let bench = Bench::new(&[journey("shop", &format!("{STATES}{SYNC}"))]).await;
    let request = StartRequest::new("shop", json!({})).unwrap();
    let started = bench.engine.start(request, &caller()).await.unwrap();
    let id = started.journey_id.clone();
    let waiting = tokio::spawn(started.settled());
    calls(&bench).await;
    assert_eq!(delivered(soon(waiting).await.unwrap().unwrap()), 0);
    assert_eq!(taken(&bench, &id).await, 1);
}

/// A caller that goes away before its answer has come has not got them.
#[tokio::test]
async fn http_060_a_start_that_nobody_waits_for_delivers_nothing() {
    let bench = Bench::new(&[journey("shop", &format!("{STATES}{SYNC}"))]).await;
    let started = started(&bench, false).await;
    let id = started.journey_id.clone();
    drop(started);
    calls(&bench).await;
    bench.until_ended(&id).await;
    assert_eq!(taken(&bench, &id).await, 1);
}

/// Also ENG-110, ENG-113: to whom a read is denied, to them the cookies are.
#[tokio::test]
async fn http_060_the_guard_decides_and_has_an_empty_jar() {
    let bench = Bench::new(&[journey("shop", &format!("{STATES}{GUARD}"))]).await;
    let id = started(&bench, false).await.journey_id;
    calls(&bench).await;
    let decide = async |allowed: bool| {
        let job = bench.desk.next().await;
        assert!(job.context.cookies.is_none(), "ENG-110");
        job.done(json!({ "allowed": allowed }));
    };
    let who = caller();
    loop {
        let (read, ()) = soon(async { tokio::join!(bench.engine.get_status(&id, &who), decide(true)) }).await;
        if read.unwrap().document.phase.is_final() {
            break;
        }
    }
    let take = || bench.engine.take_cookies(&id, &who);
    let (denied, ()) = soon(async { tokio::join!(take(), decide(false)) }).await;
    assert_eq!(kind(denied), EngineErrorKind::NotFound);
    let (allowed, ()) = soon(async { tokio::join!(take(), decide(true)) }).await;
    assert_eq!(allowed.unwrap().len(), 1);
}

/// Also STA-035, HTTP-066.
#[tokio::test]
async fn http_060_the_answer_of_an_api_carries_them() {
    let spec = format!(
        "{STATES}input: {{ schema: {{}} }}\noutput: {{ schema: {{}} }}\nbindings: {{ http: {{}} }}\n"
    );
    let bench = Bench::new(&[api("quote", &spec)]).await;
    let request = CallApi::new("quote".parse().unwrap(), Value::Object(Default::default()));
    let caller = caller();
    let (reply, ()) =
        soon(async { tokio::join!(bench.engine.call_api(request, &caller), calls(&bench)) }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.cookies.len()), (200, 1));
}
