//! The README and the pages that show conversations, executed: their commands against the real binary, their answers against what
//! it prints.

use std::collections::HashMap;

use futures::{SinkExt, StreamExt};
use regex::Regex;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::docs::{Block, blocks};
use crate::support::{Served, root, websocket, within};

/// The address that the pages write.
const WRITTEN: &str = "127.0.0.1:8080";

fn page(name: &str) -> Vec<Block> {
    blocks(&std::fs::read_to_string(root().join(name)).expect("the page is there"))
}

async fn serve() -> Served {
    Served::start(&root(), &["examples/journeys", "--listen", "127.0.0.1:0"]).await
}

/// Ids and times are different each time; what they stand for is not.
#[derive(Default)]
struct Masks {
    /// The run of the page → the run of the test.
    runs: HashMap<String, String>,
}

impl Masks {
    /// Learns which run of the test stands for which run of the page.
    fn learn(&mut self, written: &Value, printed: &Value) {
        let id = |value: &Value| {
            let direct = value.get("journeyId").and_then(Value::as_str);
            direct.map(str::to_owned)
        };
        if let (Some(written), Some(printed)) = (id(written), id(printed)) {
            let known = self.runs.entry(written).or_insert_with(|| printed.clone());
            assert_eq!(*known, printed, "the page speaks of another run here");
        }
    }

    /// A line of the page as the test has to say it.
    fn translated(&self, text: &str) -> String {
        self.runs.iter().fold(text.to_owned(), |text, (written, printed)| text.replace(written, printed))
    }

    fn compare(&mut self, written: &str, printed: &str) {
        let parse = |text: &str| {
            serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error} in {text}"))
        };
        let written = &written.replace(",…}", r#","…":"…"}"#);
        self.learn(&parse(written), &parse(printed));
        let (written, printed) = (parse(&masked(&self.translated(written))), parse(&masked(printed)));
        assert!(says(&written, &printed), "the page says\n{written}\nbut it is\n{printed}");
    }
}

/// Whether what is written is what was printed. An object with a `…` leaves members out; the others must be there.
fn says(written: &Value, printed: &Value) -> bool {
    match (written, printed) {
        (Value::Object(written), Value::Object(printed)) => {
            let shortened = written.contains_key("…");
            let same = |(name, value): (&String, &Value)| {
                printed.get(name).is_some_and(|printed| says(value, printed))
            };
            written.iter().filter(|(name, _)| *name != "…").all(same)
                && (shortened || written.len() == printed.len())
        }
        _ => written == printed,
    }
}

/// Without times and without what identifies a server or a connection.
fn masked(text: &str) -> String {
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").expect("a pattern");
    let identity = Regex::new(r#""(epoch|connectionId)":"[^"]*""#).expect("a pattern");
    identity.replace_all(&time.replace_all(text, "TIME"), r#""$1":"ID""#).into_owned()
}

#[tokio::test]
async fn the_curl_commands_print_what_the_readme_says() {
    the_curl_commands_print_what_is_written("README.md").await;
}

#[tokio::test]
async fn the_curl_commands_print_what_the_reference_says() {
    the_curl_commands_print_what_is_written("docs/reference/http.md").await;
}

async fn the_curl_commands_print_what_is_written(name: &str) {
    let blocks = page(name);
    let served = serve().await;
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut script = String::from("set -euo pipefail\n");
    let mut written = Vec::new();
    for (at, block) in
        blocks.iter().enumerate().filter(|(_, block)| block.language == "sh" && block.text.contains("curl"))
    {
        script.push_str(
            &block
                .text
                .replace(WRITTEN, &served.address)
                .replace("/tmp/", &format!("{}/", scratch.path().display())),
        );
        script.push_str("echo\necho ====\n");
        let answer = blocks.get(at + 1).filter(|next| next.language == "json");
        written.push(&answer.expect("commands are followed by what they print").text);
    }
    assert!(written.len() >= 5, "{name} has commands");
    let ran = tokio::process::Command::new("bash").arg("-c").arg(&script).current_dir(root()).output();
    let ran = within(ran).await.expect("bash is there");
    let printed = String::from_utf8(ran.stdout).expect("answers are UTF-8");
    assert!(ran.status.success(), "{}\n{printed}\n{}", script, String::from_utf8_lossy(&ran.stderr));
    let answers: Vec<&str> =
        printed.split("====").map(str::trim).filter(|answer| !answer.is_empty()).collect();
    assert_eq!(answers.len(), written.len(), "{printed}");
    let mut masks = Masks::default();
    for (written, printed) in written.into_iter().zip(answers) {
        masks.compare(written, printed);
    }
}

#[tokio::test]
async fn the_websocket_conversation_goes_as_the_readme_says() {
    let blocks = page("README.md");
    let conversation = blocks
        .iter()
        .find(|block| block.text.starts_with("< {\"type\":\"welcome\""))
        .expect("the README has a conversation");
    let page = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let url = page
        .split(['`', ' ', '\n'])
        .find(|word| word.starts_with("ws://"))
        .expect("the README says where to connect");
    let served = serve().await;
    let mut socket = websocket(&url.replace(WRITTEN, &served.address)).await;
    let mut masks = Masks::default();
    for line in conversation.text.lines() {
        match line.split_at(2) {
            ("> ", frame) => {
                socket.send(Message::text(masks.translated(frame))).await.expect("the server reads");
            }
            ("< ", written) => {
                let message = within(socket.next()).await.expect("the server speaks").expect("a message");
                masks.compare(written, message.to_text().expect("a text message"));
            }
            _ => panic!("neither `> ` nor `< `: {line}"),
        }
    }
}

/// What the README calls all the set-up is what works and what the gate runs.
#[test]
fn the_set_up_is_two_commands() {
    let page = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    assert!(
        page.contains(
            "\n<!-- test-command -->\n```sh\ncargo test --workspace\n```\n<!-- /test-command -->\n"
        )
    );
    assert!(page.contains("\n```sh\ncargo run --release -p jf-cli -- serve examples/journeys\n```\n"));
}
