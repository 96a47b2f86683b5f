//! What holds of every run, whatever the definition and whatever happens. The invariants themselves stand in
//! `World::check` and `World::live`; here are the worlds.

use jf_machine::{Fact, Input, LogEntry, Run};
use proptest::prelude::*;
use serde_json::json;

use crate::support::arbitrary::{Happening, Sketch, happenings, sketch, tree};
use crate::support::{NUMBER, RAW, World, journey};

fn world(sketch: &Sketch) -> World {
    // A few transitions and branches are enough here, and let endless loops end.
    World::with(
        journey(&sketch.spec()),
        json!({ "k": 0, "payload": "sent", "odd": [{ RAW: 1 }, { NUMBER: 1 }] }),
        |world| {
            (world.limits.transitions_per_segment, world.limits.transitions_per_trigger) = (30, 60);
            world.limits.flows_per_run = 16;
            world.limits.evaluations_per_apply = 7;
        },
    )
}

fn live(mut world: World, happenings: &[Happening], mut between: impl FnMut(&mut World)) -> World {
    for happening in happenings {
        between(&mut world);
        world.live(happening);
    }
    world
}

/// Everything a run has shown, and what it is now.
fn shown(world: &World) -> (&[LogEntry], &[Fact], &Run) {
    (&world.log, &world.facts, &world.run)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Branches, subjourneys and a compensation, which goes its own way with the same happenings. Also STA-066, STA-068, STA-104,
    /// STA-108, ENG-031, ENG-090, ENG-095.
    #[test]
    fn inv_1_every_tree_of_flows_keeps_its_invariants(sketch in tree(), happenings in happenings()) {
        let mut main = live(world(&sketch), &happenings, |_| {});
        if main.order.is_some() {
            let compensation = live(main.compensate(), &happenings, |_| {});
            prop_assert!(compensation.order.is_none(), "ENG-095");
        }
    }

    /// EXP-007: with branches and subjourneys.
    #[test]
    fn exp_007_equal_inputs_give_equal_trees(sketch in tree(), happenings in happenings()) {
        let one = live(world(&sketch), &happenings, |_| {});
        let other = live(world(&sketch), &happenings, |_| {});
        prop_assert!(shown(&one) == shown(&other));
    }

    /// ENG-101: with branches, subjourneys and a compensation.
    #[test]
    fn eng_101_a_tree_that_was_read_back_behaves_alike(sketch in tree(), happenings in happenings()) {
        let reload = |world: &mut World| world.run = Run::from_snapshot(&world.run.to_snapshot()).unwrap();
        let mut kept = live(world(&sketch), &happenings, |_| {});
        let mut reloaded = live(world(&sketch), &happenings, reload);
        prop_assert!(shown(&kept) == shown(&reloaded));
        if kept.order.is_some() {
            reload(&mut reloaded);
            let kept = live(kept.compensate(), &happenings, |_| {});
            let reloaded = live(reloaded.compensate(), &happenings, reload);
            prop_assert!(shown(&kept) == shown(&reloaded));
        }
    }

    /// ENG-107: with branches and subjourneys, and a restart in every pause.
    #[test]
    fn eng_107_pauses_of_a_tree_cannot_be_seen(sketch in tree(), happenings in happenings(), per_apply in 1_u32..5) {
        let whole = live(world(&sketch), &happenings, |world| world.limits.evaluations_per_apply = 1_000);
        let pieces = live(world(&sketch), &happenings, |world| {
            world.limits.evaluations_per_apply = per_apply;
            world.reload_when_paused = true;
        });
        prop_assert!(shown(&whole) == shown(&pieces));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// INV-1, INV-4, INV-5, ENG-061, ENG-070, ENG-071, ENG-073, ENG-106, STA-008, STA-066: see `World`.
    #[test]
    fn inv_1_every_run_keeps_its_invariants(sketch in sketch(), happenings in happenings()) {
        live(world(&sketch), &happenings, |_| {});
    }

    /// Determinism (EXP-007): the same inputs give the same events, facts and run.
    #[test]
    fn exp_007_equal_inputs_give_equal_runs(sketch in sketch(), happenings in happenings()) {
        let one = live(world(&sketch), &happenings, |_| {});
        let other = live(world(&sketch), &happenings, |_| {});
        prop_assert!(shown(&one) == shown(&other));
    }

    /// ENG-101: a run that is read back before every input goes on as if nothing had happened.
    #[test]
    fn eng_101_a_run_that_was_read_back_behaves_alike(sketch in sketch(), happenings in happenings()) {
        let kept = live(world(&sketch), &happenings, |_| {});
        let reloaded = live(world(&sketch), &happenings, |world| {
            world.run = Run::from_snapshot(&world.run.to_snapshot()).unwrap();
        });
        prop_assert!(shown(&kept) == shown(&reloaded));
    }

    /// ENG-107: how many evaluations go into one `apply` cannot be seen from outside.
    #[test]
    fn eng_107_pauses_cannot_be_seen(sketch in sketch(), happenings in happenings(), per_apply in 1_u32..5) {
        let whole = live(world(&sketch), &happenings, |world| world.limits.evaluations_per_apply = 1_000);
        let pieces = live(world(&sketch), &happenings, |world| world.limits.evaluations_per_apply = per_apply);
        prop_assert!(shown(&whole) == shown(&pieces));
    }

    /// A run in the middle of pure states survives a restart as well: it goes on where it was.
    #[test]
    fn eng_101_a_paused_run_can_be_read_back(sketch in sketch()) {
        let mut direct = World::prepared(journey(&sketch.spec()), json!({ "k": 0 }), |world| {
            world.limits.evaluations_per_apply = 1;
            world.limits.transitions_per_segment = 30;
        });
        let mut paused = direct.clone();
        direct.feed(Input::Begin).unwrap();
        paused.reload_when_paused = true;
        paused.feed(Input::Begin).unwrap();
        prop_assert!(shown(&direct) == shown(&paused));
    }
}
