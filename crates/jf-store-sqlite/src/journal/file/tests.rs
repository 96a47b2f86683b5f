use std::io;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use super::{Append, HEAD, Journal, Medium, STEP, beside, groups};

const ERA: i64 = -7;

fn open(path: &Path) -> Journal {
    std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    Journal::open(path, true, (ERA, 3)).unwrap()
}

fn append(journal: &mut Journal, commits: &[u8]) {
    assert!(matches!(journal.append(commits), Append::Done));
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(beside(path)).unwrap()
}

proptest! {
    /// ENG-101: however a journal is cut off or damaged, what is read of it is a beginning of what was written.
    #[test]
    fn eng_101_what_is_left_of_a_journal_is_a_beginning_of_it(
        written in vec(vec(any::<u8>(), 0..300), 1..8),
        damage in any::<Index>(),
        flip in 1_u8..,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut journal = open(&path);
        written.iter().for_each(|commits| append(&mut journal, commits));
        let whole = bytes(&path);
        prop_assert_eq!(groups(&whole, ERA, 3), written.iter().map(|group| &**group).collect::<Vec<_>>());

        let end = usize::try_from(journal.len()).unwrap();
        prop_assert_eq!(end, written.iter().map(|group| HEAD + group.len()).sum::<usize>());
        let at = damage.index(end);
        let intact = |upto: usize| {
            let mut end = 0;
            written.iter().take_while(|group| { end += HEAD + group.len(); end <= upto }).count()
        };
        prop_assert_eq!(groups(&whole[..at], ERA, 3).len(), intact(at));
        let mut damaged = whole.clone();
        damaged[at] ^= flip;
        let read = groups(&damaged, ERA, 3);
        prop_assert_eq!(read.len(), intact(at));
        prop_assert!(read.iter().zip(&written).all(|(read, written)| *read == &**written));
    }
}

#[test]
fn what_is_left_of_an_earlier_era_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let mut journal = open(&path);
    for commits in [[1; 10], [2; 10], [3; 10]] {
        append(&mut journal, &commits);
    }
    journal.begin(8);
    assert_eq!(journal.len(), 0);
    append(&mut journal, &[4; 10]);
    assert_eq!(groups(&bytes(&path), 8, 3), [[4; 10]]);
    assert_eq!(groups(&bytes(&path), ERA, 3).len(), 0);
    // Whoever opens it next goes on in an era of its own, and over the same places.
    let mut next = Journal::open(&path, true, (9, 3)).unwrap();
    append(&mut next, &[5; 10]);
    assert_eq!(groups(&bytes(&path), 9, 3), [[5; 10]]);
}

#[test]
fn a_group_counts_only_with_the_transactions_that_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let mut journal = open(&path);
    append(&mut journal, &[1]);
    journal.set_mark(4);
    append(&mut journal, &[2]);
    append(&mut journal, &[3]);
    let bytes = bytes(&path);
    assert_eq!(groups(&bytes, ERA, 2).len(), 0);
    assert_eq!(groups(&bytes, ERA, 3), [[1]]);
    assert_eq!(groups(&bytes, ERA, 4), [[1], [2], [3]]);
}

#[test]
fn the_file_grows_in_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let mut journal = open(&path);
    let step = usize::try_from(STEP).unwrap();
    append(&mut journal, &[1]);
    assert_eq!(bytes(&path).len(), step);
    append(&mut journal, &vec![2; 2 * step]);
    assert_eq!(bytes(&path).len(), 3 * step);
    assert_eq!(groups(&bytes(&path), ERA, 3).len(), 2);
}

/// Takes the first bytes of a write and no more.
#[derive(Debug)]
struct Short(Box<dyn Medium>, usize);

impl Medium for Short {
    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write(at, &bytes[..self.1.min(bytes.len())])?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

/// ENG-143: nothing of a group that was refused is read, and the next one takes its place.
#[test]
fn eng_143_a_write_that_breaks_off_adds_nothing() {
    for taken in [0, 1, HEAD, HEAD + 9] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut journal = open(&path);
        append(&mut journal, &[1; 10]);
        let mut journal = journal.over(|file| Box::new(Short(file, taken)));
        assert!(matches!(journal.append(&[2; 10]), Append::Refused(_)));
        assert_eq!(groups(&bytes(&path), ERA, 3), [[1; 10]]);
        let mut journal =
            journal.over(|_| Box::new(std::fs::OpenOptions::new().write(true).open(beside(&path)).unwrap()));
        append(&mut journal, &[3; 10]);
        assert_eq!(groups(&bytes(&path), ERA, 3), [[1; 10], [3; 10]]);
    }
}
