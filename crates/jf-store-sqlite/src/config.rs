//! How a file is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jf_store::Retention;

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Until the disk has it: it survives the loss of power.
    #[default]
    Full,
    /// Until the operating system has it: it survives the end of the process, and the latest commits may be lost with the power. The
    /// file stays whole either way.
    Normal,
}

impl Synchronous {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// How much of a file is looked at before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// Its header, its version, its length, and the structure of all of it up to 64 MiB: a moment however large the file is.
    #[default]
    Quick,
    /// Everything, as [`check`](crate::check) does; takes about a second per GiB.
    Full,
}

/// Where and how a [`SqliteStore`](crate::SqliteStore) keeps its runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The file; created when it is not there, in a folder that must be.
    pub path: PathBuf,
    /// What commits wait for: the disk.
    pub synchronous: Synchronous,
    /// How long things are kept.
    pub retention: Retention,
    /// How much is looked at before the file is used: quick.
    pub check: Check,
    /// Threads that read: 2.
    pub readers: usize,
    /// Commits, and separately reads, that may wait for their turn: 16 384. Further ones are refused as unavailable.
    pub queue: usize,
    /// Runs whose commits are in the journal and not in the tables yet: 128. More of them save work and take memory and a longer pause
    /// when they are brought to the tables; 0 brings every group of commits there at once.
    pub gather: usize,
    /// How long nothing is committed when a moment counts as quiet, in which everything is brought to its place: 200 ms.
    pub quiet: Duration,
    /// Memory for pages of the writing connection, in KiB: 32 768. Reading connections take an eighth each.
    pub cache_kib: u32,
}

impl SqliteConfig {
    /// A file with the settings above.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            synchronous: Synchronous::default(),
            retention: Retention::default(),
            check: Check::default(),
            readers: 2,
            queue: 16_384,
            gather: 128,
            quiet: Duration::from_millis(200),
            cache_kib: 32_768,
        }
    }

    /// Commits wait for this.
    #[must_use]
    pub fn with_synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Keeps things so long.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Looks at so much before the file is used.
    #[must_use]
    pub fn with_check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }
}
