//! The connector against servers on loopback, and the task against a scripted connector.

#![expect(clippy::unwrap_used, reason = "tests")]

mod connector;
mod cookies;
mod defaults;
mod end_to_end;
mod error_mapping;
mod link;
mod notify;
mod operation;
mod request;
mod rig;
mod run;
mod stub;
mod url_property;
