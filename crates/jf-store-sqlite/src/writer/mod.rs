//! The one thread that writes.
//!
//! Commits that come while others are being written wait together, and share the next write and with it the wait for the disk. What
//! they say is added to the journal; when enough has come together, or nothing comes for a moment, the runs are brought to the
//! tables as they are then, so that a run which moves on quickly costs its rows once and not with every commit. A commit that touches more
//! than its run takes the way of the tables at once. A commit that is refused is refused alone: its checks come before its first write.
//! When a write or a transaction fails before it is committed, nothing of it happened and all its commits are told so; when committing itself
//! fails, nobody can say, and they are told that.

mod checkpoint;
mod commit;
mod gather;
mod group;
mod outbox;
mod sweep;
pub(crate) mod tables;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use futures::channel::oneshot;
use jf_core::spi::DefinitionIdentity;
use jf_store::{Claim, DefinitionSource, Retention, Revision, StoreError, StoreErrorKind, Swept};
use jiff::Timestamp;
use rusqlite::ffi::ErrorCode;
use rusqlite::{Connection, OptionalExtension};

use self::checkpoint::Checkpoints;
pub(crate) use self::commit::Encoded;
use self::commit::Scene;
pub(crate) use self::commit::principal_text;
use self::group::Waiting;
pub(crate) use self::outbox::EncodedChange;
use crate::codec::{count, int};
use crate::config::SqliteConfig;
use crate::definitions::{self, Definitions, Numbers};
use crate::error::{store_error, unavailable};
use crate::fresh::FreshRuns;
use crate::journal::Journal;
use crate::lock::Ownership;

/// Bytes in the journal at which its runs are brought to the tables.
const JOURNAL: u64 = 1 << 20;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something to write.
pub(crate) enum Job {
    Commit(Box<Encoded>, Reply<Revision>),
    Claim(Reply<Claim>),
    Keep(Box<(Claim, DefinitionIdentity, DefinitionSource)>, Reply<()>),
    Sweep(Timestamp, usize, Reply<Swept>),
    /// Bring all runs to the tables.
    Settle(Reply<()>),
    Schedule(Claim, Box<EncodedChange>, Reply<()>),
}

/// Why something was not written.
pub(crate) enum Failure {
    /// It must not be; the transaction goes on.
    Refused(StoreError),
    /// It could not be; the transaction is over.
    Database(rusqlite::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// The way to the thread that writes. Dropping it waits until everything that was sent is written.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Option<SyncSender<Job>>,
    groups: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        (mut connection, checkpointer): (Connection, Connection),
        journal: Journal,
        shared: (Arc<Definitions>, Arc<FreshRuns>),
        config: &SqliteConfig,
        ownership: Ownership,
    ) -> Result<Self, std::io::Error> {
        let (jobs, received) = sync_channel(config.queue);
        let (retention, gather, quiet) = (config.retention, config.gather, config.quiet);
        let (definitions, fresh) = shared;
        let groups = Arc::new(AtomicU64::new(0));
        let written = Arc::clone(&groups);
        let named = std::thread::Builder::new().name("jf-sqlite-write".to_owned());
        let thread = named.spawn(move || {
            let checkpoints = Checkpoints::start(&mut connection, checkpointer);
            let mut thread = WriterThread {
                connection,
                definitions,
                numbers: Numbers::default(),
                fresh,
                retention,
                gather,
                quiet,
                journal,
                claim: None,
                jobs: received,
                next: None,
                groups: written,
                checkpoints,
                broken: false,
            };
            thread.run();
            drop(thread);
            // The connections are closed; somebody else may have the file.
            drop(ownership);
        })?;
        Ok(Self { jobs: Some(jobs), groups, thread: Some(thread) })
    }

    /// Writes so far that commits of runs have shared.
    pub(crate) fn groups(&self) -> u64 {
        self.groups.load(Ordering::Relaxed)
    }

    /// Sends a job and waits for what came of it. Once this was polled the job is done, whether anybody waits or not.
    pub(crate) async fn perform<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        let (reply, done) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(|| unavailable("the store is closed"))?;
        match jobs.try_send(job(reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(unavailable("too many commits wait")),
            Err(TrySendError::Disconnected(_)) => return Err(unavailable("the writing thread is gone")),
        }
        // A thread that ends without an answer may have written.
        done.await.unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::FateUnknown)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported when it happened.
            let _ = thread.join();
        }
    }
}

struct WriterThread {
    connection: Connection,
    definitions: Arc<Definitions>,
    numbers: Numbers,
    fresh: Arc<FreshRuns>,
    retention: Retention,
    /// Runs that may be ahead of their rows.
    gather: usize,
    /// How long it must be quiet before everything is brought to its place.
    quiet: Duration,
    journal: Journal,
    /// The number of the latest claim, once it was read.
    claim: Option<i64>,
    jobs: Receiver<Job>,
    /// A job that was received and is not for the group being written.
    next: Option<Job>,
    groups: Arc<AtomicU64>,
    checkpoints: Checkpoints,
    /// Writing has failed in a way that leaves open what is on the disk. Only opening the file anew can tell.
    broken: bool,
}

