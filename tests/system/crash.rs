//! The real server on a file, killed again and again while orders are on their way over HTTP and WebSocket: clients go on with the next
//! server where they were, and at the end every order is as its client and the services it called know it.
//!
//! The number of kills is small here; `JF_TEST_KILLS=500` asks for more. The figures are printed either way.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jf_dsl::Catalog;
use jf_testkit::{
    Answer, CancelRun, Driver, DriverError, HttpDriver, Request, Run, Start, Submit, WebSocketDriver,
};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::orders::{catalog, compensation};
use crate::support::binary::{Serving, run};
use crate::support::ledger::{Call, Ledger};
use crate::support::{PATIENCE, in_time, root, urn};

/// Every so many orders one has itself reminded of, by runs that begin by time.
const REMINDED: u64 = 3;

/// Clients with an order each, at any time; every other one over WebSocket.
const CLIENTS: usize = 12;

/// Kills unless more are asked for.
const KILLS: usize = 14;

/// An order that takes longer is lost, on any machine.
const LOST: Duration = Duration::from_secs(120);

/// Numbers that look random, and are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (n ^ (n >> 31)) % sides
    }
}

/// What all clients share.
#[derive(Clone)]
struct World {
    /// The server of the moment.
    server: watch::Receiver<Option<SocketAddr>>,
    catalog: Catalog,
    orders: Arc<AtomicU64>,
    /// Orders that were begun and have not ended.
    open: Arc<AtomicUsize>,
    /// Commands that were acknowledged.
    acknowledged: watch::Sender<usize>,
    /// No further orders are begun.
    closing: watch::Receiver<bool>,
}

/// An order as its client knows it at the end.
struct Known {
    number: u64,
    outcome: Value,
    /// Of the run that undid it.
    undone: Option<Value>,
    /// Commands that were given more than once, since nobody answered.
    repeated: usize,
}

/// A client with what it needs to ask the server of the moment.
struct Client {
    world: World,
    over_websocket: bool,
    /// For the server of the moment: the way of this client, and the one for what waits in a subjourney (WS-009).
    drivers: Option<(SocketAddr, [Box<dyn Driver>; 2])>,
    repeated: usize,
}

/// What a client asks for, as often as it needs.
#[derive(Clone)]
enum Ask {
    Start(Start),
    Submit(Submit),
    Cancel(CancelRun),
    Outcome(Run),
}

fn key(what: &str, number: u64) -> Option<String> {
    Some(format!("{what}-{number:0>16}"))
}

async fn moment() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

impl Client {
    fn new(world: World, number: usize) -> Self {
        Self { world, over_websocket: number % 2 == 1, drivers: None, repeated: 0 }
    }

    /// The drivers for the server of the moment; waits for there to be one.
    async fn drivers(&mut self) -> &[Box<dyn Driver>; 2] {
        let server = *self.world.server.wait_for(Option::is_some).await.unwrap();
        let server = server.expect("it was waited for");
        if self.drivers.as_ref().is_none_or(|(known, _)| *known != server) {
            let catalog = self.world.catalog.clone();
            let http = HttpDriver::new(server, catalog.clone());
            let own: Box<dyn Driver> = match self.over_websocket {
                true => Box::new(WebSocketDriver::new(server, catalog)),
                false => Box::new(http.clone()),
            };
            self.drivers = Some((server, [own, Box::new(http)]));
        }
        &self.drivers.as_ref().expect("they were just made").1
    }

    /// Asks until somebody answers: the same request with the same key, whichever server is there.
    async fn ask(&mut self, ask: &Ask) -> Answer {
        loop {
            let [driver, http] = self.drivers().await;
            let answer = match ask.clone() {
                Ask::Start(start) => driver.start(start).await,
                Ask::Submit(submit) if submit.step == "confirm" => http.submit(submit).await,
                Ask::Submit(submit) => driver.submit(submit).await,
                Ask::Cancel(cancel) => driver.cancel(cancel).await,
                Ask::Outcome(run) => driver.outcome(&run, &Request::PLAIN).await,
            };
            match answer {
                Ok(answer) => return answer,
                Err(error) => {
                    assert!(matches!(error, DriverError::Client(_)), "{error}");
                    self.repeated += 1;
                    self.drivers = None;
                    moment().await;
                }
            }
        }
    }

