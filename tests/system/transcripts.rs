//! Every transcript against the real server, over a real socket.
//!
//! `tests/websocket` runs all of them in memory, and over sockets against the system as an embedder builds it. Some need what the command in a process of
//! its own cannot be made to do – to move its clock, to judge tokens that are made up – and are left out here with that reason, which is printed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method};
use jf_testkit::transcript::{Line, Need, Received, Refused, Stage, Transcript, Verdict, run};
use jf_testkit::{ClientError, Handshake, WebSocketClient};
use serde_json::Value;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use crate::support::binary::Serving;
use crate::support::root;

/// Time that may be waited for instead of being moved.
const SHORT: Duration = Duration::from_secs(3);

/// After so long a push that was due is there: more than twice what pushes of one run are kept apart.
const SETTLED: Duration = Duration::from_millis(120);

/// What is not run, for the reasons of [`SocketStage::can`]. A file that joins them is left out on purpose or not at all.
const LEFT_OUT: [&str; 18] = [
    "16-correlation",
    "24-conflation",
    "30-timer",
    "33-credential-expires",
    "34-credential-required",
    "35-credential-of-another",
    "36-credential-degrades",
    "37-heartbeat-control",
    "38-heartbeat-message",
    "39-idle",
    "40-lifetime",
    "43-in-flight",
    "49-slow-consumer",
    "50-bookmarks",
    "57-no-token-in-the-address",
    "58-drain-with-work",
    "60-move",
    "62-key-in-flight",
];

fn folder() -> PathBuf {
    root().join("tests/websocket")
}

/// A server for the settings of a file.
struct Server {
    serving: Option<Arc<Serving>>,
    config: String,
    _files: TempDir,
}

impl Server {
    async fn start(settings: &[(String, Value)]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let mut config = format!("store: \"sqlite:{}\"\n", files.path().join("runs.db").display());
        for (name, value) in settings {
            config.push_str(&format!("{name}: {value}\n"));
        }
        let mut server = Self { serving: None, config, _files: files };
        server.begin().await;
        server
    }

    async fn begin(&mut self) {
        let journeys = folder().join("journeys");
        self.serving = Some(Arc::new(Serving::start(&journeys, Some(&self.config)).await));
    }

    fn serving(&self) -> &Serving {
        self.serving.as_ref().unwrap()
    }
}

/// A file's hold on a server.
struct SocketStage<'a>(&'a mut Server);

#[async_trait]
impl Stage for SocketStage<'_> {
    fn can(&self, need: &Need) -> Result<(), String> {
        match need {
            Need::Clock(time) if *time > SHORT => {
                Err(format!("the clock of the server cannot be moved, and {time:?} are too long to wait for"))
            }
            Need::Tokens => Err("`jf serve` judges no tokens itself".to_owned()),
            Need::Services => Err("another service that takes its time takes that of the machine".to_owned()),
            Need::Stall => Err("a socket takes a lot before it is full".to_owned()),
            Need::Control => Err("the client answers pings of RFC 6455 out of sight".to_owned()),
            _ => Ok(()),
        }
    }

    async fn connect(&mut self, path: &str, headers: &[(String, String)]) -> Result<Box<dyn Line>, Refused> {
        let handshake = headers
            .iter()
            .fold(Handshake::default(), |handshake, (name, value)| handshake.with_header(name, value));
        match WebSocketClient::upgrade(self.0.serving().address(), path, &handshake).await {
            Ok(client) => Ok(Box::new(SocketLine(client))),
            Err(ClientError::Refused(response)) => {
                Err(Refused::new(response.status.as_u16(), response.json().unwrap_or_default()))
            }
            Err(error) => Err(Refused::new(0, Value::from(error.to_string()))),
        }
    }

    async fn http(&mut self, method: &str, path: &str, body: Option<String>) -> Result<(u16, Value), String> {
        let method: Method = method.parse().map_err(|_| "no method of HTTP".to_owned())?;
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let body = body.unwrap_or_default().into_bytes().into();
        let response = self.0.serving().http().send_bytes(method, path, headers, body).await;
        let response = response.map_err(|error| error.to_string())?;
        Ok((response.status.as_u16(), response.json().unwrap_or_default()))
    }

    async fn advance(&mut self, by: Duration) -> Result<(), String> {
        tokio::time::sleep(by).await;
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), String> {
        let serving =
            self.0.serving.take().and_then(Arc::into_inner).ok_or("somebody else has the server")?;
        serving.kill().await;
        self.0.begin().await;
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), String> {
        self.0.serving().terminate().await;
        Ok(())
    }
}