impl WriterThread {
    fn run(&mut self) {
        while let Some(job) = self.receive() {
            match job {
                Job::Commit(encoded, reply) => self.group(Waiting { encoded, reply }),
                Job::Claim(reply) => {
                    let done = self.transaction(|thread| thread.claim());
                    self.claim = None;
                    let _ = reply.send(done);
                }
                Job::Keep(keep, reply) => {
                    let (claim, identity, source) = *keep;
                    let done = self.transaction(|thread| thread.keep(claim, &identity, &source));
                    let _ = reply.send(done);
                }
                Job::Schedule(claim, change, reply) => {
                    let done = self.transaction(|thread| {
                        let latest = latest_claim(&thread.connection)?;
                        thread.scene(latest).change_schedule(claim.get(), &change)
                    });
                    let _ = reply.send(done);
                }
                Job::Sweep(now, limit, reply) => {
                    let _ = reply.send(self.sweep(now, limit));
                }
                Job::Settle(reply) => {
                    let _ = reply.send(self.settle());
                }
            }
            self.checkpoints.after_transaction(&self.connection);
        }
        self.rest();
    }

    /// Nothing comes for a moment, or ever again.
    fn rest(&mut self) {
        if let Err(error) = self.settle() {
            // The journal keeps everything until the next time.
            tracing::warn!(%error, "runs cannot be brought from the journal to the tables");
        }
        self.checkpoints.at_rest(&self.connection);
    }

    /// The next job; what was written before is brought to its place when there is none for a while. `None` at the end.
    fn receive(&mut self) -> Option<Job> {
        if let Some(job) = self.next.take() {
            return Some(job);
        }
        if self.checkpoints.is_pending() || self.journal.len() > 0 {
            match self.jobs.recv_timeout(self.quiet) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => self.rest(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        self.jobs.recv().ok()
    }

    fn scene(&self, claim: i64) -> Scene<'_> {
        Scene {
            connection: &self.connection,
            definitions: &self.definitions,
            numbers: &self.numbers,
            retention: &self.retention,
            claim,
            fresh: &self.fresh,
        }
    }

    /// Whether runs are to be brought to the tables before more come.
    fn is_full(&self) -> bool {
        self.journal.len() > 0 && (self.journal.len() > JOURNAL || self.fresh.len() > self.gather)
    }

    /// Brings all runs to the tables.
    fn settle(&mut self) -> Result<(), StoreError> {
        if self.journal.len() == 0 {
            return Ok(());
        }
        self.fresh.set_behind(true);
        let era = self.transaction(|thread| thread.scene(0).settle_all());
        if let Ok(era) = era {
            self.journal.begin(era);
            self.fresh.settle_all();
        }
        self.fresh.set_behind(false);
        era.map(|_| ())
    }

    fn sweep(&mut self, now: Timestamp, limit: usize) -> Result<Swept, StoreError> {
        // The journal must not speak of runs that are gone.
        self.settle()?;
        self.transaction(|thread| {
            let claim = latest_claim(&thread.connection)?;
            let swept = sweep::sweep(&thread.connection, &thread.retention, claim, now, limit)?;
            thread.numbers.forget();
            Ok(swept)
        })
    }

    fn claim(&self) -> Result<Claim, Failure> {
        let claim = latest_claim(&self.connection)?.saturating_add(1);
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('claim', ?1)";
        self.connection.prepare_cached(sql)?.execute([claim])?;
        Ok(Claim::new(count(claim)))
    }

    fn keep(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: &DefinitionSource,
    ) -> Result<(), Failure> {
        let latest = latest_claim(&self.connection)?;
        if count(latest) != claim.get() {
            let error = StoreError::new(StoreErrorKind::LostClaim);
            return Err(error.with("claim", claim.get()).with("latest", latest).into());
        }
        definitions::keep(&self.connection, latest, identity, source)?;
        Ok(())
    }

    /// Does something in a transaction of its own, of which later groups of the journal say that it came before.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.check_whole()?;
        self.execute("BEGIN IMMEDIATE").map_err(store_error)?;
        let mark = self.journal.mark() + 1;
        let worked = work(self).and_then(|done| {
            let sql = "UPDATE meta SET value = ?1 WHERE name = 'journal_mark'";
            self.connection.prepare_cached(sql)?.execute([int(mark)])?;
            Ok(done)
        });
        match worked {
            Ok(done) => match self.execute("COMMIT") {
                Ok(()) => {
                    self.journal.set_mark(mark);
                    Ok(done)
                }
                Err(error) => {
                    tracing::error!(%error, "a transaction cannot be committed");
                    // What reached the disk is known after the file is read anew; a full disk is known to have taken nothing.
                    self.broken = error.sqlite_error_code() != Some(ErrorCode::DiskFull);
                    self.roll_back();
                    let unknown = StoreError::new(StoreErrorKind::FateUnknown);
                    Err(unknown.with("reason", "the transaction cannot be committed").with_source(error))
                }
            },
            Err(failure) => {
                self.roll_back();
                Err(match failure {
                    Failure::Refused(error) => error,
                    Failure::Database(error) => {
                        tracing::error!(%error, "a transaction has failed and was taken back");
                        store_error(error)
                    }
                })
            }
        }
    }

    fn check_whole(&self) -> Result<(), StoreError> {
        if self.broken {
            return Err(unavailable("writing has failed before; the store must be opened anew"));
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        self.definitions.forget();
        self.numbers.forget();
        // SQLite may have done it of its own accord.
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a transaction cannot be taken back");
            self.broken = true;
        }
    }

    fn execute(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

/// The number of the latest claim; 0 before the first.
fn latest_claim(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = 'claim'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or(0))
}

#[cfg(test)]
mod tests;