    /// Gives a command until it is taken. A step that is not active yet will be: a server has just begun, and is on its way there.
    async fn command(&mut self, ask: Ask) -> Answer {
        loop {
            match self.ask(&ask).await {
                Answer::Error(problem) if problem["type"] == urn("step-not-active") => moment().await,
                Answer::Error(problem) => panic!("{problem}"),
                answer => {
                    self.world.acknowledged.send_modify(|count| *count += 1);
                    return answer;
                }
            }
        }
    }

    /// How a run ended. A compensation is created by the commit of the outcome that links to it (ENG-096), so none may be unknown.
    async fn outcome(&mut self, run: &Run) -> Value {
        loop {
            match self.ask(&Ask::Outcome(run.clone())).await {
                Answer::Outcome(seen) => return seen.document,
                Answer::Error(problem) if problem["type"] == urn("not-terminal") => moment().await,
                other => panic!("{run:?} is lost: {other:?}"),
            }
        }
    }

    /// Has runs begun by time. Nobody waits for them.
    async fn remind(&mut self, number: u64) {
        let mut start = Start::new("reminder", json!({ "number": number }));
        start.key = key("remind", number);
        let run = self.command(Ask::Start(start)).await.run().unwrap();
        let outcome = self.outcome(&run).await;
        assert_eq!(
            (&outcome["phase"], &outcome["output"]),
            (&json!("SUCCEEDED"), &json!(number)),
            "{outcome}"
        );
    }

    /// One order from beginning to end.
    async fn order(&mut self) -> Known {
        let number = self.world.orders.fetch_add(1, Ordering::Relaxed) + 1;
        let (broken, withdrawn) = (number.is_multiple_of(5), number % 7 == 3);
        self.world.open.fetch_add(1, Ordering::Relaxed);
        self.repeated = 0;
        if number.is_multiple_of(REMINDED) {
            self.remind(number).await;
        }
        let input = json!({ "number": number, "broken": broken });
        let mut start = Start::new("order", input);
        start.key = key("start", number);
        let started = self.command(Ask::Start(start)).await;
        let run = started.run().unwrap();
        let steps = [("both~money~approve", json!({ "by": "mia" })), ("confirm", json!({ "yes": true }))];
        for (step, payload) in steps.into_iter().take(if withdrawn { 1 } else { 2 }) {
            let mut submit = Submit::new(&run, step, payload);
            submit.key = key(&step.replace('~', ""), number);
            self.command(Ask::Submit(submit)).await;
        }
        if withdrawn {
            let mut cancel = CancelRun::new(&run);
            cancel.key = key("cancel", number);
            self.command(Ask::Cancel(cancel)).await;
        }
        let outcome = self.outcome(&run).await;
        let undone = match compensation(&outcome) {
            Some(undoing) => Some(self.outcome(&undoing).await),
            None => None,
        };
        self.world.open.fetch_sub(1, Ordering::Relaxed);
        Known { number, outcome, undone, repeated: self.repeated }
    }

    async fn work(mut self) -> Vec<Known> {
        let mut known = Vec::new();
        while !*self.world.closing.borrow() {
            let order = tokio::time::timeout(LOST, self.order()).await;
            known.push(order.expect("an order that came to no end is lost"));
        }
        known
    }
}

