//! Threads that read, each over a connection of its own, so that nobody's runtime waits for a disk.

pub(crate) mod list;
pub(crate) mod lookups;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use futures::channel::oneshot;
use jf_store::StoreError;
use rusqlite::Connection;

use crate::definitions::Definitions;
use crate::error::{store_error, unavailable};

type Work = Box<dyn FnOnce(&Reader) + Send>;

/// A connection that reads.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) definitions: Arc<Definitions>,
}

impl Reader {
    /// Does several reads at one moment.
    pub(crate) fn at_one_moment<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.execute("BEGIN")?;
        let found = read(self);
        self.execute("COMMIT")?;
        found
    }

    fn execute(&self, sql: &'static str) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        statement.execute([]).map(|_| ()).map_err(store_error)
    }
}

/// The threads. Dropping the pool waits for what they are at.
pub(crate) struct Readers {
    queue: Arc<Queue>,
    most: usize,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    closed: bool,
}

impl Readers {
    pub(crate) fn start(readers: Vec<Reader>, most: usize) -> Result<Self, std::io::Error> {
        let queue = Arc::new(Queue::default());
        let mut pool = Self { queue: Arc::clone(&queue), most, threads: Vec::new() };
        for reader in readers {
            let queue = Arc::clone(&queue);
            let named = std::thread::Builder::new().name("jf-sqlite-read".to_owned());
            pool.threads.push(named.spawn(move || {
                while let Some(work) = queue.next() {
                    work(&reader);
                }
            })?);
        }
        Ok(pool)
    }

    /// Reads in one of the threads, and waits for what it gives.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, done) = oneshot::channel();
        let work: Work = Box::new(move |reader| {
            // Nobody waits for it any more: spare the disk.
            if !reply.is_canceled() {
                let _ = reply.send(read(reader));
            }
        });
        {
            let mut state = self.queue.lock();
            if state.waiting.len() >= self.most {
                return Err(unavailable("too many reads wait"));
            }
            state.waiting.push_back(work);
        }
        self.queue.changed.notify_one();
        done.await.unwrap_or_else(|_| Err(unavailable("a reading thread is gone")))
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next work; waits for it. `None` at the end.
    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.waiting.pop_front() {
                return Some(work);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A panic there was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}
