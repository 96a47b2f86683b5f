//! What values know of themselves is true, however they were made.

use jaq_core::path::Opt;
use jaq_core::{Exn, ValT as _};
use proptest::prelude::*;

use super::{Num, Val};
use crate::limits::meter::{self, Evaluation, Trip};
use crate::limits::{VALUE_BYTES, VALUE_DEPTH};

fn values() -> impl Strategy<Value = Val> {
    let leaf = || {
        prop_oneof![
            Just(Val::Null),
            any::<bool>().prop_map(Val::Bool),
            any::<i64>().prop_map(|n| Val::Num(Num::Int(n))),
            "[a-c]{0,3}".prop_map(Val::str),
        ]
    };
    leaf().prop_recursive(4, 24, 4, |inner| {
        let members = prop::collection::vec(("[a-c]{1}", inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Val::array),
            members.prop_map(|members| Val::object(
                members.into_iter().map(|(key, value)| (key.as_str().into(), value)).collect()
            )),
        ]
    })
}

/// Size and depth, counted anew.
fn measured(value: &Val) -> (usize, u32) {
    let total = |parts: Vec<(usize, (usize, u32))>| {
        let size = 2 + parts.iter().map(|(key, (size, _))| key + 1 + size).sum::<usize>();
        (size, 1 + parts.iter().map(|(_, (_, depth))| *depth).max().unwrap_or(0))
    };
    match value {
        Val::Arr(array) => total(array.items().iter().map(|item| (0, measured(item))).collect()),
        Val::Obj(object) => {
            total(object.members().iter().map(|(key, value)| (key.len() + 3, measured(value))).collect())
        }
        other => (other.size(), 0),
    }
}

fn assert_true(value: &Val) -> Result<(), TestCaseError> {
    let (size, depth) = measured(value);
    prop_assert_eq!(value.size(), size, "{}", value);
    // Of what is changed in place, the depth is a bound.
    prop_assert!(value.depth() >= depth, "{}", value);
    prop_assert!(value.to_string().len() <= 6 * size, "{}", value);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exp_045_size_and_depth_are_true(
        value in values(), other in values(), key in "[a-c]{1}", at in -3..4_isize, removes in any::<bool>(),
    ) {
        // A text that is repeated very often is beyond the bounds, which is another test.
        let repeats = |a: &Val, b: &Val| matches!((a, b), (Val::Str(_), Val::Num(Num::Int(times))) if *times > 1_000);
        prop_assume!(!repeats(&value, &other) && !repeats(&other, &value));
        let _evaluation = Evaluation::begin(std::time::Duration::MAX);
        let new = || std::iter::once(Ok(other.clone())).filter(|_| !removes);
        let update = |index: &Val| value.clone().map_index(index, Opt::Optional, |_| new());
        let (key, at) = (Val::str(key), Val::from(at));
        let range = value.clone().map_range(Some(&at)..None, Opt::Optional, |part| std::iter::once(Ok(part)));
        let made = [
            value.clone() + other.clone(),
            value.clone() - other.clone(),
            value.clone() * other.clone(),
            value.clone().index(&key),
            value.clone().index(&at),
            value.clone().range(Some(&at)..None),
            update(&key).map_err(|error: Exn<'_, Val>| error.get_err().expect("no halt")),
            update(&at).map_err(|error| error.get_err().expect("no halt")),
            range.map_err(|error| error.get_err().expect("no halt")),
            Ok(value.clone().values().flatten().collect()),
        ];
        assert_true(&value)?;
        for made in made.into_iter().flatten() {
            assert_true(&made)?;
        }
        prop_assert_eq!(meter::tripped(), None);
    }

    #[test]
    fn the_order_of_values_is_total(a in values(), b in values(), c in values()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert!(!(a <= b && b <= c) || a <= c);
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
    }
}

#[test]
fn exp_045_values_beyond_the_bounds_trip_the_meter() {
    let evaluation = Evaluation::begin(std::time::Duration::MAX);
    let deepest = (0..VALUE_DEPTH).fold(Val::Null, |inner, _| Val::array(vec![inner]));
    assert_eq!((deepest.depth(), meter::tripped()), (VALUE_DEPTH, None));
    assert_eq!(Val::array(vec![deepest]), Val::Null);
    assert_eq!(meter::tripped(), Some(Trip::Memory));
    drop(evaluation);

    let evaluation = Evaluation::begin(std::time::Duration::MAX);
    let mut doubled = Val::array(Vec::new());
    while meter::tripped().is_none() {
        assert!(doubled.size() <= VALUE_BYTES);
        doubled = Val::array(vec![doubled.clone(), doubled]);
    }
    assert_eq!(doubled, Val::Null);
    drop(doubled);
    drop(evaluation);
}
