//! `jf explain`: the page behind a diagnostic code.

use std::fmt::Write as _;

use clap::Args;
use jf_dsl::{Code, RuleInfo};

use super::Exit;
use super::report::pages;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jf explain JF3002\n  jf explain       list all codes")]
pub(super) struct ExplainArgs {
    /// A code such as JF3002; without one, all codes are listed
    code: Option<String>,
}

pub(super) fn explain(args: &ExplainArgs, output: &mut Output) -> Exit {
    let pages = pages();
    let Some(wanted) = &args.code else {
        return output.print(&list(&pages));
    };
    let code = wanted.parse::<Code>();
    if let Some(page) = pages.iter().find(|page| code == Ok(page.code)) {
        return output.print(&wrapped(&page.page()));
    }
    let upper = wanted.to_ascii_uppercase();
    let codes: Vec<String> = pages.iter().map(|page| page.code.to_string()).collect();
    let near = jf_dsl::closest(&upper, codes.iter().map(String::as_str));
    let help = near.map(|near| format!("did you mean {near}?"));
    output.error(&format!("there is no diagnostic code `{wanted}`"), help.as_deref());
    output.note("these are all codes:");
    output.tell(&list(&pages));
    Exit::Usage
}

/// The page in lines that fit a terminal; lines with an indentation are code and stay as they are.
fn wrapped(page: &str) -> String {
    const WIDTH: usize = 100;
    let mut text = String::new();
    for line in page.lines() {
        if line.starts_with(' ') || line.starts_with('|') {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        let mut column = 0;
        for word in line.split_whitespace() {
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
    }
    text
}

fn list(pages: &[&RuleInfo]) -> String {
    let mut text = String::new();
    for page in pages {
        writeln!(text, "  {}  {}", page.code, page.title).expect("a string takes everything");
    }
    text
}
