//! Commits one after the other, as few bytes: what the journal keeps of them until their runs are brought to the tables.

use jf_core::JourneyId;
use jf_core::spi::DefinitionIdentity;
use jf_store::{Revision, RunIndex, StoreError};

use super::varint::{Reader, put, put_bytes, put_text, put_time};
use super::{attributes, attributes_text, nanos, phase, phase_code, tags, tags_text, time};
use crate::error::corrupt;

/// The form of what follows; one byte at the beginning of each group.
const FORMAT: u8 = 1;

const IN_MOTION: u8 = 1;
const COMPENSATION: u8 = 2;
const HAS_DUE: u8 = 4;
const HAS_ENDED: u8 = 8;

/// One commit of a run: all of the run as it left it, and the events it added.
#[derive(Debug, PartialEq)]
pub(crate) struct Written<'a> {
    pub(crate) run: JourneyId,
    /// The number of the definition version.
    pub(crate) definition: i64,
    pub(crate) revision: Revision,
    pub(crate) index: RunIndex,
    pub(crate) ended: Option<i64>,
    pub(crate) snapshot: &'a [u8],
    /// The events up to the head of the index.
    pub(crate) events: Vec<&'a [u8]>,
}

/// What [`put_commit`] writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToWrite<'a> {
    pub(crate) run: &'a JourneyId,
    pub(crate) definition: i64,
    pub(crate) revision: Revision,
    pub(crate) index: &'a RunIndex,
    pub(crate) ended: Option<i64>,
    pub(crate) snapshot: &'a [u8],
    pub(crate) events: &'a [Vec<u8>],
}

/// Adds a commit to a group, which is empty before its first one.
pub(crate) fn put_commit(group: &mut Vec<u8>, commit: &ToWrite<'_>) {
    if group.is_empty() {
        group.push(FORMAT);
    }
    let index = commit.index;
    let mut flags = 0;
    flags |= if index.in_motion { IN_MOTION } else { 0 };
    flags |= if index.compensation { COMPENSATION } else { 0 };
    flags |= if index.due.is_some() { HAS_DUE } else { 0 };
    flags |= if commit.ended.is_some() { HAS_ENDED } else { 0 };
    group.extend([flags, phase_code(index.phase)]);
    put_text(group, commit.run.as_str());
    put(group, commit.definition.cast_unsigned());
    put(group, commit.revision.get());
    put_time(group, nanos(index.created));
    put(group, index.head);
    if let Some(due) = index.due {
        put_time(group, nanos(due));
    }
    if let Some(ended) = commit.ended {
        put_time(group, ended);
    }
    put_text(group, tags_text(&index.tags).as_deref().unwrap_or_default());
    put_text(group, attributes_text(&index.attributes).as_deref().unwrap_or_default());
    put_bytes(group, commit.snapshot);
    put(group, commit.events.len() as u64);
    for event in commit.events {
        put_bytes(group, event);
    }
}

/// The commits of a group in their order. `identity` tells what the numbers of definition versions stand for.
pub(crate) fn read<'a>(
    group: &'a [u8],
    mut identity: impl FnMut(i64) -> Result<DefinitionIdentity, StoreError>,
) -> Result<Vec<Written<'a>>, StoreError> {
    let mut reader = Reader(group);
    if reader.byte() != Some(FORMAT) {
        return Err(corrupt("journal"));
    }
    let mut commits = Vec::new();
    while !reader.0.is_empty() {
        commits.push(read_commit(&mut reader, &mut identity)?);
    }
    Ok(commits)
}

