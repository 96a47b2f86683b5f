//! The page behind a code, for terminals and for the web.

use std::fmt::Write as _;

use super::RuleInfo;

/// A mistake and how it is put right, as pieces of definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// With the fault.
    pub wrong: &'static str,
    /// Without it.
    pub right: &'static str,
}

impl RuleInfo {
    /// The same rule with an example.
    #[must_use]
    pub const fn with_example(mut self, wrong: &'static str, right: &'static str) -> Self {
        self.example = Some(Example { wrong, right });
        self
    }

    /// The title line: `JF3002 – a target that is no state of this scope (error, STA-005)`.
    #[must_use]
    pub fn heading(&self) -> String {
        format!("{} – {} ({}, {})", self.code, self.title, self.severity, self.rule)
    }

    /// The page as plain text: what it is about, why it matters, how to repair it, and an example. Lines with an indentation
    /// are code; paragraphs are one line each.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = format!("{}\n\n{}\n", self.heading(), self.explanation.trim_end());
        if let Some(example) = self.example {
            for (title, text) in [("Wrong", example.wrong), ("Right", example.right)] {
                write!(page, "\n{title}:\n\n{}", indented(text)).expect("a string takes everything");
            }
        }
        page
    }

    /// The page in Markdown, without the title line.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!("{}\n", self.explanation.trim_end());
        if let Some(example) = self.example {
            for (title, text) in [("Wrong", example.wrong), ("Right", example.right)] {
                write!(page, "\n{title}:\n\n```yaml {}\n{text}\n```\n", title.to_ascii_lowercase())
                    .expect("a string takes everything");
            }
        }
        page
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
