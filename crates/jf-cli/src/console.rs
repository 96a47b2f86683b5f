//! The console, on a listener of its own: it shows every run to whoever reaches it, so it is not served where journeys are, and not at all
//! unless somebody asks for it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jf_console::Token;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::host::{Host, HostError, Listener, Site};
use crate::server::{Server, Stop, Tls};

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// It would be open to strangers.
    #[error("the console would be open to everybody who reaches {0}")]
    Open(SocketAddr),
    /// The file of the token cannot be read.
    #[error("cannot read `{}`, the token of the console: {error}", file.display())]
    TokenFile {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// What is in it is no token.
    #[error("`{}` holds no token of the console: {error}", file.display())]
    Token {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        error: jf_console::InvalidToken,
    },
}

/// The listener of the console: first opened, then served.
#[derive(Debug)]
pub(crate) struct Desk {
    server: Server,
    address: SocketAddr,
    token: Option<Token>,
}

/// A console that is served.
#[derive(Debug)]
pub(crate) struct Console {
    address: SocketAddr,
    has_tls: bool,
    has_token: bool,
    stop: Stop,
    accepting: JoinHandle<()>,
}

impl Desk {
    /// Opens the port; nothing is accepted yet.
    pub(crate) async fn open(config: &Config) -> Result<Option<Self>, HostError> {
        let Some(wanted) = config.console_listen() else { return Ok(None) };
        let token = config.console_token()?;
        if !wanted.ip().is_loopback() && token.is_none() {
            return Err(ConsoleError::Open(wanted).into());
        }
        let failed = |error| HostError::Listen { listener: Listener::Console, address: wanted, error };
        let server = Server::bind(wanted, config.server_limits()).await.map_err(failed)?;
        let address = server.address().map_err(failed)?;
        Ok(Some(Self { server, address, token }))
    }

    /// Serves the console beside a site. Certificates are for the names of a public address, so a loopback listener speaks plain HTTP.
    pub(crate) fn serve(self, host: &Host, site: &Site, tls: Option<&Tls>) -> Result<Console, HostError> {
        let Self { mut server, address, token } = self;
        let tls = tls.filter(|_| !address.ip().is_loopback());
        let (has_tls, has_token) = (tls.is_some(), token.is_some());
        let router = host.console(address, site, token, has_tls)?;
        if let Some(tls) = tls {
            server = server.with_tls(tls.clone());
        }
        let stop = server.stop();
        let accepting = tokio::spawn(server.serve(router));
        Ok(Console { address, has_tls, has_token, stop, accepting })
    }
}

impl Console {
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.has_tls { "https" } else { "http" };
        format!("{scheme}://{}/", self.address)
    }

    pub(crate) const fn has_token(&self) -> bool {
        self.has_token
    }

    /// No further connections; those to the socket end with the ones of the service.
    pub(crate) async fn end(self, grace: Duration) {
        self.stop.finish(grace).await;
        // It ends with `finish`; an error would be a panic of the accept loop, which was logged.
        let _ = self.accepting.await;
    }
}
