//! The n-th write goes wrong, for every n and in every way there is: nothing acknowledged is lost, no timer fires twice, no task runs
//! under two names, and every run comes to its end (ENG-045, ENG-050, ENG-070, ENG-096, ENG-100, ENG-101).

mod journeys;
mod pilot;

use std::sync::Arc;

use jf_store::Store;
use jf_testkit::{Fate, FaultyStore, ManualClock};

use self::journeys::{CASES, Case};
use self::pilot::{End, Pilot};
use crate::support::{Bench, Setup, faulty_store, journey};

async fn engine(case: &Case, store: Arc<dyn Store>, clock: &ManualClock) -> Option<Bench> {
    let mut setup = Setup::new(&[journey(case.name, case.spec)]).store(store);
    setup.clock = clock.clone();
    setup.try_build().await.ok()
}

/// The case without any fault, and the number of its writes.
async fn undisturbed(case: &Case) -> (End, usize) {
    let store = faulty_store();
    let bench = engine(case, store.clone(), &ManualClock::default()).await.expect("nothing is in its way");
    let mut pilot = Pilot::new(case);
    assert!(pilot.go(&bench, || false).await);
    assert_eq!(pilot.repeated(), 0, "{}: no task is run twice without need", case.name);
    (pilot.end(&bench).await, store.writes())
}

/// The case with `fate` for the write after `writes` others.
#[expect(clippy::print_stderr, reason = "tells which of many cases it was when one fails")]
async fn disturbed(case: &Case, writes: usize, fate: Fate) -> (End, usize) {
    let (store, clock): (Arc<FaultyStore>, _) = (faulty_store(), ManualClock::default());
    store.fail_at(writes, fate);
    eprintln!("{}: {fate:?} after {writes} writes", case.name);
    let mut pilot = Pilot::new(case);
    if let Some(bench) = engine(case, store.clone(), &clock).await
        && pilot.go(&bench, || store.is_dead()).await
    {
        return (pilot.end(&bench).await, pilot.repeated());
    }
    // The process is gone, or could not begin; the next one has what was written.
    let bench = engine(case, store.disk(), &clock).await.expect("nothing is in its way");
    assert!(pilot.go(&bench, || false).await);
    (pilot.end(&bench).await, pilot.repeated())
}

/// INV-2 too: of what one commit writes, all is there afterwards or nothing.
#[tokio::test]
async fn eng_101_every_write_may_go_wrong_in_every_way() {
    let mut tried = 0;
    for case in &CASES {
        let (expected, writes) = undisturbed(case).await;
        assert!(writes >= case.writes, "{}: there is something to lose in {writes} writes", case.name);
        for (first, fate) in Fate::FAULTS.into_iter().enumerate() {
            for at in (0..writes).filter(|at| crate::tries_fault(first + at)) {
                let (end, repeated) = disturbed(case, at, fate).await;
                assert_eq!(end, expected, "{}: {fate:?} after {at} writes", case.name);
                // What was in flight when it happened, at most: one task per branch.
                assert!(repeated <= 3, "{}: {repeated} tasks again, {fate:?} after {at} writes", case.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried} faults");
}

/// Reads that fail keep nobody from their end either.
#[tokio::test]
async fn eng_101_reads_may_go_wrong() {
    for case in &CASES {
        let (expected, _) = undisturbed(case).await;
        let (store, clock) = (faulty_store(), ManualClock::default());
        let bench = engine(case, store.clone(), &clock).await.expect("nothing is in its way");
        let mut pilot = Pilot::new(case);
        // Asked once a round: most rounds begin with some reads that fail.
        let rounds = std::cell::Cell::new(0_usize);
        let trouble = || {
            rounds.set(rounds.get() + 1);
            store.refuse_reads(if rounds.get() < 60 { rounds.get() % 4 } else { 0 });
            false
        };
        assert!(pilot.go(&bench, trouble).await);
        store.refuse_reads(0);
        assert_eq!(pilot.end(&bench).await, expected, "{}", case.name);
    }
}
