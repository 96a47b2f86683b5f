//! The bounds of an evaluation (EXP-045 to EXP-047), and how they are held.
//!
//! jq is a general-purpose language: a program may loop for ever, recurse without end, or build a value of any size out of nothing. The
//! interpreter has no bounds of its own. Here
//!
//! - [`meter`] counts, per thread and evaluation: steps, bytes alive, and the native stack in use. Passing a bound *trips* the meter;
//!   from then on everything that can fail does fail, and the evaluation ends with the error of the bound whatever the program catches;
//! - values know their size and depth when they are built (see [`crate::value`]), so that no operation meets a value beyond the bounds;
//! - the compiler puts a tick wherever a program can multiply its work without touching a value (see [`crate::compile`]).

pub(crate) mod meter;

/// Most bytes that values and suspended computations of one evaluation may hold at a time, roughly.
pub(crate) const LIVE_BYTES: usize = 64 * 1024 * 1024;

/// Largest value, as compact JSON, roughly. Values share their parts, so a value can be far larger than its memory.
pub(crate) const VALUE_BYTES: usize = 16 * 1024 * 1024;

/// Deepest nesting of a value. Dropping, comparing and printing recurse once per level.
pub(crate) const VALUE_DEPTH: u32 = 256;

/// Native stack of one evaluation, measured at the ticks. What runs between two of them and below them is bounded by the depth of syntax
/// trees and values, and needs half as much: together well below the 2 MiB of an ordinary thread.
pub(crate) const STACK_BYTES: usize = 896 * 1024;

/// Steps between two looks at the clock: some 100 µs.
pub(crate) const STEPS_PER_LOOK: u32 = 2048;

/// Bytes copied or compared that count as one step.
pub(crate) const BYTES_PER_STEP: usize = 64;
