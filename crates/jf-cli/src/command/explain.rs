//! `jf explain`: the page behind a diagnostic code.

use std::fmt::Write as _;

use clap::Args;
use jf_dsl::{Code, RuleInfo, Severity};

use super::Exit;
use crate::config::CONFIG_RULES;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jf explain JF3002\n  jf explain       list all codes")]
pub(super) struct ExplainArgs {
    /// A code such as JF3002; without one, all codes are listed
    code: Option<String>,
}

/// A page of the language or of the configuration.
struct Page {
    code: String,
    severity: &'static str,
    rule: &'static str,
    title: &'static str,
    explanation: &'static str,
}

impl From<&RuleInfo> for Page {
    fn from(info: &RuleInfo) -> Self {
        let RuleInfo { code, severity, rule, title, explanation, .. } = *info;
        Self { code: code.to_string(), severity: severity.as_str(), rule, title, explanation }
    }
}

fn pages() -> Vec<Page> {
    let language = jf_dsl::rules().iter().map(Page::from);
    let configuration = CONFIG_RULES.iter().map(|info| Page {
        code: info.code.to_owned(),
        severity: Severity::Error.as_str(),
        rule: info.rule,
        title: info.title,
        explanation: info.explanation,
    });
    language.chain(configuration).collect()
}

pub(super) fn explain(args: &ExplainArgs, output: &mut Output) -> Exit {
    let pages = pages();
    let Some(wanted) = &args.code else {
        return output.print(&list(&pages));
    };
    let code = wanted.parse::<Code>().map(|code| code.to_string());
    if let Some(page) = pages.iter().find(|page| code.as_ref() == Ok(&page.code)) {
        return output.print(&show(page));
    }
    let upper = wanted.to_ascii_uppercase();
    let near = jf_dsl::closest(&upper, pages.iter().map(|page| page.code.as_str()));
    let help = near.map(|near| format!("did you mean {near}?"));
    output.error(&format!("there is no diagnostic code `{wanted}`"), help.as_deref());
    output.note("these are all codes:");
    output.tell(&list(&pages));
    Exit::Usage
}

fn show(page: &Page) -> String {
    let Page { code, severity, rule, title, explanation } = page;
    let mut text = format!("{code} – {title} ({severity}, {rule})\n");
    for paragraph in explanation.trim_end().split("\n\n") {
        text.push('\n');
        text.push_str(&wrapped(paragraph));
    }
    text
}

/// The paragraph in lines that fit a terminal; lines with an indentation stay as they are.
fn wrapped(paragraph: &str) -> String {
    const WIDTH: usize = 100;
    if paragraph.lines().any(|line| line.starts_with(' ')) {
        return format!("{paragraph}\n");
    }
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

fn list(pages: &[Page]) -> String {
    let mut text = String::new();
    for page in pages {
        writeln!(text, "  {}  {}", page.code, page.title).expect("a string takes everything");
    }
    text
}
