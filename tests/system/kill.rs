//! The real server on a file, killed under load again and again: what it has acknowledged is there, and no timer fires twice.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use jf_testkit::HttpClient;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::support::binary::{Serving, run};
use crate::support::in_time;

/// A run that takes numbers one by one, with a timer before each, and counts how often the timer fires.
const LEDGER: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: ledger, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  input: { schema: { type: object, required: [fired, items] } }
  start: rest
  states:
    rest: { type: timer, timer: { duration: PT0.02S }, next: count }
    count:
      type: transform
      transform: { lang: jq, expr: '.context.fired + 1', target: { kind: var }, resultVar: fired }
      next: add
    add:
      type: wait
      wait: { input: { schema: { type: object, required: [number] } } }
      next: isLast
    isLast:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.payload.number == 0' } }
          next: sum
      default: note
    note:
      type: transform
      transform: { lang: jq, expr: '.context.items + [.payload.number]', target: { kind: var }, resultVar: items }
      next: rest
    sum:
      type: transform
      transform: { lang: jq, expr: '{ fired: .context.fired, items: .context.items }', target: { kind: var }, resultVar: result }
      next: done
    done: { type: succeed, outputVar: result }
"#;

/// Clients at work at the same time.
const CLIENTS: usize = 8;

/// Acknowledgements after which the server is killed, each time it was started.
const KILLS: [usize; 8] = [1, 7, 60, 150, 3, 400, 33, 90];

/// What a client knows of its run.
struct Known {
    id: String,
    /// Numbers that were acknowledged, in order.
    acknowledged: Vec<u64>,
    /// A number whose acknowledgement did not arrive: it counts or it does not.
    open: Option<u64>,
}

/// Lets the test wait for a number of acknowledgements.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicUsize,
    changed: Notify,
}

impl Progress {
    fn add(&self) {
        self.acknowledged.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_one();
    }

    async fn reach(&self, wanted: usize) {
        while self.acknowledged.load(Ordering::Acquire) < wanted {
            self.changed.notified().await;
        }
    }
}