/// Holds one order to what its client and the services know; gives the calls that were made more than once.
fn verify(known: &Known, calls: &[&Call]) -> usize {
    let Known { number, outcome, undone, .. } = known;
    let (broken, withdrawn) = (number.is_multiple_of(5), number % 7 == 3);
    let code = match (withdrawn, broken) {
        (true, _) => json!("JOURNEY_CANCELLED"),
        (false, true) => json!("ORDER_BROKEN"),
        (false, false) => Value::Null,
    };
    assert_eq!(outcome["error"]["code"], code, "order {number}: {outcome}");
    let numbers =
        |what: &str| calls.iter().filter(|call| call.what == what).map(|call| call.number).collect();
    let [reserved, charged, refunded]: [Vec<u64>; 3] = ["reserve", "charge", "refund"].map(numbers);
    let answered =
        |by: &[u64], told: &Value| assert!(by.contains(&told.as_u64().unwrap()), "{told} of {by:?}");
    assert!(!reserved.is_empty(), "order {number}");
    match undone {
        None => {
            assert_eq!(code, Value::Null, "ENG-096: order {number} is undone: {outcome}");
            let output = &outcome["output"];
            assert_eq!(
                (&output["fired"], &output["confirmed"]["yes"]),
                (&json!(3), &json!(true)),
                "{outcome}"
            );
            answered(&reserved, &output["reserved"]);
            answered(&charged, &output["charge"]);
            assert!(refunded.is_empty(), "order {number} needs no refund");
        }
        Some(undone) => {
            assert_eq!(
                (&undone["phase"], &undone["output"]["why"]),
                (&json!("SUCCEEDED"), &code),
                "{undone}"
            );
            answered(&refunded, &undone["output"]["call"]);
        }
    }
    // ENG-101: a state whose result is committed does not run again.
    assert!(
        charged.first().is_none_or(|first| reserved.iter().all(|call| call < first)),
        "order {number}: {calls:?}"
    );
    let last = |calls: &[u64]| calls.iter().max().copied();
    assert!(refunded.first().is_none_or(|first| last(&charged) < Some(*first)), "order {number}: {calls:?}");
    // ENG-083, ENG-084, TSK-105: two reminders, the second one after the first and with what it has left.
    let [first, second]: [Vec<u64>; 2] = ["remind1", "remind2"].map(numbers);
    let reminders = usize::from(number.is_multiple_of(REMINDED));
    assert!(first.len() >= reminders && second.len() >= reminders, "order {number}: {calls:?}");
    assert!(first.is_empty() || last(&first) < second.first().copied(), "order {number}: {calls:?}");
    let known = ["reserve", "charge", "refund", "remind1", "remind2"];
    assert!(calls.iter().all(|call| known.contains(&&*call.what)), "order {number}: {calls:?}");
    [reserved, charged, refunded].iter().map(|made| made.len().saturating_sub(1)).sum()
}

/// Waits until the runs of all schedules have come to their end.
async fn reminded(server: SocketAddr, ledger: &Ledger, orders: u64) {
    let http = HttpDriver::new(server, catalog());
    let going = ["journeyName=reminder", "phase=RUNNING"].map(|one| {
        let (name, value) = one.split_once('=').expect("a parameter");
        (name.to_owned(), value.to_owned())
    });
    in_time("reminders", async {
        loop {
            let calls = ledger.calls();
            let last: BTreeSet<u64> =
                calls.iter().filter(|call| call.what == "remind2").map(|call| call.order).collect();
            let Answer::Page(page) = http.list(&going).await.unwrap() else { panic!("a page") };
            if last.len() as u64 == orders / REMINDED && page["items"].as_array().is_some_and(Vec::is_empty) {
                return;
            }
            moment().await;
        }
    })
    .await;
}

/// What was asked of the services, by order.
fn by_order(calls: &[Call]) -> BTreeMap<u64, Vec<&Call>> {
    let mut orders = BTreeMap::<u64, Vec<&Call>>::new();
    for call in calls {
        orders.entry(call.order).or_default().push(call);
    }
    orders
}

/// Waits for the moment at which this server is to die: after some acknowledgements, when a service is being called, or at once.
async fn fatal_moment(dice: &mut Dice, acknowledged: &watch::Sender<usize>, ledger: &Ledger) {
    let mut acknowledged = acknowledged.subscribe();
    let now = *acknowledged.borrow_and_update();
    let further = usize::try_from(dice.below(60)).unwrap() + 1;
    let moment = async {
        match dice.below(5) {
            0 => {}
            1 | 2 => drop(acknowledged.wait_for(|count| *count >= now + further).await),
            _ => ledger.arrivals(further.div_ceil(3)).await,
        }
    };
    // A server that gets nowhere is killed too; what is lost with it its clients will say.
    let _ = tokio::time::timeout(PATIENCE, moment).await;
    // And a little later, so that it is not always the same instruction.
    tokio::time::sleep(Duration::from_micros(dice.below(8_000))).await;
}

