//! RFC 6455, case by case, spoken byte by byte to the real server: the list stands in `docs/design/rfc6455.md`, which is made from it.

mod cases;
mod handshake;
mod wire;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::SocketAddr;

use futures::StreamExt;
use serde_json::Value;

use self::cases::{Case, End, groups};
use self::handshake::openings;
use self::wire::{CLOSE, Out, PING, PONG, Reading, Sending, TEXT, open, request};
use crate::support::binary::Serving;
use crate::support::{in_time, root};

/// The last ping of a conversation that goes on.
const MARK: &[u8] = b"still there";
/// Conversations at a time.
const AT_ONCE: usize = 24;

async fn serving() -> Serving {
    Serving::start(&root().join("tests/echo"), None).await
}

/// What came from the server before the end of the conversation.
#[derive(Debug, Default)]
struct Came {
    echoes: Vec<String>,
    errors: Vec<String>,
    pongs: Vec<Vec<u8>>,
    welcomed: bool,
    /// The code of its close.
    closed: Option<Option<u16>>,
}

impl Came {
    fn note(&mut self, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap();
        match frame["type"].as_str().unwrap() {
            "outcome" => self.echoes.push(frame["payload"]["output"].as_str().unwrap().to_owned()),
            "error" => {
                let urn = frame["problem"]["type"].as_str().unwrap();
                self.errors.push(urn.rsplit(':').next().unwrap().to_owned());
            }
            "welcome" => self.welcomed = true,
            other => panic!("an unexpected {other}"),
        }
    }

    /// Reads until the server has closed, or has answered everything up to the mark.
    async fn read(reading: &mut Reading, case: &Case) -> Self {
        let (mut came, mut text, mut marked) = (Self::default(), Vec::new(), false);
        let due = case.echoes.len() + case.errors.len();
        while !(marked && came.welcomed && came.echoes.len() + came.errors.len() >= due) {
            let Some(frame) = reading.frame().await else { panic!("gone without a close: {came:?}") };
            match frame.opcode {
                TEXT | 0 => {
                    assert_eq!(frame.opcode == TEXT, text.is_empty(), "5.4");
                    text.extend(frame.payload);
                    if frame.last {
                        came.note(&std::mem::take(&mut text));
                    }
                }
                PONG if frame.payload == MARK => marked = true,
                PONG => came.pongs.push(frame.payload),
                CLOSE => {
                    let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    assert_ne!(frame.payload.len(), 1, "5.5.1");
                    assert!(std::str::from_utf8(frame.payload.get(2..).unwrap_or_default()).is_ok(), "5.5.1");
                    came.closed = Some(code);
                    break;
                }
                other => panic!("an unexpected opcode {other}"),
            }
        }
        came.echoes.sort();
        came
    }

    fn assert(&self, case: &Case, how: &str) {
        let what = format!("{} ({how}): {self:?}", case.what);
        let mut echoes = case.echoes.clone();
        echoes.sort();
        match case.end {
            End::Open => assert_eq!(self.closed, None, "{what}"),
            End::Confirmed(code) => assert_eq!(self.closed, Some(code), "{what}"),
            End::Refused(code) => {
                // What came before the fault may have been answered, or not.
                assert_eq!(self.closed, Some(Some(code)), "{what}");
                assert!(self.echoes.iter().all(|echo| echoes.contains(echo)), "{what}");
                return;
            }
        }
        assert_eq!((&self.echoes, &self.errors, &self.pongs), (&echoes, &case.errors, &case.pongs), "{what}");
    }
}

/// Sends in pieces of a size, as long as the server listens.
async fn send(sending: &mut Sending, bytes: &[u8], size: usize) {
    for piece in bytes.chunks(size) {
        if !sending.send(piece).await {
            break;
        }
    }
}

