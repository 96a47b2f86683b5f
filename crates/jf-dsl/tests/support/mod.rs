//! What the tests of files and pages need: reading them, judging them, and counting what they hold.

#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod build;
pub(crate) mod case;
pub(crate) mod embed;
pub(crate) mod files;
pub(crate) mod inventory;
pub(crate) mod page;
pub(crate) mod shapes;
pub(crate) mod variants;