/// Starts a run and gives it numbers until the server is gone.
async fn keep_a_ledger(http: HttpClient, progress: Arc<Progress>) -> Option<Known> {
    let start = json!({ "fired": 0, "items": [] });
    let started = http.send(Method::POST, "/api/v1/journeys/ledger/start", Some(&start)).await.ok()?;
    assert_eq!(started.status, 200, "{:?}", started.json());
    progress.add();
    let id = started.json().ok()?["journeyId"].as_str()?.to_owned();
    let mut known = Known { id, acknowledged: Vec::new(), open: None };
    for number in 1.. {
        let path = format!("/api/v1/journeys/{}/steps/add", known.id);
        loop {
            known.open = Some(number);
            let Ok(answer) = http.send(Method::POST, &path, Some(&json!({ "number": number }))).await else {
                return Some(known);
            };
            match answer.status.as_u16() {
                200 => break,
                // The timer has not fired yet.
                409 => pause().await,
                _ => panic!("{answer:?}"),
            }
        }
        known.acknowledged.push(number);
        known.open = None;
        progress.add();
    }
    Some(known)
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// Ends a run and holds it to what its client knows.
async fn settle(http: &HttpClient, known: &Known) {
    let path = format!("/api/v1/journeys/{}/steps/add", known.id);
    let ended = async {
        loop {
            let answer = http.send(Method::POST, &path, Some(&json!({ "number": 0 }))).await.unwrap();
            match answer.status.as_u16() {
                200 => break,
                // The server has just been started: the timer of this run is overdue and has its turn soon.
                409 => pause().await,
                status => panic!("{} is lost: {status} {:?}", known.id, answer.json()),
            }
        }
    };
    in_time("the timer of a run", ended).await;
    let path = format!("/api/v1/journeys/{}/result", known.id);
    let outcome = http.send(Method::GET, &path, None).await.unwrap().json().unwrap();
    assert_eq!(outcome["phase"], "SUCCEEDED", "{outcome}");
    let items: Vec<u64> =
        outcome["output"]["items"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    let with_open: Vec<u64> = known.acknowledged.iter().copied().chain(known.open).collect();
    assert!(items == known.acknowledged || items == with_open, "{items:?} instead of {with_open:?}");
    // One firing before each number that was taken, the last one included.
    assert_eq!(outcome["output"]["fired"], json!(items.len() + 1), "{outcome}");
}

async fn serve(folder: &Path) -> Serving {
    let store = format!("sqlite:{}", folder.join("runs.db").display());
    let config = "http: { requestsPerSecond: 100000 }\n";
    Serving::start_with(&folder.join("ledger.journey.yaml"), Some(config), &["--store", &store]).await
}

/// ENG-100, ENG-101, ENG-045
#[tokio::test(flavor = "multi_thread")]
async fn eng_101_a_server_that_is_killed_under_load_loses_nothing_it_has_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ledger.journey.yaml"), LEDGER).unwrap();
    let mut runs = Vec::new();
    for acknowledgements in KILLS {
        let serving = serve(folder.path()).await;
        let progress = Arc::new(Progress::default());
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(keep_a_ledger(serving.http(), Arc::clone(&progress)));
        }
        in_time("some acknowledgements", progress.reach(acknowledgements)).await;
        serving.kill().await;
        runs.extend(in_time("the clients", clients.join_all()).await.into_iter().flatten());
    }

    // A second server on the same file refuses to start, and the file is whole.
    let serving = serve(folder.path()).await;
    let file = folder.path().join("runs.db");
    let second = [
        "serve".as_ref(),
        folder.path().as_os_str(),
        "--listen".as_ref(),
        "127.0.0.1:0".as_ref(),
        "--store".as_ref(),
        format!("sqlite:{}", file.display()).as_ref(),
    ]
    .map(std::ffi::OsStr::to_owned);
    let refused = run(second).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("has it open; one process at a time"),
        "{refused:?}"
    );
    let checked = run(["store".as_ref(), "check".as_ref(), file.as_os_str()]).await;
    assert!(checked.status.success(), "{checked:?}");

    let http = serving.http();
    assert!(runs.len() >= CLIENTS * KILLS.len() / 2, "{}", runs.len());
    for known in &runs {
        settle(&http, known).await;
    }
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("runs.db") && !log.contains("panicked"), "{log}");
}

/// ENG-117: the next start finds another version in the folder, and the run of the old one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn eng_117_a_run_outlives_the_file_of_its_definition() {
    let folder = tempfile::tempdir().unwrap();
    let definition = folder.path().join("ledger.journey.yaml");
    std::fs::write(
        &definition,
        LEDGER.replace(
            "type: timer, timer: { duration: PT0.02S }",
            "type: transform, transform: { lang: jq, expr: '0', target: { kind: var }, resultVar: rested }",
        ),
    )
    .unwrap();
    let serving = serve(folder.path()).await;
    let start = json!({ "fired": 0, "items": [] });
    let started =
        serving.http().send(Method::POST, "/api/v1/journeys/ledger/start", Some(&start)).await.unwrap();
    let id = started.json().unwrap()["journeyId"].as_str().unwrap().to_owned();
    serving.kill().await;

    let next = "{apiVersion: v1, kind: Journey, metadata: {name: ledger, version: 2.0.0}, spec: {start: done, states: {done: {type: succeed}}}}";
    std::fs::write(&definition, next).unwrap();
    let serving = serve(folder.path()).await;
    let path = format!("/api/v1/journeys/{id}/steps/add");
    let answer = serving.http().send(Method::POST, &path, Some(&json!({ "number": 0 }))).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json().unwrap()["phase"]), (200, &json!("SUCCEEDED")));
}

/// A journey that has runs begin by time, each of which counts on from the one before.
const CLOCKWORK: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: clockwork, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  input: { schema: { type: object, required: [name, n] } }
  start: plan
  states:
    plan:
      type: task
      task:
        kind: schedule:v1
        start: tick
        interval: PT0.03S
        maxRuns: 12
        subjectId: { mapper: { lang: jq, expr: .context.name } }
      next: planned
    planned: { type: succeed }
    tick:
      type: transform
      transform: { lang: jq, expr: '.context.n + 1', target: { kind: var }, resultVar: n }
      next: rest
    rest: { type: timer, timer: { duration: PT0.01S }, next: fails }
    fails:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.context.n % 4 == 3' } }
          next: failed
      default: ticked
    failed: { type: fail, errorCode: TICK, reason: 'no ${context.n}' }
    ticked: { type: succeed, outputVar: n }
  compensation:
    start: undo
    states: { undo: { type: timer, timer: { duration: PT0.01S }, next: undone }, undone: { type: succeed } }