/// One conversation, in pieces of a size; `after` the handshake or along with it.
async fn converse(server: SocketAddr, case: &Case, size: usize, along: bool) {
    let mut bytes: Vec<u8> = case.frames.iter().flat_map(Out::bytes).collect();
    if case.end == End::Open {
        bytes.extend(Out::new(PING, MARK).bytes());
    }
    let mut opening = request("").into_bytes();
    if along {
        opening.append(&mut bytes);
    }
    let (head, mut sending, mut reading) = open(server, &opening).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let how = if along { "along with the handshake".to_owned() } else { format!("{size} bytes at a time") };
    let came = {
        let told = Came::read(&mut reading, case);
        tokio::pin!(told);
        let telling = send(&mut sending, &bytes, size);
        tokio::select! {
            came = &mut told => came,
            () = telling => told.await,
        }
    };
    came.assert(case, &how);
    // 7.1.1: the server ends the connection once both sides have closed, without waiting for the client to do so.
    if case.end == End::Open || matches!(case.end, End::Refused(_)) {
        sending.send(&Out::new(CLOSE, 1000_u16.to_be_bytes()).bytes()).await;
    }
    let mut closes = usize::from(came.closed.is_some());
    while let Some(frame) = reading.frame().await {
        assert_eq!(frame.opcode, CLOSE, "{} ({how}): nothing but a close follows: {frame:?}", case.what);
        closes += 1;
    }
    assert_eq!(closes, 1, "{} ({how}): one close, then the end", case.what);
}

/// ENC-1, ENC-2, LIM-1, HB-3: each case whole, in pieces, and sent along with the handshake.
#[tokio::test(flavor = "multi_thread")]
async fn enc_2_rfc6455_conversations() {
    let serving = serving().await;
    let server = serving.address();
    let cases: Vec<Case> = groups().into_iter().flat_map(|group| group.cases).collect();
    let conversations = cases.iter().flat_map(|case| {
        let bytes: usize = case.frames.iter().map(|frame| frame.bytes().len()).sum();
        let small = if bytes > 4_000 { 4_093 } else { 1 };
        [(case, usize::MAX, false), (case, small, false), (case, usize::MAX, true)]
    });
    let talks = conversations.map(async |(case, size, along)| {
        in_time(&case.what, converse(server, case, size, along)).await;
    });
    futures::stream::iter(talks).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// HS-1, SP-2, CMP-1: each opening handshake.
#[tokio::test(flavor = "multi_thread")]
async fn hs_1_rfc6455_openings() {
    let serving = serving().await;
    for opening in openings() {
        let opened = in_time(opening.what, open(serving.address(), opening.request.as_bytes())).await;
        opening.answer.assert(opening.what, &opened.0);
    }
}

/// The page is made from the lists.
#[test]
fn rfc6455_the_page_shows_the_lists() {
    let path = root().join("docs/design/rfc6455.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mark = "<!-- The tables are made by tests/system/rfc6455 -->\n";
    let (before, shown) = page.split_once(mark).unwrap();
    let tables = tables();
    if std::env::var_os("JF_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(path, format!("{before}{mark}{tables}")).unwrap();
    } else {
        assert!(shown == tables, "the page is not what the lists say; JF_BLESS=1 writes it");
    }
}

fn tables() -> String {
    let mut text = String::new();
    let mut rows = |number: usize, title: &str, rows: &[(String, String, String)]| {
        write!(text, "\n## {number} {title}\n\n| case | RFC 6455 | the client sends | the server |\n|---|---|---|---|\n").unwrap();
        for (index, (section, what, owed)) in rows.iter().enumerate() {
            writeln!(text, "| {number}.{} | {section} | {what} | {owed} |", index + 1).unwrap();
        }
    };
    let asked: Vec<_> = openings()
        .iter()
        .map(|opening| (opening.section.to_owned(), opening.what.to_owned(), opening.answer.owed()))
        .collect();
    rows(1, "Opening handshakes", &asked);
    for (index, group) in groups().iter().enumerate() {
        let told: Vec<_> = group
            .cases
            .iter()
            .map(|case| (case.section.to_owned(), case.what.clone(), case.owed()))
            .collect();
        let distinct: HashSet<_> = told.iter().map(|(_, what, _)| what).collect();
        assert_eq!(distinct.len(), told.len(), "{}: no case stands twice", group.title);
        rows(index + 2, group.title, &told);
    }
    text
}
