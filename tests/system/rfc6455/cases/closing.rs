//! The end of a conversation.

use super::super::wire::{CLOSE, Out, PING, TEXT};
use super::{Case, case, message};

fn close(code: u16, reason: &[u8]) -> Out {
    Out::new(CLOSE, [&code.to_be_bytes()[..], reason].concat())
}

pub(super) fn handshakes() -> Vec<Case> {
    vec![
        case("5.5.1", "a close without a code").send([Out::new(CLOSE, "")]).confirmed(None),
        case("5.5.1", "a close with half a code").send([Out::new(CLOSE, [3])]).refused(1002),
        case("7.4", "a close with a code").send([close(1000, b"")]).confirmed(1000),
        case("7.1.6", "a close with a reason").send([close(1000, "Tschüß".as_bytes())]).confirmed(1000),
        case("5.5", "a reason of 123 bytes").send([close(1000, &[b'x'; 123])]).confirmed(1000),
        case("5.5", "a reason of 124 bytes").send([close(1000, &[b'x'; 124])]).refused(1002),
        case("5.5.1, 8.1", "a reason that is not UTF-8")
            .send([close(1000, &[0xed, 0xa0, 0x80])])
            .refused(1007),
        case("5.5.1", "a second close").send([close(1000, b""), close(1001, b"")]).confirmed(1000),
        case("5.5.1, 5.5.2", "a ping after the close")
            .send([close(1000, b""), Out::new(PING, "too late")])
            .confirmed(1000),
        case("5.5.1", "a message after the close")
            .send([close(1000, b""), Out::new(TEXT, message("too late"))])
            .confirmed(1000),
        case("5.5.1", "what breaks the framing after the close")
            .send([close(1000, b""), Out::new(7, "").reserved(7)])
            .confirmed(1000),
    ]
}

pub(super) fn codes() -> Vec<Case> {
    let mut cases = Vec::new();
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999] {
        cases.push(case("7.4.1, 7.4.2", format!("code {code}")).send([close(code, b"")]).confirmed(code));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.push(case("7.4.1, 7.4.2", format!("code {code}")).send([close(code, b"x")]).refused(1002));
    }
    cases
}
