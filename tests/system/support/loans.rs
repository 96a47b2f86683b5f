//! The client of another language that takes a loan, see `tests/clients/loan.py`.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::{binary, in_time, python, root};

/// Drives a whole conversation at a URL, every frame of it as the exported contract says. `authority` is a certificate to be trusted.
/// Nothing is done where no Python is.
pub(crate) async fn drive_loans(url: &str, authority: Option<&Path>) {
    let Some(python) = python() else { return };
    let journey = root().join("examples/journeys/loan-approval.journey.yaml");
    let exported = binary::run(["export".as_ref(), "asyncapi".as_ref(), journey.as_os_str()]).await;
    let folder = tempfile::tempdir().unwrap();
    let contract = folder.path().join("asyncapi.json");
    std::fs::write(&contract, exported.stdout).unwrap();
    let mut command = Command::new(python);
    command.arg(root().join("tests/clients/loan.py")).arg(url).arg(contract);
    if let Some(authority) = authority {
        command.env("SSL_CERT_FILE", authority);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = in_time("the Python client", command.output()).await.unwrap();
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.ends_with("all good\n"), "{printed}{errors}");
}
