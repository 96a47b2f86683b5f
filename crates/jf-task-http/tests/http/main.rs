//! The connector against servers on loopback, and the task against a scripted connector.

mod connector;
mod stub;
