//! The real server in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A started `jf serve`, killed when it goes out of scope.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
    ready: Duration,
}

impl Server {
    /// The binary beside this one, if it was built.
    pub(crate) fn binary() -> Option<PathBuf> {
        let jf = std::env::current_exe().expect("the program knows its own path").with_file_name("jf");
        jf.exists().then_some(jf)
    }

    /// Serves the definitions of a folder, which is the working folder too.
    pub(crate) fn start(jf: &Path, folder: &Path, arguments: &[&str]) -> Self {
        let begun = Instant::now();
        let mut process = Command::new(jf)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .arg(folder)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server can be started");
        let stdout = process.stdout.take().expect("stdout is piped");
        let line =
            BufReader::new(stdout).lines().next().expect("the server says where it listens").expect("text");
        let ready = begun.elapsed();
        let address = line.strip_prefix("listening on http://").expect("the documented line");
        Self { process, address: address.parse().expect("an address"), ready }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the start of the process to the line that says where it listens.
    pub(crate) const fn ready(&self) -> Duration {
        self.ready
    }

    /// Resident bytes.
    pub(crate) fn resident(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The most bytes that were resident so far.
    pub(crate) fn most_resident(&self) -> usize {
        self.status("VmHWM:")
    }

    fn status(&self, wanted: &str) -> usize {
        let status = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(status).expect("the memory benchmark needs a Linux system");
        let line = text.lines().find_map(|line| line.strip_prefix(wanted)).expect("the status lists memory");
        let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib * 1024
    }

    /// Ends the process, which gets no chance to put anything in order.
    pub(crate) fn kill(mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
