//! What stored runs cost: the real server on files with more and more parked runs, against one on an empty file.

mod due;
mod fill;
mod lists;
mod server;
mod sweep;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use crate::Effort;
use crate::report::Report;
use crate::server::Server;

const MIB: f64 = 1024.0 * 1024.0;

/// How many runs, and where.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// Runs in the largest file; smaller ones have a tenth of it each, down to a thousand.
    #[arg(long, default_value_t = 1_000_000)]
    runs: usize,
    /// Runs whose time-out has passed while no server was there.
    #[arg(long, default_value_t = 50_000)]
    due: usize,
    /// The folder for the files, with room for 3 KiB a run; they are removed at the end.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// A folder with files of runs, and the server for them.
struct Place<'a> {
    jf: &'a Path,
    folder: &'a Path,
}

impl Place<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.db"))
    }

    fn serve(&self, file: &Path) -> Server {
        let store = format!("sqlite:{}", file.display());
        Server::start(self.jf, self.folder, &["--store", &store])
    }

    /// Removes a file with what lies beside it.
    fn remove(&self, name: &str) {
        for beside in ["", "-wal", "-shm", "-commits", "-lock"] {
            let _ = std::fs::remove_file(self.folder.join(format!("{name}.db{beside}")));
        }
    }
}

impl Scale {
    pub(crate) fn measure(&self, effort: Effort, report: &mut Report) {
        let Some(jf) = Server::binary() else {
            report.skipped("stored runs", "build the server first: cargo build --release -p jf-cli");
            return;
        };
        let mut made = tempfile::Builder::new();
        let made = made.prefix("jf-bench-scale");
        let folder = match &self.folder {
            Some(parent) => made.tempdir_in(parent),
            None => made.tempdir(),
        };
        let folder = folder.expect("a folder for the files");
        let place = Place { jf: &jf, folder: folder.path() };
        std::fs::write(folder.path().join("parked.journey.yaml"), fill::PARKED)
            .expect("the folder is writable");
        std::fs::write(folder.path().join("hasty.journey.yaml"), fill::hasty())
            .expect("the folder is writable");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
        runtime.block_on(self.levels(&place, effort, report));
    }

    async fn levels(&self, place: &Place<'_>, effort: Effort, report: &mut Report) {
        let growing = place.file("growing");
        let (mut filled, mut known) = (0, Vec::new());
        for level in levels(self.runs) {
            let begun = Instant::now();
            known.extend(fill::fill(&growing, "parked", filled, level, DAYS_AGO).await);
            let each = (level - filled) as f64 / begun.elapsed().as_secs_f64();
            filled = level;
            report.figure(&format!("{level} runs: runs brought in per second"), each, "/s");
            let length = std::fs::metadata(&growing).map_or(0, |about| about.len());
            report.figure(
                &format!("{level} runs: bytes per run in the file"),
                length as f64 / level as f64,
                " B",
            );
            // What measuring adds must not count at the next level.
            let last = level == self.runs;
            let file = if last { growing.clone() } else { place.file("measured") };
            if !last {
                std::fs::copy(&growing, &file).expect("there is room for a copy");
            }
            let scene = server::Scene { place, file: &file, level, known: &known };
            scene.measure(effort, report).await;
            place.remove("measured");
        }
        due::measure(place, &growing, self.due, report).await;
        sweep::measure(&growing, report).await;
    }
}

/// When the runs began: long ago, but not so long that the server forgets the ones that ended.
const DAYS_AGO: i64 = 20;

/// A thousand, and ten times as many each, up to `most`.
fn levels(most: usize) -> impl Iterator<Item = usize> {
    let powers = std::iter::successors(Some(1_000_usize), |level| level.checked_mul(10));
    powers.take_while(move |level| *level < most).chain([most])
}

/// The middle of some times.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The time that 99 of 100 do not pass, of sorted times.
fn p99(times: &[Duration]) -> Duration {
    times.get(times.len() * 99 / 100).copied().unwrap_or_default()
}
