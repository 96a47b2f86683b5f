//! Starting the binary, asking it, and ending it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout};

/// How long anything here may take before a test fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in crates/").to_path_buf()
}

/// What a command printed, and its status.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}\n--- standard output\n{}--- standard error\n{}", self.status, self.out, self.err)
    }
}

/// The binary with an environment that says nothing.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jf"));
    command.current_dir(folder);
    for variable in ["JF_LOG", "JF_LOG_FORMAT", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs `jf` to its end in a folder.
pub(crate) fn jf(folder: &Path, arguments: &[&str]) -> Ran {
    jf_with_input(folder, arguments, "")
}

pub(crate) fn jf_with_input(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    jf_with(folder, arguments, &[], input)
}

/// With variables of the environment.
pub(crate) fn jf_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Ran {
    use std::io::Write as _;
    let mut child = command(folder)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // A command that does not read its input closes it.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the binary ends");
    let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
    Ran { status: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

/// A folder with files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("folders can be made");
        std::fs::write(path, text).expect("files can be written");
    }
    folder
}

/// A journey that waits once.
pub(crate) const WAITING: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: waiting, version: 1.0.0 }
spec:
  start: ask
  states:
    ask:
      type: wait
      wait: { input: { schema: { type: object, required: [answer] } } }
      next: done
    done: { type: succeed }
";

/// A journey that takes longer than any test waits.
pub(crate) const SLOW: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: slow, version: 1.0.0 }
spec:
  platform: { config: { url: { type: string, required: true } } }
  start: call
  states:
    call:
      type: task
      task: { kind: httpCall:v1, method: GET, url: \"${platform.config.url}/slow\", timeoutMs: 600000, resultVar: answer }
      next: done
    done: { type: succeed }
";

/// `jf serve`, killed when dropped.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) address: String,
    out: Lines<BufReader<ChildStdout>>,
}

impl Served {
    /// Starts the server and waits until it says where it listens. Runs live in memory unless the arguments say otherwise.
    pub(crate) async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = tokio::process::Command::from(command(folder));
        command
            .arg("serve")
            .args(if arguments.contains(&"--store") { &[][..] } else { &["--store", "memory"] })
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let line = within(out.next_line()).await.expect("standard output can be read");
        let Some(line) = line else {
            panic!("the server ended: {}", Self::log_of(&mut child).await);
        };
        let address = line.strip_prefix("listening on http://").expect("the one line says where it listens");
        Self { address: address.to_owned(), child, out }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("`kill` is there");
        assert!(sent.success());
    }

    /// Waits for the end; gives the status, what else was printed on standard output, and the log.
    pub(crate) async fn end(mut self) -> (i32, String, String) {
        let log = within(Self::log_of(&mut self.child)).await;
        let status = within(self.child.wait()).await.expect("it was started");
        let mut rest = String::new();
        while let Some(line) = self.out.next_line().await.expect("standard output can be read") {
            rest.push_str(&line);
        }
        (status.code().unwrap_or(-1), rest, log)
    }

    async fn log_of(child: &mut Child) -> String {
        let mut log = String::new();
        let mut stream = child.stderr.take().expect("it is piped");
        stream.read_to_string(&mut log).await.expect("the log is UTF-8");
        log
    }

    /// One request over a connection of its own; gives status line, headers and body.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> String {
        within(ask(&self.address, method, path, body)).await
    }
}

pub(crate) async fn ask(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers");
    answer
}

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it does not take that long")
}

/// A WebSocket connection to the path of a URL.
pub(crate) async fn websocket(url: &str) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let address = url.trim_start_matches("ws://").split('/').next().expect("a URL has an authority");
    let connect = async {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        tokio_tungstenite::client_async(url, stream).await.expect("the endpoint is there").0
    };
    within(connect).await
}
