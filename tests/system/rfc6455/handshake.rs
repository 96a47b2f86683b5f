//! The list of opening handshakes.

use super::wire::{ACCEPT, KEY, PATH};

/// What a client asks, and how it is answered.
pub(super) struct Opening {
    /// Where RFC 6455 speaks of it.
    pub(super) section: &'static str,
    pub(super) what: &'static str,
    pub(super) request: String,
    pub(super) answer: Answer,
}

/// How a handshake is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// 101, with the key answered and no extension.
    Open,
    /// 101, and the subprotocol selected.
    Selected(&'static str),
    /// Refused with this status.
    Refused(u16),
}

impl Answer {
    /// In words.
    pub(super) fn owed(self) -> String {
        match self {
            Self::Open => "101, without an extension".to_owned(),
            Self::Selected(protocol) => format!("101, selects `{protocol}`"),
            Self::Refused(426) => "426, names version 13".to_owned(),
            Self::Refused(status) => status.to_string(),
        }
    }

    pub(super) fn assert(self, what: &str, head: &str) {
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let header = |name: &str| {
            let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
            lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        assert_eq!(header("sec-websocket-extensions"), None, "{what}: {head}");
        match self {
            Self::Refused(expected) => {
                assert_eq!((status, header("sec-websocket-accept")), (expected, None), "{what}: {head}");
                assert_eq!(header("sec-websocket-version").is_some(), expected == 426, "{what}: {head}");
                assert!(expected != 426 || header("sec-websocket-version") == Some("13"));
            }
            Self::Open | Self::Selected(_) => {
                assert_eq!((status, header("sec-websocket-accept")), (101, Some(ACCEPT)), "{what}: {head}");
                assert!(header("upgrade").is_some_and(|name| name.eq_ignore_ascii_case("websocket")));
                assert!(header("connection").is_some_and(|name| name.eq_ignore_ascii_case("upgrade")));
                let selected = if let Self::Selected(protocol) = self { Some(protocol) } else { None };
                assert_eq!(header("sec-websocket-protocol"), selected, "{what}: {head}");
            }
        }
    }
}

/// A request by its lines, the first and the last excepted.
fn asking(lines: &[&str]) -> String {
    format!("GET {PATH} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"))
}

const HOST: &str = "Host: localhost";
const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const VERSION: &str = "Sec-WebSocket-Version: 13";

pub(super) fn openings() -> Vec<Opening> {
    let key = format!("Sec-WebSocket-Key: {KEY}");
    let key = key.as_str();
    let opening = |section, what, request, answer| Opening { section, what, request, answer };
    let good = [HOST, UPGRADE, CONNECTION, VERSION, key];
    let without =
        |left_out: &str| asking(&good.iter().copied().filter(|line| *line != left_out).collect::<Vec<_>>());
    let instead = |old: &str, new: &str| {
        asking(&good.iter().map(|line| if *line == old { new } else { line }).collect::<Vec<_>>())
    };
    let with = |line: &str| asking(&[&good[..], &[line]].concat());
    let open = Answer::Open;
    let (bad, upgrade) = (Answer::Refused(400), Answer::Refused(426));
    vec![
        opening("1.3", "the example of the RFC", asking(&good), open),
        opening(
            "4.2.1",
            "names of headers in other letters",
            asking(&good)
                .to_ascii_lowercase()
                .replace("get ", "GET ")
                .replace("http/", "HTTP/")
                .replace(&KEY.to_ascii_lowercase(), KEY),
            open,
        ),
        opening(
            "4.2.1",
            "`Upgrade` and `Connection` in capitals",
            instead(UPGRADE, "Upgrade: WEBSOCKET").replace(CONNECTION, "Connection: UPGRADE"),
            open,
        ),
        opening(
            "4.2.1",
            "`Connection` with another option before",
            instead(CONNECTION, "Connection: keep-alive, Upgrade"),
            open,
        ),
        opening("4.2.1", "no `Upgrade`", without(UPGRADE), upgrade),
        opening("4.2.1", "an upgrade to something else", instead(UPGRADE, "Upgrade: h2c"), upgrade),
        opening("4.2.1", "no `Connection`", without(CONNECTION), upgrade),
        opening("4.2.1", "another method", asking(&good).replacen("GET", "PUT", 1), upgrade),
        opening("4.2.1", "HTTP/1.0", asking(&good).replacen("HTTP/1.1", "HTTP/1.0", 1), upgrade),
        opening("4.2.1", "no `Host`", without(HOST), bad),
        opening("4.2.1", "no key", without(key), bad),
        opening("4.2.1", "a key of 15 bytes", instead(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"), bad),
        opening(
            "4.2.1",
            "a key that is no base64",
            instead(key, "Sec-WebSocket-Key: d*hlIHNhbXBsZSBub25jZQ=="),
            bad,
        ),
        opening("11.3.1", "two keys", with(key), bad),
        opening("4.4", "version 8", instead(VERSION, "Sec-WebSocket-Version: 8"), upgrade),
        opening("4.4", "no version", without(VERSION), upgrade),
        opening(
            "4.2.2",
            "one subprotocol of two",
            with("Sec-WebSocket-Protocol: chat, journeyforge.v1"),
            Answer::Selected("journeyforge.v1"),
        ),
        opening("4.2.2", "a subprotocol nobody knows (SP-2)", with("Sec-WebSocket-Protocol: chat"), bad),
        opening(
            "4.2.2",
            "another path",
            asking(&good).replace(PATH, "/ws/journeys/none"),
            Answer::Refused(404),
        ),
        opening(
            "9.1; RFC 7692",
            "permessage-deflate",
            with("Sec-WebSocket-Extensions: permessage-deflate"),
            open,
        ),
        opening(
            "9.1; RFC 7692",
            "permessage-deflate with parameters, and without",
            with(
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_no_context_takeover, permessage-deflate",
            ),
            open,
        ),
        opening("9.1", "an extension nobody knows", with("Sec-WebSocket-Extensions: x-unknown; a=1"), open),
    ]
}
