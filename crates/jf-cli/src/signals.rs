//! The signals that end a server, and the one that has it read its certificates again.

use std::io;

/// SIGTERM, SIGINT and SIGHUP where they exist, Ctrl-C elsewhere.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// Taken over only by a server that has a use for it; otherwise it ends the process, as ever.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

/// The name of the signal that a person at a terminal sends.
pub(crate) const INTERRUPT: &str = if cfg!(unix) { "SIGINT" } else { "Ctrl-C" };

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The end, by a signal of this name.
    End(&'static str),
    /// To read again what can be renewed.
    Reload,
}

impl Signals {
    /// Takes the signals that end a server over from the system, from now on.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: None })
    }

    /// Takes SIGHUP over as well.
    #[cfg(unix)]
    pub(crate) fn with_reload(mut self) -> io::Result<Self> {
        self.hangup = Some(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?);
        Ok(self)
    }

    /// The next signal. Cancel safe.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Signal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Signal::End("SIGTERM"),
            _ = self.interrupt.recv() => Signal::End(INTERRUPT),
            _ = hangup => Signal::Reload,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(crate) fn with_reload(self) -> io::Result<Self> {
        Ok(self)
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::End(INTERRUPT),
            // Without signals the process ends in other ways.
            Err(_) => std::future::pending().await,
        }
    }

    /// The name of the next signal that asks for the end. Cancel safe.
    pub(crate) async fn end(&mut self) -> &'static str {
        loop {
            if let Signal::End(name) = self.next().await {
                return name;
            }
        }
    }
}
