//! What the interpreter must hold, rule by rule, and the properties of every run.

mod api;
mod cancel;
mod choice;
mod deadline;
mod events;
mod expressions;
mod limits;
mod outcome;
mod platform;
mod start;
mod steps;
mod support;
mod task;
mod terminal;
mod timer;
mod transform;
mod wait;