fn arguments(store: &str) -> [&str; 2] {
    ["--store", store]
}

async fn serve(folder: &Path, ledger: &Ledger) -> Serving {
    let store = format!("sqlite:{}", folder.join("runs.db").display());
    Serving::start_with(&root().join("tests/orders"), Some(&ledger.config()), &arguments(&store)).await
}

/// ENG-045, ENG-050, ENG-053, ENG-070, ENG-096, ENG-100, ENG-101
#[tokio::test(flavor = "multi_thread")]
async fn eng_101_orders_survive_every_kill_of_their_server() {
    let kills = std::env::var("JF_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let seed = std::env::var("JF_TEST_SEED").map_or(4, |seed| seed.parse().unwrap());
    let (begun, mut dice) = (Instant::now(), Dice(seed));
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open().await;
    let (server, listening) = watch::channel(None);
    let (close, closing) = watch::channel(false);
    let world = World {
        server: listening,
        catalog: catalog(),
        orders: Arc::default(),
        open: Arc::default(),
        acknowledged: watch::channel(0).0,
        closing,
    };
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(Client::new(world.clone(), number).work());
    }
    let (mut open, mut most_open, mut early) = (0, 0, 0);
    for _ in 0..kills {
        let mut log = String::new();
        if dice.below(6) == 0 {
            // Killed while it opens the file or takes up what was left.
            let store = format!("sqlite:{}", folder.path().join("runs.db").display());
            let after = Duration::from_micros(dice.below(250_000));
            let definitions = root().join("tests/orders");
            Serving::start_and_kill(&definitions, &ledger.config(), &arguments(&store), after).await;
            early += 1;
        } else {
            let serving = serve(folder.path(), &ledger).await;
            server.send_replace(Some(serving.address()));
            fatal_moment(&mut dice, &world.acknowledged, &ledger).await;
            log = serving.kill().await;
            server.send_replace(None);
        }
        let now = world.open.load(Ordering::Relaxed);
        open += now;
        most_open = most_open.max(now);
        let ended = clients.try_join_next();
        assert!(
            ended.is_none(),
            "a client has given up: {:?}\n{log}",
            ended.map(|known| known.map(|known| known.len()))
        );
        assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
    }

    let serving = serve(folder.path(), &ledger).await;
    server.send_replace(Some(serving.address()));
    close.send_replace(true);
    let known: Vec<Known> = clients.join_all().await.into_iter().flatten().collect();
    reminded(serving.address(), &ledger, known.len() as u64).await;
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");

    let calls = ledger.calls();
    let orders = by_order(&calls);
    let again: usize = known.iter().map(|order| verify(order, &orders[&order.number])).sum();
    assert_eq!(known.len() as u64, world.orders.load(Ordering::Relaxed), "every order came to its end");
    // ENG-050, ENG-096, TSK-105: one run for each order, one for each that was undone, and three for each that is reminded of.
    let undone = known.iter().filter(|order| order.undone.is_some()).count();
    let checked = run(["store".as_ref(), "check".as_ref(), folder.path().join("runs.db").as_os_str()]).await;
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    let reminders = known.len() / usize::try_from(REMINDED).unwrap();
    let expected = known.len() + undone + 3 * reminders;
    assert!(
        checked.status.success() && told.contains(&format!(": {expected} runs ({expected} ended), ")),
        "{told}"
    );
    // At most what was in flight runs again: one call per open order and kill.
    assert!(again <= open, "{again} calls again with {open} orders open at kills");
    let repeated: usize = known.iter().map(|order| order.repeated).sum();
    println!(
        "{kills} kill points ({early} before it listened), {} orders, {undone} undone, {reminders} reminded of twice; open at a kill: {:.1} on average, {most_open} at \
         most; {} commands acknowledged, {repeated} requests repeated; {} calls, {again} of them again; lost 0, timers fired twice 0; \
         seed {seed}, {:.0} s",
        known.len(),
        open as f64 / kills as f64,
        *world.acknowledged.borrow(),
        calls.len(),
        begun.elapsed().as_secs_f64(),
    );
}
