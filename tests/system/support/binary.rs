//! The real command, as a process.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use jf_testkit::{Handshake, HttpClient, WebSocketClient};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::in_time;

/// The command under test: the one built beside these tests, or the one that `JF_BIN` names.
fn jf() -> PathBuf {
    std::env::var_os("JF_BIN").map_or_else(|| env!("CARGO_BIN_EXE_jf-under-test").into(), PathBuf::from)
}

/// Runs the command to its end.
pub(crate) async fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    let mut command = Command::new(jf());
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    in_time("the command", command.output()).await.unwrap()
}

/// `jf serve`, listening. It is killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    address: SocketAddr,
    scheme: &'static str,
    stdout: Lines<BufReader<ChildStdout>>,
    log: JoinHandle<String>,
    lines: watch::Receiver<String>,
    metrics: watch::Receiver<Option<SocketAddr>>,
    _config: TempDir,
}

impl Serving {
    /// Serves a file or folder with the text of a configuration file; `None` leaves finding one to the command.
    pub(crate) async fn start(definitions: &Path, config: Option<&str>) -> Self {
        Self::start_with(definitions, config, &[]).await
    }

    /// The same with further arguments.
    pub(crate) async fn start_with(definitions: &Path, config: Option<&str>, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(jf());
        command.arg("serve").arg(definitions).args(["--listen", "127.0.0.1:0"]).args(arguments);
        command.current_dir(folder.path());
        if let Some(text) = config {
            let file = folder.path().join("jf.yaml");
            std::fs::write(&file, text).unwrap();
            command.arg("--config").arg(file);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();

        // The log is read all the time, or a full pipe would stop the server.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (found, metrics) = watch::channel(None);
        let (tell, lines) = watch::channel(String::new());
        let log = tokio::spawn(async move {
            let (mut text, mut line) = (String::new(), Vec::new());
            while stderr.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
                let told = String::from_utf8_lossy(&line);
                if let Some(address) = metrics_in(&told) {
                    found.send_replace(Some(address));
                }
                text.push_str(&told);
                tell.send_modify(|lines| lines.push_str(&told));
                line.clear();
            }
            text
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(line) = in_time("the start", stdout.next_line()).await.unwrap() else {
            panic!("it did not start: {}", log.await.unwrap());
        };
        let url = line.strip_prefix("listening on ").unwrap_or_default();
        let scheme = if url.starts_with("https://") { "https" } else { "http" };
        let address = url.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("not where it listens: {line}"));
        Self { child, address, scheme, stdout, log, lines, metrics, _config: folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the metrics are, as the log says.
    pub(crate) async fn metrics(&self) -> SocketAddr {
        let mut metrics = self.metrics.clone();
        let found = in_time("the address of the metrics", metrics.wait_for(Option::is_some)).await;
        found.unwrap().unwrap()
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub(crate) fn http(&self) -> HttpClient {
        HttpClient::new(self.address)
    }

    pub(crate) async fn websocket(&self, path: &str) -> WebSocketClient {
        WebSocketClient::connect(self.address, path, &Handshake::default()).await.unwrap()
    }

    /// Starts a server and kills it a moment later, listening or not.
    pub(crate) async fn start_and_kill(
        definitions: &Path,
        config: &str,
        arguments: &[&str],
        after: Duration,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jf.yaml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(jf());
        command.arg("serve").arg(definitions).args(["--listen", "127.0.0.1:0"]).args(arguments);
        command.arg("--config").arg(file).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        // It has no chance to say where it is, so nothing can be waited for.
        let _ = tokio::time::timeout(after, child.wait()).await;
        child.kill().await.unwrap();
    }

    /// Bytes of the process that are in memory, where the system tells.
    pub(crate) fn resident(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? * 1024)
    }

    /// Sends SIGTERM.
    pub(crate) async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits until the log says so.
    pub(crate) async fn told(&self, text: &str) {
        let mut lines = self.lines.clone();
        lines.wait_for(|lines| lines.contains(text)).await.unwrap();
    }

    /// Kills the process, which gets no chance to put anything in order; gives its log.
    pub(crate) async fn kill(mut self) -> String {
        self.child.kill().await.unwrap();
        in_time("the log", self.log).await.unwrap()
    }

    /// Waits for the end of the process; gives its status, what else it printed, and its log.
    pub(crate) async fn ended(mut self) -> (ExitStatus, Vec<String>, String) {
        let status = in_time("the end of the server", self.child.wait()).await.unwrap();
        let mut printed = Vec::new();
        while let Some(line) = in_time("standard output", self.stdout.next_line()).await.unwrap() {
            printed.push(line);
        }
        (status, printed, in_time("the log", self.log).await.unwrap())
    }
}

/// The address in the line of the log that names it.
fn metrics_in(line: &str) -> Option<SocketAddr> {
    line.split("url=http://").nth(1)?.trim_end().strip_suffix("/metrics")?.parse().ok()
}
