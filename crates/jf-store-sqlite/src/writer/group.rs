//! Commits that come together.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::TryRecvError;

use jf_store::{Revision, StoreError, StoreErrorKind};

use super::gather::{self, Gathered};
use super::{Encoded, Failure, Job, Reply, WriterThread, latest_claim};
use crate::error::{io_error, store_error};
use crate::journal::Append;

/// Commits that are written together at most.
const GROUP: usize = 256;

/// A group of commits of more bytes goes to the tables at once, and not through the journal, which would write it twice.
const LARGE: usize = 256 << 10;

/// A commit and who waits for it.
pub(super) struct Waiting {
    pub(super) encoded: Box<Encoded>,
    pub(super) reply: Reply<Revision>,
}

impl WriterThread {
    /// Writes a commit, with all that wait behind it.
    pub(super) fn group(&mut self, first: Waiting) {
        let (mut alone, mut beyond) = (Vec::new(), Vec::new());
        // The runs that those speak of which go to the tables.
        let mut spoken_of = HashSet::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(waiting) = next.take() {
            bytes += waiting.encoded.bytes();
            let encoded = &waiting.encoded;
            // None of them was answered yet, so they may come in any order, but for those of one run.
            if gather::can_wait(encoded) && !encoded.runs().any(|run| spoken_of.contains(run)) {
                alone.push(waiting);
            } else {
                spoken_of.extend(encoded.runs().cloned());
                beyond.push(waiting);
            }
            if alone.len() + beyond.len() == GROUP {
                break;
            }
            match self.jobs.try_recv() {
                Ok(Job::Commit(encoded, reply)) => next = Some(Waiting { encoded, reply }),
                Ok(other) => self.next = Some(other),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
        }
        if bytes > LARGE {
            alone.append(&mut beyond);
            beyond = std::mem::take(&mut alone);
        }
        if !alone.is_empty() {
            self.add_to_journal(alone);
        }
        if !beyond.is_empty() {
            self.write_to_tables(beyond);
        }
        if self.is_full()
            && let Err(error) = self.settle()
        {
            // The journal keeps everything, and takes no more before it succeeds.
            tracing::warn!(%error, "runs cannot be brought from the journal to the tables");
        }
    }

    /// Makes commits durable by way of the journal.
    fn add_to_journal(&mut self, group: Vec<Waiting>) {
        let ready = self.check_whole().and_then(|()| if self.is_full() { self.settle() } else { Ok(()) });
        let claim = ready.and_then(|()| self.latest_claim());
        let claim = match claim {
            Ok(claim) => claim,
            Err(error) => return refuse(group.into_iter().map(|waiting| waiting.reply), &error),
        };
        let mut gathered = Gathered::default();
        let mut answers = Vec::with_capacity(group.len());
        for Waiting { encoded, reply } in group {
            let gathered = self.number(&encoded).and_then(|()| {
                self.scene(claim).gather(*encoded, &mut gathered).map_err(|failure| match failure {
                    Failure::Refused(error) => error,
                    Failure::Database(error) => store_error(error),
                })
            });
            answers.push((reply, gathered));
        }
        let Gathered { runs, commits } = gathered;
        let appended = if commits.is_empty() { Append::Done } else { self.journal.append(&commits) };
        let error = match appended {
            Append::Done => {
                self.groups.fetch_add(1, Ordering::Relaxed);
                self.fresh.advance(runs);
                for (reply, answer) in answers {
                    let _ = reply.send(answer);
                }
                return;
            }
            Append::Refused(error) => {
                tracing::error!(%error, "the journal cannot be written");
                io_error(&error)
            }
            Append::Unknown(error) => {
                tracing::error!(%error, "the journal cannot be made durable");
                // What reached the disk is known after the file is read anew.
                self.broken = true;
                let unknown = StoreError::new(StoreErrorKind::FateUnknown);
                unknown.with("reason", "the journal cannot be made durable").with_source(error)
            }
        };
        for (reply, answer) in answers {
            // One that was refused stays so.
            let _ = reply.send(answer.and_then(|_| Err(again(&error))));
        }
    }

    fn latest_claim(&mut self) -> Result<i64, StoreError> {
        if let Some(claim) = self.claim {
            return Ok(claim);
        }
        let claim = latest_claim(&self.connection).map_err(store_error)?;
        self.claim = Some(claim);
        Ok(claim)
    }

    /// Sees to it that the definition of a new run has a number, which the journal speaks of.
    fn number(&mut self, encoded: &Encoded) -> Result<(), StoreError> {
        let Some(definition) = encoded.new_of() else { return Ok(()) };
        let known = self.numbers.find(&self.connection, definition).map_err(store_error)?;
        match known {
            Some(_) => Ok(()),
            None => self.transaction(|thread| {
                thread.numbers.of(&thread.connection, definition)?;
                Ok(())
            }),
        }
    }

    /// Makes commits durable by way of the tables.
    fn write_to_tables(&mut self, group: Vec<Waiting>) {
        let (commits, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.encoded, waiting.reply)).unzip();
        self.fresh.set_behind(true);
        let written = self.transaction(|thread| {
            let claim = latest_claim(&thread.connection)?;
            let mut settled = HashSet::new();
            let mut results = Vec::with_capacity(commits.len());
            for encoded in &commits {
                let scene = thread.scene(claim);
                for run in encoded.runs() {
                    scene.settle(run, &mut settled)?;
                }
                results.push(match scene.apply(encoded) {
                    Ok(revision) => Ok(revision),
                    Err(Failure::Refused(error)) => Err(error),
                    Err(failure) => return Err(failure),
                });
            }
            Ok((results, settled))
        });
        if let Ok((_, settled)) = &written {
            self.groups.fetch_add(1, Ordering::Relaxed);
            self.fresh.settle(settled);
        }
        self.fresh.set_behind(false);
        match written {
            Ok((results, _)) => {
                for (reply, result) in replies.into_iter().zip(results) {
                    let _ = reply.send(result);
                }
            }
            Err(error) => refuse(replies, &error),
        }
    }
}

fn refuse(replies: impl IntoIterator<Item = Reply<Revision>>, error: &StoreError) {
    for reply in replies {
        let _ = reply.send(Err(again(error)));
    }
}

/// The same error for one more commit.
fn again(error: &StoreError) -> StoreError {
    let reason = error.context().next().map_or_else(String::new, |(_, reason)| reason.to_owned());
    StoreError::new(error.kind()).with("reason", reason)
}
