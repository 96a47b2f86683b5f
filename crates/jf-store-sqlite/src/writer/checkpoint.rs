//! Moving what was committed from the log of the database into its file.
//!
//! It costs writes all over the file and a wait for the disk, which no commit should have to bear. When nothing is committed for a
//! moment, the writing thread does it. When the log grows all the time, another thread moves the bulk beside the commits, and the writing
//! thread the little that came meanwhile: only then can SQLite begin the log anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

/// Pages of the log at which it is emptied, quiet or not: 8 MiB.
const FULL: usize = 2_048;

#[derive(Debug)]
pub(super) struct Checkpoints {
    /// Pages of the log after the last commit.
    pages: Arc<AtomicUsize>,
    /// Pages beyond which the next round begins.
    next: usize,
    /// A round goes on in the other thread.
    running: bool,
    begin: Option<SyncSender<()>>,
    done: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(writer: &mut Connection, helper: Connection) -> Self {
        let pages = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&pages);
        let hooked = writer.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            seen.store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }));
        if let Err(error) = hooked {
            tracing::warn!(%error, "the log of the database is emptied at the end only");
        }
        let (begin, begun) = sync_channel::<()>(1);
        let (finished, done) = sync_channel(1);
        let named = std::thread::Builder::new().name("jf-sqlite-log".to_owned());
        let thread = named.spawn(move || {
            while begun.recv().is_ok() {
                checkpoint(&helper);
                if finished.send(()).is_err() {
                    return;
                }
            }
        });
        // Without the thread the writing one does all of it.
        Self { pages, next: FULL, running: false, begin: Some(begin), done, thread: thread.ok() }
    }

    /// Whether something is left to be moved at a quiet moment.
    pub(super) fn is_pending(&self) -> bool {
        self.pages.load(Ordering::Relaxed) > 0
    }

    pub(super) fn after_transaction(&mut self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if self.running {
            match self.done.try_recv() {
                Ok(()) | Err(TryRecvError::Disconnected) => {
                    self.running = false;
                    self.finish(connection);
                }
                Err(TryRecvError::Empty) => {}
            }
        } else if pages < FULL {
            self.next = FULL;
        } else if pages >= self.next {
            let sent = self.begin.as_ref().is_some_and(|begin| begin.try_send(()).is_ok());
            self.running = sent;
            if !sent {
                self.finish(connection);
            }
        }
    }

    /// Nothing is being committed: all of the log can be moved.
    pub(super) fn at_rest(&mut self, connection: &Connection) {
        if self.running {
            let _ = self.done.recv();
            self.running = false;
        }
        self.finish(connection);
    }

    fn finish(&mut self, connection: &Connection) {
        // A reader that is at work on the log keeps it from beginning anew; then there is no use in trying again at once.
        self.next = self.pages.swap(0, Ordering::Relaxed).saturating_add(FULL);
        checkpoint(connection);
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.begin = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Moves what can be moved without waiting for anybody.
fn checkpoint(connection: &Connection) {
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = moved {
        // The log keeps everything until the next round.
        tracing::warn!(%error, "the log of the database cannot be emptied");
    }
}
