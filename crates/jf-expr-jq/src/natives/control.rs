//! Ticks, the bindings, and filters that steer.

use std::cmp::Ordering;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, v};
use jaq_core::{Bind, Exn, Native, ValX, ValXs};
use jaq_std::ValT as _;
use jf_core::spi::EvalErrorKind;

use super::filter;
use crate::environment::Jq;
use crate::limits::meter::{self, Trip};
use crate::value::{Num, Val, fault, mismatch};

/// The identity, one step long. Its error cannot be caught.
pub(crate) const TICK: &str = "!tick";
/// `!nest(f)` is `f`, called on the native stack and not as a tail call.
pub(crate) const NEST: &str = "!nest";
/// The input of the program.
pub(crate) const INPUT: &str = "!input";
/// `!load(n)` is what stands at the n-th place of the program.
pub(crate) const LOAD: &str = "!load";

pub(super) fn natives() -> [Fun<Jq>; 11] {
    let tick = Native::new(|cv| match meter::tick() {
        Ok(()) => box_once(Ok(cv.1)),
        Err(trip) => halt(trip),
    })
    .with_paths(|cv| match meter::tick() {
        Ok(()) => box_once(Ok(cv.1)),
        Err(trip) => halt(trip),
    })
    .with_update(|cv, f| match meter::tick() {
        Ok(()) => f(cv.1),
        Err(trip) => halt(trip),
    });
    let nest = Native::new(|mut cv| {
        let (f, context) = cv.0.pop_fun();
        f.run((context, cv.1))
    })
    .with_paths(|mut cv| {
        let (f, context) = cv.0.pop_fun();
        f.paths((context, cv.1))
    })
    .with_update(|mut cv, update| {
        let (f, context) = cv.0.pop_fun();
        f.update((context, cv.1), update)
    });
    let empty = Native::new(|_| Box::new(std::iter::empty()))
        .with_paths(|_| Box::new(std::iter::empty()))
        .with_update(|cv, _| box_once(Ok(cv.1)));
    [
        (TICK, v(0), tick),
        (NEST, [Bind::Fun(())].into(), nest),
        filter(INPUT, 0, |cv| box_once(Ok(cv.0.data().inputs.whole()))),
        filter(LOAD, 1, |mut cv| {
            let place = cv.0.pop_var().as_isize().and_then(|place| usize::try_from(place).ok());
            bome(cv.0.data().inputs.load(place.unwrap_or(usize::MAX)))
        }),
        ("empty", v(0), empty),
        filter("null", 0, |_| box_once(Ok(Val::Null))),
        filter("true", 0, |_| box_once(Ok(Val::Bool(true)))),
        filter("false", 0, |_| box_once(Ok(Val::Bool(false)))),
        filter("now", 0, |cv| box_once(Ok(Val::from(cv.0.data().inputs.now.as_microsecond() as f64 / 1e6)))),
        filter("error_empty", 0, |cv| bome(Err(raised(cv.1)))),
        filter("range", 3, |mut cv| {
            let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            match (from, to, by) {
                (Val::Num(from), Val::Num(to), Val::Num(by)) => Box::new(range(from, to, by)),
                _ => bome(Err(mismatch("range bounds must be numbers"))),
            }
        }),
    ]
}

/// Ends the evaluation: no filter catches this.
fn halt<'a, T: 'a>(_: Trip) -> ValXs<'a, T, Val> {
    box_once(Err(Exn::halt(0)))
}

/// The error that a program raises.
fn raised(value: Val) -> crate::value::Error {
    match value {
        Val::Str(text) => fault(text.kind().unwrap_or(EvalErrorKind::Runtime), text.as_str()),
        other => crate::value::Error::new(other),
    }
}

/// Numbers from one on by steps, each a step of the evaluation.
fn range<'a>(from: Num, to: Num, by: Num) -> impl Iterator<Item = ValX<'a, Val>> {
    let mut next = Some(from);
    std::iter::from_fn(move || {
        let current = next.take()?;
        let within = match by.cmp(&Num::Int(0)) {
            Ordering::Greater => current < to,
            Ordering::Less => current > to,
            Ordering::Equal => false,
        };
        if !within {
            return None;
        }
        if meter::tick().is_err() {
            return Some(Err(Exn::halt(0)));
        }
        next = Some(current.add(by));
        Some(Ok(Val::Num(current)))
    })
}
