//! The real binary: what it prints, what it returns, and how it starts and ends.

mod check;
mod docs;
mod explain;
mod export;
mod help;
mod language;
mod readme;
mod repair;
mod run;
mod scenarios;
mod serve;
mod store;
mod support;
