//! The examples of the pages, one text file per thousand of codes.
//!
//! An example begins with `=== JF3002`; what is wrong follows after `--- wrong`, the same put right after `--- right`. A piece
//! of a definition is enough: a test completes it, loads it, and wants to see the code in the one half and nothing in the
//! other. Behind the code stands what is different about the build, as in case files (`=== JF2301 without-feature=parallel`),
//! behind a half `(whole)` or `(not checked)` if it is not to be completed.

use std::sync::OnceLock;

use super::page::Example;
use crate::diagnostic::Code;

const FILES: [&str; 5] = [
    include_str!("examples/syntax.txt"),
    include_str!("examples/shape.txt"),
    include_str!("examples/flow.txt"),
    include_str!("examples/expressions.txt"),
    include_str!("examples/bindings.txt"),
];

/// The example of a code.
pub(super) fn of(code: Code) -> Option<Example> {
    static ALL: OnceLock<Vec<(Code, Example)>> = OnceLock::new();
    let all = ALL.get_or_init(|| FILES.into_iter().flat_map(read).collect());
    all.iter().find(|(of, _)| *of == code).map(|(_, example)| *example)
}

fn read(file: &'static str) -> impl Iterator<Item = (Code, Example)> {
    file.split("=== ").skip(1).filter_map(|text| {
        let (code, halves) = text.split_once('\n')?;
        let (_, halves) = halves.split_once("--- wrong")?;
        let (wrong, right) = halves.split_once("--- right")?;
        // What follows on the line is a remark for the test.
        let piece = |text: &'static str| text.split_once('\n').map(|(_, piece)| piece.trim_end());
        let code = code.split_whitespace().next()?;
        Some((code.parse().ok()?, Example { wrong: piece(wrong)?, right: piece(right)? }))
    })
}
