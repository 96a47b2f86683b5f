//! One file per state type.

mod choice;
mod external_input;
mod parallel;
mod subjourney;
mod task;
mod terminal;
mod timer;
mod transform;
