//! The two streams of the command: what was asked for on one, everything else on the other.

use std::io::{self, IsTerminal, Write};

use crate::command::Exit;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On terminals, unless `NO_COLOR` is set or `TERM` is `dumb`
    #[default]
    Auto,
    /// Always, whatever the environment says
    Always,
    /// Never
    Never,
}

impl Colour {
    fn wanted(self, terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// Standard output and standard error with what is known of them.
pub(crate) struct Output {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Whether diagnostics on standard output are coloured.
    pub(crate) out_colours: bool,
    /// Whether messages on standard error are coloured.
    pub(crate) err_colours: bool,
}

impl Output {
    /// Those of the process.
    pub(crate) fn of_process(colour: Colour) -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            out_colours: colour.wanted(io::stdout().is_terminal()),
            err_colours: colour.wanted(io::stderr().is_terminal()),
        }
    }

    /// Prints what was asked for. A reader that has gone away is no failure; any other trouble is.
    pub(crate) fn print(&mut self, text: &str) -> Exit {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Ok(()) => Exit::Done,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => {
                self.error(&format!("cannot write to standard output: {error}"), None);
                Exit::Failed
            }
        }
    }

    /// Tells something beside the result.
    pub(crate) fn tell(&mut self, text: &str) {
        // There is no third place to complain to.
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }

    /// Tells what went wrong, one fault per line, and what to do about it.
    pub(crate) fn error(&mut self, message: &str, help: Option<&str>) {
        let mut text = String::new();
        for line in message.lines() {
            text.push_str(&format!("{} {line}\n", self.label("error:", "1;31")));
        }
        if let Some(help) = help {
            text.push_str(&format!("{} {help}\n", self.label("help:", "1;36")));
        }
        self.tell(&text);
    }

    /// Tells something worth knowing.
    pub(crate) fn note(&mut self, message: &str) {
        let text = format!("{} {message}\n", self.label("note:", "1;32"));
        self.tell(&text);
    }

    fn label(&self, text: &str, style: &str) -> String {
        if self.err_colours { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