"#;

/// Schedules that go on at the same time.
const CLOCKS: usize = 8;

/// Runs of each schedule.
const TICKS: usize = 12;

/// Runs that have begun by time, by their status documents.
async fn ticks(http: &HttpClient) -> Vec<Value> {
    let listed = http.send(Method::GET, "/api/v1/journeys?journeyName=clockwork&pageSize=200", None).await;
    let items = listed.unwrap().json().unwrap()["items"].as_array().unwrap().clone();
    items.into_iter().filter(|run| run["attributes"]["subjectId"].is_string()).collect()
}

/// ENG-080 to ENG-084, ENG-096, TSK-105: however often the server dies, every schedule has each of its runs exactly once, in order, and
/// every run that failed is compensated once.
#[tokio::test(flavor = "multi_thread")]
async fn tsk_105_schedules_survive_kills_and_begin_each_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let definition = folder.path().join("clockwork.journey.yaml");
    std::fs::write(&definition, CLOCKWORK).unwrap();
    let store = format!("sqlite:{}", folder.path().join("runs.db").display());
    let serve = async || {
        let config = "{ http: { requestsPerSecond: 100000 }, limits: { scheduleMinInterval: PT0.01S } }";
        Serving::start_with(&definition, Some(config), &["--store", &store]).await
    };
    let mut serving = serve().await;
    for clock in 0..CLOCKS {
        let body = json!({ "name": format!("clock-{clock}"), "n": 0 });
        let started =
            serving.http().send(Method::POST, "/api/v1/journeys/clockwork/start", Some(&body)).await;
        assert_eq!(started.unwrap().json().unwrap()["phase"], "SUCCEEDED");
    }
    let mut begun = 0;
    for more in [1, 9, 4, 20, 2, 15] {
        let http = serving.http();
        // Runs that began while one looked may be the last there are.
        let enough = (begun + more).min(CLOCKS * TICKS);
        let has_enough = async {
            while ticks(&http).await.len() < enough {
                pause().await;
            }
        };
        in_time("some runs", has_enough).await;
        begun = ticks(&http).await.len();
        serving.kill().await;
        serving = serve().await;
    }
    let http = serving.http();
    let all_ended = async {
        loop {
            let ticks = ticks(&http).await;
            if ticks.len() >= CLOCKS * TICKS && ticks.iter().all(|run| run["phase"] != "RUNNING") {
                break;
            }
            pause().await;
        }
    };
    in_time("all runs", all_ended).await;
    let ticks = ticks(&http).await;
    assert_eq!(ticks.len(), CLOCKS * TICKS);
    let mut counted = std::collections::BTreeSet::new();
    for run in &ticks {
        let path = format!("/api/v1/journeys/{}/result", run["journeyId"].as_str().unwrap());
        let outcome = http.send(Method::GET, &path, None).await.unwrap().json().unwrap();
        let number = outcome["output"].as_u64().or_else(|| {
            let reason = outcome["error"]["reason"].as_str()?;
            let href =
                outcome["_links"]["compensation"]["href"].as_str().expect("a failed run is compensated");
            assert!(href.starts_with("/api/v1/journeys/"), "{outcome}");
            reason.strip_prefix("no ")?.parse().ok()
        });
        let subject = run["attributes"]["subjectId"].as_str().unwrap().to_owned();
        assert!(counted.insert((subject, number.expect("it counted"))), "twice: {outcome}");
    }
    let expected =
        (0..CLOCKS).flat_map(|clock| (1..=TICKS as u64).map(move |n| (format!("clock-{clock}"), n)));
    assert!(counted.into_iter().eq(expected.collect::<std::collections::BTreeSet<_>>()));
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    let checked = run(["store".as_ref(), "check".as_ref(), folder.path().join("runs.db").as_os_str()]).await;
    assert!(checked.status.success(), "{checked:?}");
}
