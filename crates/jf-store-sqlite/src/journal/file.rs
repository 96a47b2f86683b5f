//! The file of the journal, as it is written.
//!
//! Groups of commits stand in it one behind the other, each with a checksum. Nothing is ever removed: when the tables say everything, the
//! next group is written over the first one. What is left of earlier groups is told by their era, a number that is drawn anew with each
//! such beginning, and that the tables know.
//!
//! ```text
//! group  = checksum (u32) length (u32) era (i64) mark (u64) commits      numbers have their lowest byte first
//! ```
//!
//! The checksum is CRC-32 of everything behind it, the length is that of the commits. The mark tells how many transactions of the tables
//! came before: a group counts only with tables that have them all.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::codec::int;

/// What stands before the commits of a group.
const HEAD: usize = 24;

/// The file grows by so much at a time: a write within its length needs no change of what the file system knows of it.
const STEP: u64 = 256 << 10;

/// Where the journal is written: a file, or what a test takes for one.
pub(crate) trait Medium: fmt::Debug + Send {
    /// Writes all of the bytes at that place.
    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the disk has everything that was written.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(at))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// What came of adding a group.
#[derive(Debug)]
pub(crate) enum Append {
    /// It is as durable as it is to be.
    Done,
    /// Nothing of it counts, now or later.
    Refused(io::Error),
    /// The disk may have it or not.
    Unknown(io::Error),
}

/// The journal of a database that is open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    medium: Box<dyn Medium>,
    /// Groups wait for the disk.
    synchronous: bool,
    era: i64,
    mark: u64,
    /// Where the next group goes.
    end: u64,
    /// Bytes the file has.
    length: u64,
    /// The group being put together.
    group: Vec<u8>,
}

impl Journal {
    /// Opens the journal of a database for groups after its transaction number `mark`, or makes it.
    pub(crate) fn open(path: &Path, synchronous: bool, (era, mark): (i64, u64)) -> io::Result<Self> {
        let beside = beside(path);
        let file = match OpenOptions::new().read(true).write(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&beside, path)?,
            opened => opened?,
        };
        let length = file.metadata()?.len();
        Ok(Self { medium: Box::new(file), synchronous, era, mark, end: 0, length, group: Vec::new() })
    }

    /// The same over what a test makes of its medium.
    #[cfg(test)]
    pub(crate) fn over(self, medium: impl FnOnce(Box<dyn Medium>) -> Box<dyn Medium>) -> Self {
        Self { medium: medium(self.medium), ..self }
    }

    /// Bytes that the tables do not need yet, or not any more.
    pub(crate) const fn len(&self) -> u64 {
        self.end
    }

    /// The number of the last transaction of the tables.
    pub(crate) const fn mark(&self) -> u64 {
        self.mark
    }

    /// The tables have had one more transaction.
    pub(crate) const fn set_mark(&mut self, mark: u64) {
        self.mark = mark;
    }

    /// The tables say everything, and that a new era has begun.
    pub(crate) const fn begin(&mut self, era: i64) {
        self.era = era;
        self.end = 0;
    }

    /// Adds a group of commits, and waits for the disk if groups are to.
    pub(crate) fn append(&mut self, commits: &[u8]) -> Append {
        let Ok(length) = u32::try_from(commits.len()) else {
            return Append::Refused(io::ErrorKind::FileTooLarge.into());
        };
        self.group.clear();
        self.group.extend([0; 4]);
        self.group.extend(length.to_le_bytes());
        self.group.extend(self.era.to_le_bytes());
        self.group.extend(self.mark.to_le_bytes());
        self.group.extend_from_slice(commits);
        let checksum = crc32fast::hash(&self.group[4..]);
        self.group[..4].copy_from_slice(&checksum.to_le_bytes());
        let end = self.end + self.group.len() as u64;
        if let Err(error) = self.reach(end).and_then(|()| self.medium.write(self.end, &self.group)) {
            // What there is of it has not its checksum, and the next group is written over it.
            return Append::Refused(error);
        }
        if self.synchronous
            && let Err(error) = self.medium.sync()
        {
            return Append::Unknown(error);
        }
        self.end = end;
        Append::Done
    }

    /// Makes the file at least so long.
    fn reach(&mut self, end: u64) -> io::Result<()> {
        while self.length < end {
            let grown = (self.length + 1).next_multiple_of(STEP);
            let missing = usize::try_from(grown - self.length).expect("a step fits into memory");
            self.medium.write(self.length, &vec![0; missing])?;
            self.length = grown;
        }
        Ok(())
    }
}

/// The journal beside a database.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, ToOwned::to_owned);
    name.push("-commits");
    path.with_file_name(name)
}

/// Makes the journal of a database: whoever may read or write the one may do so with the other, and nobody else.
fn make(beside: &Path, database: &Path) -> io::Result<File> {
    let permissions = std::fs::metadata(database)?.permissions();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

        // From its first moment on; the process may take away more of it than it did when the database was made.
        options.mode(permissions.mode());
    }
    let file = options.open(beside)?;
    file.set_permissions(permissions)?;
    file.sync_all()?;
    sync_folder(beside)?;
    Ok(file)
}

/// The name of a new file is to be durable as well.
fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// The groups of an era in a journal, oldest first, as far as tables with that mark can have led to them.
pub(super) fn groups(bytes: &[u8], era: i64, mark: i64) -> Vec<&[u8]> {
    let mut groups = Vec::new();
    let mut rest = bytes;
    while let Some((commits, behind)) = group(rest, era, mark) {
        groups.push(commits);
        rest = behind;
    }
    groups
}

fn group(bytes: &[u8], era: i64, mark: i64) -> Option<(&[u8], &[u8])> {
    let (checksum, bytes) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (its_era, rest) = rest.split_first_chunk::<8>()?;
    let (its_mark, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (commits, behind) = rest.split_at_checked(length)?;
    let counts = i64::from_le_bytes(*its_era) == era && int(u64::from_le_bytes(*its_mark)) <= mark;
    let whole = || crc32fast::hash(&bytes[..HEAD - 4 + length]) == u32::from_le_bytes(*checksum);
    (counts && whole()).then_some((commits, behind))
}

#[cfg(test)]
mod tests;
