//! What waits to be written, in the order of FLOW-4.

use std::collections::VecDeque;

use bytes::Bytes;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, Utf8Bytes};

/// Larger messages go out in fragments of this size (ENC-2), so that no connection keeps a large write buffer and probes come
/// between the parts.
const FRAGMENT_BYTES: usize = 64 << 10;

/// Frames that wait for the socket. Pushes are not among them: they stay cursors until there is room.
#[derive(Debug)]
pub(crate) struct Outbound {
    probe: bool,
    rest: Option<Rest>,
    urgent: VecDeque<Utf8Bytes>,
    replies: VecDeque<Utf8Bytes>,
    reply_bytes: usize,
    /// Bytes of the one among `replies` that is so large that nothing finished adds to it.
    single: usize,
    max_reply_bytes: usize,
    overflown: bool,
}

/// The part of a large message that is still to be written.
#[derive(Debug)]
struct Rest {
    bytes: Bytes,
    begun: bool,
}

impl Outbound {
    pub(crate) const fn new(max_reply_bytes: usize) -> Self {
        Self {
            probe: false,
            rest: None,
            urgent: VecDeque::new(),
            replies: VecDeque::new(),
            reply_bytes: 0,
            single: 0,
            max_reply_bytes,
            overflown: false,
        }
    }

    /// A ping of RFC 6455.
    pub(crate) fn probe(&mut self) {
        self.probe = true;
    }

    /// `goaway`, `ping` and `pong`.
    pub(crate) fn urgent(&mut self, text: Utf8Bytes) {
        self.reply_bytes += text.len();
        self.urgent.push_back(text);
        self.bound();
    }

    /// A reply, or what comes before one.
    pub(crate) fn reply(&mut self, text: Utf8Bytes) {
        self.reply_bytes += text.len();
        if self.is_pressing(text.len()) {
            self.single = self.single.max(text.len());
        }
        self.replies.push_back(text);
        self.bound();
    }

    /// A single reply may have any size, wherever it stands; what waits beside it is bounded (FLOW-6).
    fn bound(&mut self) {
        self.overflown |= self.reply_bytes - self.single > self.max_reply_bytes;
    }

    const fn is_pressing(&self, bytes: usize) -> bool {
        bytes > self.max_reply_bytes / 4
    }

    /// More waits than may; the client does not read.
    pub(crate) const fn is_overflown(&self) -> bool {
        self.overflown
    }

    /// So much waits that finished requests better wait, too, instead of adding to it.
    pub(crate) const fn is_pressed(&self) -> bool {
        self.is_pressing(self.reply_bytes)
    }

    /// Nothing but pushes could be written now.
    pub(crate) fn is_empty(&self) -> bool {
        !self.probe && self.rest.is_none() && self.urgent.is_empty() && self.replies.is_empty()
    }

    /// The next message; `push` is asked when nothing else waits.
    pub(crate) fn next(&mut self, push: impl FnOnce() -> Option<Utf8Bytes>) -> Option<Message> {
        if std::mem::take(&mut self.probe) {
            return Some(Message::Ping(Bytes::new()));
        }
        if self.rest.is_none() {
            let waiting = self.urgent.pop_front().or_else(|| self.replies.pop_front());
            let bytes = waiting.as_ref().map_or(0, |text| text.len());
            self.reply_bytes -= bytes;
            if bytes >= self.single {
                self.single = 0;
            }
            let text = waiting.or_else(push)?;
            if text.len() <= FRAGMENT_BYTES {
                return Some(Message::Text(text));
            }
            self.rest = Some(Rest { bytes: text.into(), begun: false });
        }
        self.fragment()
    }

    fn fragment(&mut self) -> Option<Message> {
        let rest = self.rest.as_mut()?;
        let part = rest.bytes.split_to(rest.bytes.len().min(FRAGMENT_BYTES));
        let code = if std::mem::replace(&mut rest.begun, true) { Data::Continue } else { Data::Text };
        let last = rest.bytes.is_empty();
        if last {
            self.rest = None;
        }
        Some(Message::Frame(Frame::message(part, OpCode::Data(code), last)))
    }

    /// Lets go of everything; the connection is closing.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.max_reply_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAGMENT_BYTES, Outbound};
    use tungstenite::{Message, Utf8Bytes};

    fn next(outbound: &mut Outbound) -> Option<String> {
        outbound.next(|| Some("push".into())).map(|message| match message {
            Message::Frame(frame) => {
                let (code, last) = (frame.header().opcode, frame.header().is_final);
                format!("{code} {} {last}", frame.payload().len())
            }
            Message::Ping(_) => "(ping)".to_owned(),
            message => message.into_text().unwrap().to_string(),
        })
    }

    #[test]
    fn flow_4_urgent_before_replies_before_pushes() {
        let mut outbound = Outbound::new(100);
        outbound.reply("r1".into());
        outbound.reply("r2".into());
        outbound.urgent("goaway".into());
        outbound.probe();
        let order: Vec<_> = (0..5).map(|_| next(&mut outbound).unwrap()).collect();
        assert_eq!(order, ["(ping)", "goaway", "r1", "r2", "push"]);
        assert!(outbound.is_empty() && outbound.next(|| None).is_none());
    }

    #[test]
    fn flow_6_a_single_reply_of_any_size_is_allowed_and_more_are_bounded() {
        let mut outbound = Outbound::new(100);
        outbound.reply("x".repeat(500).into());
        outbound.urgent("pong".into());
        assert!(!outbound.is_overflown() && outbound.is_pressed());
        assert!(next(&mut outbound).is_some() && next(&mut outbound).is_some());
        assert!(!outbound.is_pressed(), "what is written does not wait");
        outbound.reply("x".repeat(60).into());
        outbound.reply("x".repeat(60).into());
        assert!(!outbound.is_overflown());
        outbound.reply("x".repeat(60).into());
        assert!(outbound.is_overflown());
    }

    #[test]
    fn flow_6_the_single_large_reply_may_come_behind_small_ones() {
        let mut outbound = Outbound::new(100);
        outbound.reply("x".repeat(20).into());
        outbound.reply("x".repeat(500).into());
        assert!(!outbound.is_overflown());
        outbound.urgent("pong".into());
        outbound.reply("x".repeat(20).into());
        assert!(!outbound.is_overflown() && outbound.is_pressed());
        for _ in 0..3 {
            assert!(next(&mut outbound).is_some());
        }
        assert!(!outbound.is_pressed(), "what is written does not wait");
        outbound.reply("x".repeat(100).into());
        outbound.reply("x".repeat(90).into());
        assert!(outbound.is_overflown(), "there is but one");
    }

    #[test]
    fn enc_2_large_messages_go_out_in_fragments_with_probes_between() {
        let mut outbound = Outbound::new(1 << 20);
        let text: Utf8Bytes = "ä".repeat(FRAGMENT_BYTES).into();
        outbound.reply(text);
        outbound.urgent("pong".into());
        outbound.reply("x".repeat(FRAGMENT_BYTES).into());
        assert_eq!(next(&mut outbound).unwrap(), "pong");
        assert_eq!(next(&mut outbound).unwrap(), "TEXT 65536 false");
        outbound.urgent("goaway".into());
        outbound.probe();
        assert_eq!(next(&mut outbound).unwrap(), "(ping)");
        assert_eq!(next(&mut outbound).unwrap(), "CONTINUE 65536 true", "data frames never come between");
        assert_eq!(next(&mut outbound).unwrap(), "goaway");
        assert_eq!(next(&mut outbound).unwrap().len(), FRAGMENT_BYTES, "one frame up to the size");
    }
}
