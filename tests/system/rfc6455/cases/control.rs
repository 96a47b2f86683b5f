//! Pings and pongs.

use super::super::wire::{Out, PING, PONG};
use super::{Case, case};

pub(super) fn pings() -> Vec<Case> {
    let ping = |what: &str, payload: &[u8]| case("5.5.2", what).send([Out::new(PING, payload)]).pong(payload);
    let mut many = case("5.5.2", "ten pings at once");
    for number in 0..10 {
        let payload = format!("ping {number}");
        many = many.send([Out::new(PING, payload.as_str())]).pong(payload);
    }
    vec![
        ping("a ping without a payload", b""),
        ping("a ping with a text", b"Hello"),
        ping("a ping with bytes that are no text", &[0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff]),
        ping("a ping of 125 bytes", &[0xfe; 125]),
        case("5.5", "a ping of 126 bytes").send([Out::new(PING, vec![0xfe; 126])]).refused(1002),
        case("5.5", "a pong of 126 bytes").send([Out::new(PONG, vec![0xfe; 126])]).refused(1002),
        case("5.5", "the header of a ping of 2⁴⁰ bytes")
            .send([Out::new(PING, "").telling(1 << 40)])
            .refused(1002),
        case("5.5.3", "a pong that nobody asked for").send([Out::new(PONG, "")]),
        case("5.5.3", "a pong that nobody asked for, with a payload").send([Out::new(PONG, "unasked")]),
        case("5.5.3", "a pong that nobody asked for, and a ping")
            .send([Out::new(PONG, "unasked"), Out::new(PING, "asked")])
            .pong("asked"),
        many,
        case("5.5.2", "a ping before a message and one behind it")
            .send([Out::new(PING, "before")])
            .said("between")
            .send([Out::new(PING, "behind")])
            .pong("before")
            .pong("behind"),
    ]
}