struct SocketLine(WebSocketClient);

impl SocketLine {
    /// A connection that the server has closed takes nothing, which the next line will show.
    async fn put(&mut self, message: Message) {
        let _ = self.0.send_message(message).await;
    }
}

#[async_trait]
impl Line for SocketLine {
    async fn send(&mut self, text: &str) {
        self.put(Message::text(text)).await;
    }

    async fn send_binary(&mut self, bytes: &[u8]) {
        self.put(Message::binary(bytes.to_vec())).await;
    }

    async fn send_ping(&mut self) {
        self.put(Message::Ping(Vec::new().into())).await;
    }

    async fn send_close(&mut self) {
        self.put(Message::Close(None)).await;
    }

    async fn receive(&mut self) -> Received {
        match self.0.frame().await {
            Ok(frame) => Received::Frame(frame),
            Err(ClientError::Closed(closed)) => Received::Closed { code: closed.code, name: closed.reason },
            Err(ClientError::Silence) => Received::Silence,
            Err(error) => Received::Alien(error.to_string()),
        }
    }

    /// Pushes wait for each other, and the answer to a ping overtakes them (FLOW-4, FLOW-8).
    async fn settle(&mut self) {
        tokio::time::sleep(SETTLED).await;
    }

    fn stall(&mut self, _: bool) {}

    fn mute(&mut self) {}
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("transcripts")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(file: &Path) -> Transcript {
    let text = std::fs::read_to_string(file).unwrap();
    Transcript::parse(&text).unwrap_or_else(|faults| panic!("{}: {faults:?}", file.display()))
}

/// Whether a file leaves its server to the next one as it was.
fn shares(transcript: &Transcript) -> bool {
    let harmless = |need: &Need| !matches!(need, Need::Restart | Need::Drain);
    transcript.settings.is_empty() && transcript.needs.iter().all(harmless)
}

/// The files cite the rules they show.
#[tokio::test(flavor = "multi_thread")]
async fn every_transcript_holds_over_a_socket_or_says_why_it_is_not_run() {
    let mut common = Server::start(&[]).await;
    let (mut passed, mut skipped, mut failures) = (0, Vec::new(), Vec::new());
    for file in files() {
        let (name, transcript) = (file.file_stem().unwrap().to_string_lossy().into_owned(), read(&file));
        let verdict = if shares(&transcript) {
            run(&transcript, &mut SocketStage(&mut common)).await
        } else if let Some(reason) =
            transcript.needs.iter().find_map(|need| SocketStage(&mut common).can(need).err())
        {
            Verdict::Skipped(reason)
        } else {
            let mut own = Server::start(&transcript.settings).await;
            run(&transcript, &mut SocketStage(&mut own)).await
        };
        match verdict {
            Verdict::Passed => passed += 1,
            Verdict::Skipped(reason) => {
                println!("not run: {name}: {reason}");
                skipped.push(name);
            }
            Verdict::Failed { line, message } => {
                failures.push(format!("{}:{line}: {message}", file.display()))
            }
            other => failures.push(format!("{name}: {other:?}")),
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert_eq!(skipped, LEFT_OUT);
    assert!(passed >= 43, "{passed} transcripts were run");
}
