//! Lines and columns of a text.

use std::ops::Range;

/// Where the lines of a text start, and how many characters stand before every block of it, so that any position is
/// found without looking at much of the text: a file may be one long line with a fault in every word.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    /// The characters before each block of [`BLOCK`] bytes.
    before: Vec<usize>,
}

const BLOCK: usize = 512;
/// The byte order mark is no character of the text, nobody sees it: the first line starts behind it.
const MARK: char = '\u{feff}';

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let mut count = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = count;
            count += characters(block);
            before
        });
        Self { before: blocks.collect(), starts: starts(text) }
    }

    /// The line and column, both counted from 1, of an offset in the text at the start of a character.
    pub(crate) fn position(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = offset.max(self.starts[0]);
        let line = self.line(offset);
        let column = self.before(text, offset) - self.before(text, self.starts[line]) + 1;
        (line + 1, column)
    }

    /// The line around an offset in the text, without its end.
    pub(crate) fn around(&self, text: &str, offset: usize) -> Range<usize> {
        let line = self.line(offset);
        let start = self.starts[line];
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        start..start + text[start..end].trim_end_matches(['\n', '\r']).len()
    }

    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn before(&self, text: &str, offset: usize) -> usize {
        let block = (offset / BLOCK).min(self.before.len().saturating_sub(1));
        let counted = self.before.get(block).copied().unwrap_or(0);
        counted + characters(&text.as_bytes()[block * BLOCK..offset])
    }
}

/// How many characters start in some bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

/// Where lines start; a line ends with LF, CR or CRLF.
fn starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(at, byte)| **byte == b'\n' || (**byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
    let first = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
    std::iter::once(first).chain(ends.map(|(at, _)| at + 1)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Lines;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn def_010_positions_are_those_of_counting_one_by_one(text in "([a-cäß€😀]{0,300}(\n|\r|\r\n)?){0,8}") {
            let lines = Lines::of(&text);
            let (mut line, mut column) = (1, 1);
            for (at, character) in text.char_indices() {
                prop_assert_eq!(lines.position(&text, at), (line, column));
                let around = &text[lines.around(&text, at)];
                prop_assert!(!around.contains(['\n', '\r']));
                let ends = character == '\n' || (character == '\r' && !text[at + 1..].starts_with('\n'));
                (line, column) = if ends { (line + 1, 1) } else { (line, column + 1) };
            }
            prop_assert_eq!(lines.position(&text, text.len()), (line, column));
        }
    }
}
