//! Conversations that are cut off: at every frame boundary, inside every header and every payload, in both directions, once or again and again, with and
//! without an end of the server in between. A careful client comes back, resumes, and repeats what was not answered under the same key (§19 of the
//! protocol); then no event may be missing, none told twice, and no command carried out twice.

mod careful;
mod cut;
mod plan;
mod watched;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use self::careful::Careful;
use self::cut::{Bytes, Cut, points};
use self::plan::{Pace, Plan, Story};
use crate::memory::{Memory, Settings, journeys};
use crate::runtime;

/// The settings that a plan takes.
fn settings(plan: &Plan) -> Settings {
    let forgetful = [("retention.events".to_owned(), json!(1))];
    // One journey is quicker to build than all of them, and is built very often.
    let journey = journeys().join(format!("{}.journey.yaml", plan.journey()));
    Settings::of(&journey, if plan.forgets { &forgetful } else { &[] }, false).unwrap()
}

/// How a conversation came to its end.
struct Held {
    /// What went over its first connection.
    first: Bytes,
    connections: usize,
    /// How often events were announced as missing.
    gaps: usize,
}

/// Holds the conversation to its end, over as many connections as it takes.
async fn hold(settings: &Settings, plan: Plan, cuts: &[Cut], restarts: bool) -> Held {
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
    check_logs(&memory, &client, &plan).await;
    Held { first: first.unwrap(), connections, gaps: client.gaps() }
}

/// What the server remembers: the runs that were started, in each of which every command was carried out once.
async fn check_logs(memory: &Memory, client: &Careful, plan: &Plan) {
    let runs = memory.runs().await;
    let heads: Vec<u64> = runs.iter().map(|run| run.index.head).collect();
    assert_eq!(
        heads,
        vec![plan.log().len() as u64; plan.runs],
        "one start, one run; one command, one effect"
    );
    if plan.seals() || plan.forgets {
        // Nobody could be told them.
        return;
    }
    for run in client.runs() {
        assert_eq!(log(memory, &plan.path(), run).await, plan.log());
    }
}

/// The log of a run, as it is told.
async fn log(memory: &Memory, path: &str, run: &str) -> Vec<String> {
    let mut reader = memory.client(path);
    reader.put(tungstenite::Message::text(format!(
        r#"{{"type":"subscribe","journeyId":"{run}","after":0,"conflate":false}}"#
    )));
    let mut log = Vec::new();
    loop {
        let frame = reader.frame().await;
        match frame["type"].as_str().unwrap() {
            "status" => log.push(frame["payload"]["currentState"].as_str().unwrap().to_owned()),
            "outcome" => log.push("end".to_owned()),
            "unsubscribed" | "bookmark" => break log,
            _ => {}
        }
    }
}

/// Cuts a conversation off at every place of its own, one after another; gives how often a gap was told.
fn everywhere(plan: Plan, restarts: bool) -> usize {
    let settings = settings(&plan);
    let whole = runtime().block_on(hold(&settings, plan, &[], false));
    assert_eq!(whole.connections, 1);
    let points: BTreeSet<Cut> = points(&whole.first).collect();
    assert!(points.len() > 250, "{} points", points.len());
    let (mut broken, mut gaps) = (0, 0);
    for cut in &points {
        let held = runtime().block_on(hold(&settings, plan, &[*cut], restarts));
        broken += usize::from(held.connections == 2);
        gaps += held.gaps;
    }
    // Only behind the last byte that matters nothing is lost.
    assert!(broken + 12 * plan.runs > points.len(), "{broken} of {}", points.len());
    gaps
}

/// Also INV-7, SUB-9, IDEM-1, WS-044.
#[test]
fn idem_2_sub_4_a_conversation_that_is_cut_anywhere_is_whole_in_the_end() {
    everywhere(Plan::whole(Pace::Patient), false);
}

/// Also ORD-1.
#[test]
fn idem_2_sub_4_commands_that_do_not_wait_for_each_other_survive_a_cut_anywhere() {
    everywhere(Plan::whole(Pace::Pipelined), false);
}

/// Also INV-2, IDEM-3, ENG-052.
#[test]
fn idem_3_sub_4_the_server_may_end_where_the_connection_does() {
    everywhere(Plan::whole(Pace::Patient), true);
    everywhere(Plan::whole(Pace::Pipelined), true);
}

/// What was told to be durable is told so once, and is there afterwards. Also ORD-4, IDEM-3.
#[test]
fn op_3_idem_2_what_was_accepted_survives_a_cut_anywhere() {
    everywhere(Plan { acks: true, ..Plan::whole(Pace::Pipelined) }, true);
}

/// Also IDEM-2, SEQ-5.
#[test]
fn op_6_sub_10_a_run_that_is_cancelled_ends_once_wherever_the_connection_is_cut() {
    let story = Story::Order { steps: 1, cancels: true };
    everywhere(Plan { story, ..Plan::whole(Pace::Pipelined) }, true);
}

/// Each has a cursor of its own, and both come back with one frame. Also SEQ-6, ORD-1.
#[test]
fn sub_9_idem_2_two_subscriptions_survive_a_cut_anywhere() {
    everywhere(Plan { runs: 2, ..Plan::whole(Pace::Pipelined) }, false);
}

/// Where the server does not keep what a client has missed, it says so, and one state stands for it. Also SUB-14, SUB-10.
#[test]
fn sub_6_idem_2_a_gap_is_told_and_healed_wherever_the_connection_is_cut() {
    let gaps = everywhere(Plan { forgets: true, ..Plan::whole(Pace::Pipelined) }, false);
    assert!(gaps > 50, "{gaps} gaps");
}

/// Nothing is told from the event on that takes the right to read away, and the effects are there all the same. Also ACC-3, ACC-4, ENG-113, IDEM-7.
#[test]
fn acc_1_idem_2_a_run_that_may_not_be_read_any_more_is_gone_wherever_the_connection_is_cut() {
    let story = Story::Casefile;
    everywhere(Plan { story, ..Plan::whole(Pace::Patient) }, false);
    everywhere(Plan { story, ..Plan::whole(Pace::Pipelined) }, true);
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let down = (0_usize..6000).prop_map(|at| Cut { up: false, at });
    let up = (0_usize..900).prop_map(|at| Cut { up: true, at });
    prop::collection::vec(prop_oneof![down, up], 1..6)
}

fn plans() -> impl Strategy<Value = Plan> {
    let order = (0_usize..=3, any::<bool>()).prop_map(|(steps, cancels)| Story::Order { steps, cancels });
    let story = prop_oneof![4 => order, 1 => Just(Story::Casefile)];
    let pace = prop_oneof![Just(Pace::Patient), Just(Pace::Pipelined)];
    let flags = any::<[bool; 3]>();
    (story, 1_usize..=2, pace, flags).prop_map(|(story, runs, pace, [conflate, acks, forgets])| {
        // A start that was accepted, and sealed before it was answered, is answered to nobody.
        let acks = acks && story != Story::Casefile;
        Plan { story, runs, pace, conflate, acks, forgets }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    /// Any conversation, cut again and again at any byte. Also FLOW-2, FLOW-3.
    #[test]
    fn idem_2_sub_4_connections_may_be_lost_again_and_again(
        plan in plans(),
        cuts in cuts(),
        restarts: bool,
    ) {
        runtime().block_on(hold(&settings(&plan), plan, &cuts, restarts));
    }
}

/// A document by its member.
fn text(frame: &Value, name: &str) -> String {
    frame[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {frame}")).to_owned()
}
