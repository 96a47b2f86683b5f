//! Messages: their sizes, their fragments, their limits.

use super::super::wire::{BINARY, CLOSE, Out, PING, PONG, TEXT};
use super::{Case, case, message, parts, text_for};

/// The default of `maxMessageBytes`.
const MAX: usize = (1 << 20) + (64 << 10);

pub(super) fn sizes() -> Vec<Case> {
    let mut cases = vec![
        case("5.6", "a text message without a byte").send([Out::new(TEXT, "")]).error("malformed-frame"),
    ];
    for bytes in [125, 126, 127, 128, 65_535, 65_536, 1_000_000] {
        cases.push(case("5.2", format!("a text message of {bytes} bytes")).said(&text_for(bytes)));
    }
    for bytes in [0, 125, 126, 65_536] {
        let frame = Out::new(BINARY, vec![0xfe; bytes]);
        cases.push(
            case("5.6, 7.4.1", format!("a binary message of {bytes} bytes")).send([frame]).refused(1003),
        );
    }
    cases
}

pub(super) fn fragments() -> Vec<Case> {
    let whole = message("a message in parts");
    let cut = |at: &[usize]| {
        let mut ends = at.to_vec();
        ends.push(whole.len());
        let begins = std::iter::once(0).chain(at.iter().copied());
        let pieces: Vec<Vec<u8>> = begins.zip(ends).map(|(begin, end)| whole[begin..end].to_vec()).collect();
        parts(&pieces)
    };
    let echoed = |what: &str, frames: Vec<Out>| case("5.4", what).send(frames).echo("a message in parts");
    let with = |mut frames: Vec<Out>, at: usize, between: Out| {
        frames.insert(at, between);
        frames
    };
    let ping = |payload: &str| Out::new(PING, payload);
    vec![
        echoed("two fragments", cut(&[10])),
        echoed("three fragments", cut(&[10, 20])),
        echoed("an empty first fragment", cut(&[0])),
        echoed("an empty fragment in the middle", cut(&[10, 10])),
        echoed("an empty last fragment", cut(&[whole.len()])),
        echoed("a fragment of one byte after the other", cut(&(1..40).collect::<Vec<_>>())),
        echoed("64 fragments, most of them empty (ENC-2)", cut(&[10; 63])),
        echoed("a ping between two fragments", with(cut(&[10]), 1, ping("now"))).pong("now"),
        echoed("a ping of 125 bytes between two fragments", with(cut(&[10]), 1, ping(&"p".repeat(125))))
            .pong("p".repeat(125)),
        echoed("a pong between two fragments", with(cut(&[10]), 1, Out::new(PONG, "by the way"))),
        echoed("pings between all fragments", with(with(cut(&[10, 20]), 1, ping("1")), 3, ping("2")))
            .pong("1")
            .pong("2"),
        case("5.4", "one message in fragments after the other")
            .send(parts(&[&message("one")[..30], &message("one")[30..]]))
            .send(parts(&[&message("two")[..5], &message("two")[5..]]))
            .echo("one")
            .echo("two"),
        case("5.5.1", "a close between two fragments")
            .send(with(cut(&[10]), 1, Out::new(CLOSE, 1000_u16.to_be_bytes())))
            .confirmed(1000),
    ]
}

pub(super) fn wrong_fragments() -> Vec<Case> {
    let begun = || Out::new(TEXT, r#"{"type":"#).goes_on();
    let refused = |what: &str, frames: Vec<Out>| case("5.4", what).send(frames).refused(1002);
    vec![
        refused("a last fragment of nothing", vec![Out::new(0, "}")]),
        refused("a fragment of nothing that goes on", vec![Out::new(0, "}").goes_on(), Out::new(0, "")]),
        refused("a fragment after a whole message", vec![Out::new(TEXT, message("x")), Out::new(0, "}")]),
        refused("a fragment after the last one", vec![begun(), Out::new(0, r#""echo"}"#), Out::new(0, "}")]),
        refused("a text message within another one", vec![begun(), Out::new(TEXT, message("x"))]),
        refused("another text that goes on within one", vec![begun(), begun()]),
        refused("a binary message within a text message", vec![begun(), Out::new(BINARY, "x")]),
        refused(
            "a binary message that goes on as a text message",
            vec![Out::new(BINARY, "x").goes_on(), Out::new(TEXT, "x")],
        ),
        case("5.5", "a ping in two fragments")
            .send([Out::new(PING, "a").goes_on(), Out::new(0, "b")])
            .refused(1002),
        case("5.5", "a pong in two fragments")
            .send([Out::new(PONG, "a").goes_on(), Out::new(0, "b")])
            .refused(1002),
        case("5.5", "a close in two fragments")
            .send([Out::new(CLOSE, [3]).goes_on(), Out::new(0, [232])])
            .refused(1002),
        case("5.4, 10.4", "65 fragments (ENC-2)").send(parts(&[""; 65])).refused(1009),
        case("5.4, 10.4", "empty fragments without end (ENC-2)")
            .send(std::iter::once(begun()).chain(std::iter::repeat_n(Out::new(0, "").goes_on(), 500)))
            .refused(1009),
    ]
}

pub(super) fn limits() -> Vec<Case> {
    let text = text_for(1_000_000);
    let pieces: Vec<Vec<u8>> = message(&text).chunks(64 << 10).map(<[u8]>::to_vec).collect();
    let padding = " ".repeat(MAX - message("x").len());
    let padded = [message("x"), padding.into_bytes()].concat();
    let over = [&padded[..], b" "].concat();
    let third = MAX / 3 + 1;
    vec![
        case("10.4", "a million bytes in fragments of 64 KiB").send(parts(&pieces)).echo(&text),
        case("10.4", "a message of `maxMessageBytes`").send([Out::new(TEXT, padded)]).echo("x"),
        case("10.4", "one byte more").send([Out::new(TEXT, over)]).refused(1009),
        case("10.4", "the header of a message of one byte more, and no more than that")
            .send([Out::new(TEXT, "").telling(MAX as u64 + 1)])
            .refused(1009),
        case("10.4", "the header of a message of 2⁶² bytes")
            .send([Out::new(TEXT, "").telling(1 << 62)])
            .refused(1009),
        case("10.4", "three fragments that are too much together")
            .send(parts(&[vec![b' '; third], vec![b' '; third], vec![b' '; third]]))
            .refused(1009),
    ]
}
