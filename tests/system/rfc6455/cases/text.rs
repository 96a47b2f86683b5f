//! Text, which is UTF-8 and nothing else.

use super::super::wire::{Out, TEXT};
use super::{AFTER, BEFORE, Case, case, message, parts, raw_message};

/// A text of several alphabets, with characters of two, three and four bytes.
const MIXED: &str = "κόσμε, Grüße, 世界, 🜁𐍈";

pub(super) fn valid() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        ("characters of one to four bytes", MIXED),
        ("the last character of one byte, and the first and the last of two", "\u{7f}\u{80}\u{7ff}"),
        ("the first and the last character of three bytes", "\u{800}\u{ffff}"),
        ("the first and the last character of four bytes", "\u{10000}\u{10ffff}"),
        ("the neighbours of surrogates", "\u{d7ff}\u{e000}"),
        ("what stands for a character that is none", "\u{fffd}"),
        ("code points that are no characters", "\u{fffe}\u{fdd0}\u{1fffe}\u{1ffff}\u{10fffe}"),
        ("a byte order mark within a text", "a\u{feff}b"),
    ]
    .into_iter()
    .map(|(what, text)| case("8.1", what).said(text))
    .collect();
    let whole = message(MIXED);
    let at = BEFORE.len();
    cases.push(
        case("5.6, 8.1", "fragments that end between characters")
            .send(parts(&[&whole[..at + 2], &whole[at + 2..]]))
            .echo(MIXED),
    );
    cases.push(
        case("5.6, 8.1", "fragments that end within a character")
            .send(parts(&[&whole[..=at], &whole[at + 1..]]))
            .echo(MIXED),
    );
    let bytes = MIXED.as_bytes().chunks(1);
    let each: Vec<&[u8]> = [BEFORE.as_bytes()].into_iter().chain(bytes).chain([AFTER.as_bytes()]).collect();
    cases.push(
        case("5.6, 8.1", "each byte of a text in a fragment of its own").send(parts(&each)).echo(MIXED),
    );
    cases
}

pub(super) fn invalid() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, bytes) in [
        ("a byte that goes on from nothing, 80", &[0x80][..]),
        ("the last byte that goes on, from nothing, BF", &[0xbf]),
        ("four bytes that go on from nothing", &[0x80, 0xbf, 0x80, 0xbf]),
        ("the first byte of two, alone", &[0xc3, b' ']),
        ("the first byte of three, alone", &[0xe2, b' ']),
        ("two bytes of three", &[0xe2, 0x82, b' ']),
        ("three bytes of four", &[0xf0, 0x9f, 0x9c, b' ']),
        ("a slash in two bytes", &[0xc0, 0xaf]),
        ("a slash in three bytes", &[0xe0, 0x80, 0xaf]),
        ("a slash in four bytes", &[0xf0, 0x80, 0x80, 0xaf]),
        ("7F in two bytes", &[0xc1, 0xbf]),
        ("7FF in three bytes", &[0xe0, 0x9f, 0xbf]),
        ("FFFF in four bytes", &[0xf0, 0x8f, 0xbf, 0xbf]),
        ("zero in two bytes", &[0xc0, 0x80]),
        ("the first surrogate", &[0xed, 0xa0, 0x80]),
        ("the last surrogate", &[0xed, 0xbf, 0xbf]),
        ("a pair of surrogates", &[0xed, 0xa0, 0xbd, 0xed, 0xb0, 0x80]),
        ("a code point above 10FFFF", &[0xf4, 0x90, 0x80, 0x80]),
        ("a first byte that begins nothing, F5", &[0xf5, 0x80, 0x80, 0x80]),
        ("five bytes", &[0xf8, 0x88, 0x80, 0x80, 0x80]),
        ("six bytes", &[0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]),
        ("FE", &[0xfe]),
        ("FF", &[0xff]),
        ("Latin-1", &[b'G', b'r', 0xfc, 0xdf, b'e']),
    ] {
        cases.push(case("8.1", what).send([Out::new(TEXT, raw_message(bytes))]).refused(1007));
    }
    cases.push(
        case("8.1", "a message that ends within a character")
            .send([Out::new(TEXT, [b'"', 0xce])])
            .refused(1007),
    );
    cases.push(
        case("8.1", "a message in fragments that ends within a character")
            .send(parts(&[&[b'"', 0xf0][..], &[0x9f, 0x9c]]))
            .refused(1007),
    );
    cases.push(
        case("8.1", "a fault in the second fragment")
            .send(parts(&[&b"\"good"[..], &[0xff, b'"']]))
            .refused(1007),
    );
    cases.push(
        case("8.1", "a fault in a first fragment that nothing follows")
            .send([Out::new(TEXT, [b'"', 0xed, 0xa0, 0x80]).goes_on()])
            .refused(1007),
    );
    cases.push(
        case("8.1", "a character whose second fragment is the fault, and nothing follows")
            .send([Out::new(TEXT, [b'"', 0xf4]).goes_on(), Out::new(0, [0x90]).goes_on()])
            .refused(1007),
    );
    cases
}
