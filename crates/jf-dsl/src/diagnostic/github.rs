//! Diagnostics as annotations of a pull request, in the workflow commands of GitHub Actions.

use std::fmt::Write as _;

use super::Diagnostic;
use super::set::Diagnostics;

impl Diagnostics {
    /// One workflow command per diagnostic and line: GitHub shows them beside the changed lines.
    ///
    /// `::error file=a.journey.yaml,line=5,col=10,endLine=5,endColumn=15,title=JF3001::message`
    ///
    /// Further places and the help stand in the message. Columns count from 1 and the end is exclusive.
    #[must_use]
    pub fn to_github(&self) -> String {
        self.iter().map(|diagnostic| diagnostic.to_github() + "\n").collect()
    }
}

impl Diagnostic {
    fn to_github(&self) -> String {
        let mut properties = String::new();
        if let Some(source) = &self.source {
            let name = source.name();
            let file = name.strip_prefix("./").unwrap_or(name);
            write!(properties, "file={},", property(file)).expect("a string takes everything");
            if let Some(span) = self.span {
                let (start, end) = (source.position(span.start), source.position(span.end));
                write!(properties, "line={},", start.line).expect("a string takes everything");
                // GitHub takes columns only for annotations of one line.
                if start.line == end.line {
                    write!(properties, "col={},", start.column).expect("a string takes everything");
                }
                write!(properties, "endLine={},", end.line).expect("a string takes everything");
                if start.line == end.line {
                    write!(properties, "endColumn={},", end.column).expect("a string takes everything");
                }
            }
        }
        let mut message = self.message.clone();
        for label in &self.labels {
            if let Some(source) = label.source.as_ref().or(self.source.as_ref()) {
                let at = source.position(label.span.start);
                write!(message, "\n{}: {}:{}:{}", label.message, source.name(), at.line, at.column)
                    .expect("a string takes everything");
            }
        }
        if let Some(help) = &self.help {
            write!(message, "\nhelp: {help}").expect("a string takes everything");
        }
        write!(message, "\n{} at {}", self.rule, self.path).expect("a string takes everything");
        format!("::{} {properties}title={}::{}", self.severity, self.code, data(&message))
    }
}

/// Text of a message. Logs of runs are shown by terminals too, for which control characters are commands.
fn data(text: &str) -> String {
    let mut data = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => data.push_str("%25"),
            '\r' => data.push_str("%0D"),
            '\n' => data.push_str("%0A"),
            c if c.is_control() => data.push('\u{fffd}'),
            c => data.push(c),
        }
    }
    data
}

/// Text of a property, which may not end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostic, Label, Severity};
    use crate::json_path::JsonPath;
    use crate::source::{SourceFile, Span};

    fn diagnostic(message: &str) -> Diagnostic {
        let code = "JF3001".parse().unwrap();
        Diagnostic::new(Severity::Error, code, "DEF-031", JsonPath::root().member("spec"), message)
    }

    #[test]
    fn nothing_in_a_diagnostic_ends_a_command_or_begins_another() {
        let source = SourceFile::new("./odd,na:me%\n.journey.yaml", "ä: b\nc: d\n");
        let shown = diagnostic("100%\r\n::error::no\u{1b}[2J").at(&source, Span::new(4, 5));
        assert_eq!(
            shown.to_github(),
            "::error file=odd%2Cna%3Ame%25%0A.journey.yaml,line=1,col=4,endLine=1,endColumn=5,title=JF3001::100%25%0D%0A::error::no\u{fffd}[2J\
             %0ADEF-031 at $.spec"
        );
    }

    #[test]
    fn further_places_and_help_stand_in_the_message() {
        let source = SourceFile::new("a.journey.yaml", "a: b\nc: d\n");
        let other = SourceFile::new("b.journey.yaml", "a: b\n");
        let shown = diagnostic("two")
            .at(&source, Span::new(0, 7))
            .label(Label::elsewhere(&other, Span::new(3, 4), "the first"))
            .help("keep one");
        assert_eq!(
            shown.to_github(),
            "::error file=a.journey.yaml,line=1,endLine=2,title=JF3001::two%0Athe first: b.journey.yaml:1:4%0Ahelp: keep one\
             %0ADEF-031 at $.spec"
        );
        assert_eq!(diagnostic("nowhere").to_github(), "::error title=JF3001::nowhere%0ADEF-031 at $.spec");
    }
}
