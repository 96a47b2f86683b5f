//! A folder to serve from, with one journey that waits again and again.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::server::Server;
use crate::system;

/// A folder with a definition and a configuration.
pub(crate) struct Place {
    jf: PathBuf,
    folder: TempDir,
}

impl Place {
    /// A place, if the server was built.
    pub(crate) fn new() -> Option<Self> {
        let jf = Server::binary()?;
        let folder = tempfile::tempdir().expect("a folder for the definition");
        std::fs::write(folder.path().join("loop.journey.yaml"), system::LOOP)
            .expect("the folder is writable");
        Some(Self { jf, folder })
    }

    /// Starts the server with room for many connections and further lines of configuration.
    pub(crate) fn serve(&self, config: &str) -> Server {
        let config = format!("http.maxConnections: 100000\nhttp.maxConnectionsPerAddress: 100000\n{config}");
        std::fs::write(self.folder.path().join("jf.yaml"), config).expect("the folder is writable");
        Server::start(&self.jf, self.folder.path(), &[])
    }
}
