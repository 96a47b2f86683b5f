//! One process per file (ENG-102).

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{OpenError, OpenErrorKind};

/// The right to use a file, held by a lock of the operating system on a file beside it. It ends with the process, however that ends; the
/// file beside stays, since removing it could take it from under somebody who is about to lock it.
#[derive(Debug)]
pub(crate) struct Ownership {
    lock: File,
}

impl Drop for Ownership {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is being started may hold a copy of it for a moment.
        let _ = self.lock.unlock();
    }
}

impl Ownership {
    /// Takes the right, unless somebody has it.
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let beside = beside(path);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&beside);
        let mut file = opened.map_err(|error| OpenError::io(path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // The number is for people; without it the message still says what is the matter.
                let _ = file.take(20).read_to_string(&mut owner);
                let who = match owner.trim().parse::<u32>() {
                    Ok(id) if id == std::process::id() => "this process has it open already".to_owned(),
                    Ok(id) => format!("process {id} has it open; one process at a time runs its journeys"),
                    Err(_) => {
                        "another process has it open; one process at a time runs its journeys".to_owned()
                    }
                };
                return Err(OpenError::new(OpenErrorKind::InUse, path, who));
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::io(path, error)),
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            writeln!(file, "{}", std::process::id())
        };
        note(&mut file).map_err(|error| OpenError::io(path, error))?;
        Ok(Self { lock: file })
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, ToOwned::to_owned);
    name.push("-lock");
    path.with_file_name(name)
}