fn read_commit<'a>(
    reader: &mut Reader<'a>,
    identity: &mut impl FnMut(i64) -> Result<DefinitionIdentity, StoreError>,
) -> Result<Written<'a>, StoreError> {
    let damaged = || corrupt("journal");
    let flags = reader.byte().ok_or_else(damaged)?;
    let has = |flag| flags & flag != 0;
    let phase = phase(reader.byte().ok_or_else(damaged)?)?;
    let run = JourneyId::parse(reader.text().ok_or_else(damaged)?).map_err(|_| damaged())?;
    let definition = reader.number().ok_or_else(damaged)?.cast_signed();
    let revision = reader.number().and_then(Revision::new).ok_or_else(damaged)?;
    let created = time(reader.time().ok_or_else(damaged)?);
    let mut index = RunIndex::new(identity(definition)?, created, phase);
    index.head = reader.number().ok_or_else(damaged)?;
    index.in_motion = has(IN_MOTION);
    index.compensation = has(COMPENSATION);
    if has(HAS_DUE) {
        index.due = Some(time(reader.time().ok_or_else(damaged)?));
    }
    let ended = if has(HAS_ENDED) { Some(reader.time().ok_or_else(damaged)?) } else { None };
    index.tags = tags(optional(reader.text().ok_or_else(damaged)?))?;
    if let Some(attributes) = attributes(optional(reader.text().ok_or_else(damaged)?))? {
        index.attributes = attributes.into();
    }
    let snapshot = reader.bytes().ok_or_else(damaged)?;
    let count = reader.size().ok_or_else(damaged)?;
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(reader.bytes().ok_or_else(damaged)?);
    }
    Ok(Written { run, definition, revision, index, ended, snapshot, events })
}

fn optional(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {

    use jf_core::dsl::{DefinitionName, Kind, Version};
    use jf_core::spi::DefinitionIdentity;
    use jf_core::{JourneyId, Phase};
    use jf_store::{Revision, RunIndex};
    use jiff::Timestamp;

    use super::{ToWrite, put_commit, read};

    fn identity() -> DefinitionIdentity {
        let name = DefinitionName::parse("order").unwrap();
        DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 2, 3) }
    }

    fn group() -> (Vec<RunIndex>, Vec<u8>) {
        let bare = RunIndex::new(identity(), Timestamp::UNIX_EPOCH, Phase::Running);
        let mut full = RunIndex::new(identity(), Timestamp::from_second(7).unwrap(), Phase::Failed);
        (full.head, full.in_motion, full.compensation) = (300, true, true);
        full.due = Some(Timestamp::from_second(9).unwrap());
        full.tags = ["a".to_owned(), "ä".to_owned()].into();
        full.attributes = [("k".to_owned(), "v".to_owned())].into_iter().collect();
        let mut group = Vec::new();
        for (number, index) in (1..).zip([&bare, &full]) {
            let run = JourneyId::parse(format!("r{number}")).unwrap();
            let ended = index.phase.is_final().then_some(11);
            let events = vec![vec![1; 200]; number];
            let revision = Revision::new(number as u64).unwrap();
            let snapshot = [7; 130];
            let commit = ToWrite {
                run: &run,
                definition: 4,
                revision,
                index,
                ended,
                snapshot: &snapshot,
                events: &events,
            };
            put_commit(&mut group, &commit);
        }
        (vec![bare, full], group)
    }

    #[test]
    fn commits_come_back_in_their_order() {
        let (indexes, group) = group();
        let back = read(&group, |number| Ok((number == 4).then(identity).unwrap())).unwrap();
        assert_eq!(back.iter().map(|commit| commit.index.clone()).collect::<Vec<_>>(), indexes);
        for (number, commit) in (1..).zip(&back) {
            assert_eq!((commit.run.to_string(), commit.revision.get()), (format!("r{number}"), number));
            assert_eq!((commit.definition, commit.snapshot), (4, &[7; 130][..]));
            assert_eq!(commit.events, vec![&[1; 200][..]; usize::try_from(number).unwrap()]);
        }
        assert_eq!((back[0].ended, back[1].ended), (None, Some(11)));
    }

    /// ENG-101: a journal that was cut off or written by a later release is not taken for one with less in it.
    #[test]
    fn eng_101_a_part_of_a_group_is_no_group() {
        let (_, group) = group();
        let known = |_| Ok(identity());
        let whole = read(&group, known).unwrap();
        let ends: Vec<_> = (1..group.len()).filter(|end| read(&group[..*end], known).is_ok()).collect();
        // Nothing but whole commits can be read: none at all, or the first.
        assert_eq!(ends.len(), 2, "{ends:?}");
        assert_eq!((ends[0], read(&group[..ends[1]], known).unwrap().len()), (1, 1));
        assert_eq!(whole.len(), 2);
        let mut later = group;
        later[0] += 1;
        assert!(read(&later, known).is_err());
    }
}
