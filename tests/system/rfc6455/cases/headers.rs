//! What a header may not say.

use super::super::wire::{BINARY, CLOSE, Out, PING, PONG, TEXT};
use super::{Case, case, message};

pub(super) fn reserved_bits() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..=7 {
        let frame = Out::new(TEXT, message("x")).reserved(bits);
        cases.push(
            case("5.2", format!("a text message with reserved bits {bits:03b}")).send([frame]).refused(1002),
        );
    }
    for (what, frame) in [
        ("a binary message", Out::new(BINARY, "x")),
        ("a ping", Out::new(PING, "x")),
        ("a pong", Out::new(PONG, "x")),
        ("a close", Out::new(CLOSE, 1000_u16.to_be_bytes())),
        ("an empty message", Out::new(TEXT, "")),
    ] {
        cases.push(case("5.2", format!("{what} with RSV1")).send([frame.reserved(4)]).refused(1002));
    }
    let begun = Out::new(TEXT, r#"{"type":"#).goes_on();
    cases
        .push(case("5.2", "a fragment with RSV1").send([begun, Out::new(0, "1}").reserved(4)]).refused(1002));
    let good = Out::new(TEXT, message("x"));
    cases.push(
        case("5.2", "a good message, then one with RSV3")
            .send([good.clone(), good.reserved(1)])
            .echo("x")
            .refused(1002),
    );
    cases
}

pub(super) fn reserved_opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in (3..8).chain(11..16) {
        for payload in ["", "reserved"] {
            let with = if payload.is_empty() { "without" } else { "with" };
            let what = format!("opcode {opcode} {with} a payload");
            cases.push(case("5.2", what).send([Out::new(opcode, payload)]).refused(1002));
        }
    }
    let begun = Out::new(TEXT, r#"{"type":"#).goes_on();
    cases.push(case("5.2", "opcode 3 between fragments").send([begun, Out::new(3, "")]).refused(1002));
    cases
}

pub(super) fn masks_and_lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, mask) in [
        ("a mask of zeros", [0; 4]),
        ("a mask of ones", [0xff; 4]),
        ("a mask that changes the length of nothing", [0x80, 0x7f, 0x7e, 0x01]),
    ] {
        let frame = Out::new(TEXT, message("masked")).masked_with(mask);
        cases.push(case("5.3", what).send([frame]).echo("masked"));
    }
    for (what, frame) in [
        ("a text message", Out::new(TEXT, message("x"))),
        ("an empty message", Out::new(TEXT, "")),
        ("a ping", Out::new(PING, "x")),
        ("a close", Out::new(CLOSE, 1000_u16.to_be_bytes())),
    ] {
        cases.push(case("5.1", format!("{what} without a mask")).send([frame.unmasked()]).refused(1002));
    }
    for (length, wide) in [(0, 2), (75, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65_535, 8)] {
        let what = format!("a length of {length} in {wide} bytes");
        let frame = Out::new(TEXT, "x".repeat(length)).wide(wide);
        cases.push(case("5.2", what).send([frame]).refused(1002));
    }
    for (what, length) in [("only the highest", 1 << 63), ("every", u64::MAX)] {
        let frame = Out::new(TEXT, "").telling(length);
        cases.push(
            case("5.2", format!("a length of 8 bytes with {what} bit set")).send([frame]).refused(1002),
        );
    }
    cases.push(
        case("5.2, 5.5", "a ping with its length in 2 bytes")
            .send([Out::new(PING, "x").wide(2)])
            .refused(1002),
    );
    cases
}
