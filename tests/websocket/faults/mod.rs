//! Conversations that are cut off: at every frame boundary, inside every header and every payload, in both directions, once or again and again, with and
//! without an end of the server in between. A careful client comes back, resumes, and repeats what was not answered under the same key (§19 of the
//! protocol); then no event may be missing, none told twice, and no command carried out twice.

mod careful;
mod cut;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use self::careful::{Careful, Pace, Plan};
use self::cut::{Bytes, Cut, points};
use crate::memory::{Memory, Settings};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

fn settings() -> Settings {
    Settings::new(&[], false).unwrap()
}

/// Holds the conversation to its end, over as many connections as it takes; gives what went over the first
/// one, and how many it took.
async fn hold(settings: &Settings, plan: Plan, cuts: &[Cut], restarts: bool) -> (Bytes, usize) {
    let mut memory = Memory::open(settings.clone()).await;
    let mut client = Careful::new(plan);
    let (mut first, mut connections) = (None, 0);
    let mut cuts = cuts.iter().copied().map(Some).chain(std::iter::repeat(None));
    while !client.is_done() {
        let cut = cuts.next().flatten();
        let bytes = client.connect(&memory, cut).await;
        first.get_or_insert(bytes);
        connections += 1;
        if restarts && !client.is_done() {
            memory = memory.restarted().await;
        }
    }
    client.check();
    check_log(&memory, client.run(), &plan.log()).await;
    (first.unwrap(), connections)
}

/// What the server remembers: one run, in which every command was carried out once.
async fn check_log(memory: &Memory, run: &str, expected: &[&str]) {
    let runs = memory.get("/api/v1/journeys").await;
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(1), "one start, one run: {runs}");
    let mut reader = memory.client("/ws/journeys/order");
    reader.put(tungstenite::Message::text(format!(
        r#"{{"type":"subscribe","journeyId":"{run}","after":0,"conflate":false}}"#
    )));
    let mut log = Vec::new();
    loop {
        let frame = reader.frame().await;
        match frame["type"].as_str().unwrap() {
            "status" => log.push(frame["payload"]["currentState"].as_str().unwrap().to_owned()),
            "outcome" => log.push("end".to_owned()),
            "unsubscribed" | "bookmark" => break,
            _ => {}
        }
    }
    assert_eq!(log, expected);
}

fn everywhere(pace: Pace, restarts: bool) {
    let settings = settings();
    let (whole, connections) = runtime().block_on(hold(&settings, Plan::whole(pace), &[], false));
    assert_eq!(connections, 1);
    let points: BTreeSet<Cut> = points(&whole).collect();
    assert!(points.len() > 250, "{} points", points.len());
    let mut broken = 0;
    for cut in &points {
        let (_, connections) = runtime().block_on(hold(&settings, Plan::whole(pace), &[*cut], restarts));
        broken += usize::from(connections == 2);
    }
    // Only behind the last byte that matters nothing is lost.
    assert!(broken + 12 > points.len(), "{broken} of {}", points.len());
}

/// Also INV-7, SUB-9, IDEM-1, WS-044.
#[test]
fn idem_2_sub_4_a_conversation_that_is_cut_anywhere_is_whole_in_the_end() {
    everywhere(Pace::Patient, false);
}

/// Also ORD-1.
#[test]
fn idem_2_sub_4_commands_that_do_not_wait_for_each_other_survive_a_cut_anywhere() {
    everywhere(Pace::Pipelined, false);
}

/// Also INV-2, IDEM-3, ENG-052.
#[test]
fn idem_3_sub_4_the_server_may_end_where_the_connection_does() {
    everywhere(Pace::Patient, true);
    everywhere(Pace::Pipelined, true);
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let down = (0_usize..6000).prop_map(|at| Cut { up: false, at });
    let up = (0_usize..900).prop_map(|at| Cut { up: true, at });
    prop::collection::vec(prop_oneof![down, up], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Any conversation, cut again and again at any byte. Also FLOW-2, FLOW-3.
    #[test]
    fn idem_2_sub_4_connections_may_be_lost_again_and_again(
        cuts in cuts(),
        steps in 0_usize..=3,
        pipelined: bool,
        conflate: bool,
        cancels: bool,
        restarts: bool,
    ) {
        let pace = if pipelined { Pace::Pipelined } else { Pace::Patient };
        let plan = Plan { pace, conflate, steps, cancels };
        runtime().block_on(hold(&settings(), plan, &cuts, restarts));
    }
}

/// A document by its member.
fn text(frame: &Value, name: &str) -> String {
    frame[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {frame}")).to_owned()
}
