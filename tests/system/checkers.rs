//! Contracts judged by programs of other people: a linter of OpenAPI documents, and a fuzzer that makes requests from them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::support::binary::{self, Serving};
use crate::support::root;

/// How long a checker may take. Long: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(900);

/// What a variable of the environment names; without it the test says so and passes, unless the gate requires it.
fn named(variable: &str, what: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        let required = std::env::var("JF_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
        assert!(!required, "JF_REQUIRE_CLIENTS=1, but {variable} does not name {what}");
        println!("skipped: {variable} names {what}");
    }
    found
}

async fn finished(what: &str, mut command: Command) -> Output {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    output.unwrap_or_else(|_| panic!("{what} takes too long")).unwrap()
}

/// Everything that a program said.
fn said(output: &Output) -> String {
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{printed}{errors}")
}

fn definitions(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            definitions(&path, found);
        } else if path.to_string_lossy().ends_with(".journey.yaml") {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn http_090_a_linter_accepts_the_contract_of_every_definition() {
    let Some(modules) = named("JF_TEST_NODE_MODULES", "a `node_modules` with what `.ci/node` pins") else {
        return;
    };
    let mut sources = Vec::new();
    ["examples", "tests"].iter().for_each(|folder| definitions(&root().join(folder), &mut sources));
    // A folder that is served together has a contract of its own.
    sources.extend(["examples/journeys", "tests/journeys"].map(|folder| root().join(folder)));
    let folder = tempfile::tempdir().unwrap();
    let mut documents = Vec::new();
    for source in &sources {
        let exported =
            binary::run([&"export".into(), &"openapi".into(), source.as_os_str(), &"--list".into()]).await;
        // Some are there to show what this build refuses.
        if exported.status.success() {
            let file = folder.path().join(format!("{}.json", documents.len()));
            std::fs::write(&file, &exported.stdout).unwrap();
            documents.push(file);
        }
    }
    assert!(documents.len() > 60, "only {} documents of {} sources", documents.len(), sources.len());
    let mut lint = Command::new("node");
    lint.arg(Path::new(&modules).join("@redocly/cli/bin/cli.js")).arg("lint").args(&documents);
    lint.arg("--config").arg(root().join(".ci/redocly.yaml")).args(["--format", "stylish"]);
    lint.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    let verdict = finished("the linter", lint).await;
    let told = said(&verdict);
    assert!(verdict.status.success(), "{told}");
    assert!(!told.contains("warning"), "{told}");
    assert_eq!(told.matches(": validated in").count(), documents.len(), "{told}");
    println!("{} contracts linted without error or warning", documents.len());
}

/// HTTP-003, HTTP-020 to HTTP-024, HTTP-072, HTTP-102: no status that is not documented, no 5xx, no answer that does not follow its schema.
async fn fuzz(folder: &str) {
    let Some(python) = named("JF_TEST_PYTHON", "an interpreter with what `.ci/requirements.txt` pins") else {
        return;
    };
    let folder = root().join(folder);
    let own = std::fs::read_to_string(folder.join("jf.yaml")).unwrap_or_default();
    let keys = "store: memory\nhttp: { contract: /contract, allowedOrigins: [https://app.example.com] }";
    let serving = Serving::start(&folder, Some(&format!("{own}\n{keys}\n"))).await;

    let given = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let here = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.current_dir(here.path()).args(["-m", "schemathesis.cli", "--config-file"]);
    command.arg(root().join("tests/clients/fuzz/schemathesis.toml"));
    command.args(["run", &serving.url("/contract/openapi.json"), "--no-color", "--continue-on-failure"]);
    command.args(["--seed", &given("JF_TEST_SEED", "1"), "--max-examples", &given("JF_TEST_EXAMPLES", "8")]);
    command.args(["--generation-database", "none", "--request-timeout", "10"]);
    let verdict = finished("the fuzzer", command).await;
    let told = said(&verdict);
    let log = serving.kill().await;
    assert!(verdict.status.success(), "{told}\n{log}");
    assert!(!log.contains(" ERROR "), "{log}");
    let summary = told.lines().find(|line| line.contains(" generated")).unwrap_or_else(|| panic!("{told}"));
    let requests: u32 = summary.split_whitespace().next().unwrap().parse().unwrap();
    assert!(requests > 100, "{told}");
    println!("{}: {}", folder.display(), summary.trim());
}

#[tokio::test]
async fn http_090_a_fuzzer_finds_nothing_in_the_examples() {
    fuzz("examples/journeys").await;
}

#[tokio::test]
async fn http_090_a_fuzzer_finds_nothing_in_a_journey_of_guesses() {
    fuzz("examples/embed-http-and-ws").await;
}

#[tokio::test]
async fn http_090_a_fuzzer_finds_nothing_in_a_journey_of_tickets() {
    fuzz("examples/custom-engine").await;
}
