//! What the tests share.

pub(crate) mod binary;
pub(crate) mod downstream;
pub(crate) mod events;
pub(crate) mod h2;
pub(crate) mod ledger;
pub(crate) mod loans;
pub(crate) mod pki;
pub(crate) mod raw;
pub(crate) mod system;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take. Long: a busy machine is no failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits, but not forever.
pub(crate) async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The journeys of these tests.
pub(crate) fn journeys() -> PathBuf {
    root().join("tests/journeys")
}

/// The interpreter with the client libraries of another language; `None` where there is none and none is required.
pub(crate) fn python() -> Option<OsString> {
    another_program("JF_TEST_PYTHON", "a Python interpreter with what `.ci/requirements.txt` pins")
}

/// The folder with the judges of contracts; `None` where there is none and none is required.
pub(crate) fn node_modules() -> Option<OsString> {
    another_program("JF_TEST_NODE_MODULES", "a `node_modules` with what `.ci/node` pins")
}

/// What a variable of the environment names; without it the test says so and passes, unless the gate requires it.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn another_program(variable: &str, what: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        let required = std::env::var("JF_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
        assert!(!required, "JF_REQUIRE_CLIENTS=1, but {variable} does not name {what}");
        println!("skipped: set {variable} to {what}");
    }
    found
}

/// The Problem `type` of a slug (ENG-140).
pub(crate) fn urn(slug: &str) -> String {
    format!("urn:journeyforge:error:{slug}")
}
