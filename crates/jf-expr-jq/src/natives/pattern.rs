//! Regular expressions, in linear time and within bounds.

use std::cell::RefCell;
use std::rc::Rc;

use jaq_core::Cv;
use jaq_core::native::{Fun, bome};
use jf_core::spi::EvalErrorKind;
use regex::{Regex, RegexBuilder};

use super::filter;
use crate::environment::Jq;
use crate::limits::meter;
use crate::value::{Error, Val, ValR, fault, mismatch};

/// Sizes of compiled patterns, and the longest text that each may be run on: the product bounds the time of one search.
const TIERS: [(usize, usize); 2] = [(16 * 1024, 1024 * 1024), (256 * 1024, 64 * 1024)];

/// Compiled patterns that a thread keeps. Patterns are constants of programs nearly always.
const KEPT: usize = 32;

pub(super) fn natives() -> [Fun<Jq>; 4] {
    [
        filter("test", 2, |cv| bome(is_match(cv))),
        filter("matches", 2, |cv| bome(run(cv, Parts { rest: false, matches: true }))),
        filter("split_matches", 2, |cv| bome(run(cv, Parts { rest: true, matches: true }))),
        filter("split_", 2, |cv| bome(run(cv, Parts { rest: true, matches: false }))),
    ]
}

/// What of a text is wanted.
struct Parts {
    /// What stands between matches.
    rest: bool,
    matches: bool,
}

fn run(mut cv: Cv<'_, Jq>, parts: Parts) -> ValR {
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let (text, compiled, flags) = prepared(&cv.1, &pattern, &flags)?;
    find(text, &compiled.regex, flags, &parts)
}

/// Whether there is a match, which is found faster than what it consists of.
fn is_match(mut cv: Cv<'_, Jq>) -> ValR {
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let (text, compiled, flags) = prepared(&cv.1, &pattern, &flags)?;
    meter::spend_bytes(text.len())?;
    if flags.skip_empty {
        return find(text, &compiled.regex, flags, &Parts { rest: false, matches: true })
            .map(|found| Val::Bool(found.size() > 2));
    }
    Ok(Val::Bool(compiled.regex.is_match(text)))
}

fn prepared<'v>(text: &'v Val, pattern: &Val, flags: &Val) -> Result<(&'v str, Rc<Compiled>, Flags), Error> {
    let text = text.as_str().ok_or_else(|| mismatch(format!("{} cannot be matched", text.type_name())))?;
    let pattern = pattern.as_str().ok_or_else(|| mismatch("a pattern must be a string"))?;
    let flags = match flags {
        Val::Null => Flags::default(),
        Val::Str(flags) => Flags::parse(flags.as_str())?,
        other => return Err(mismatch(format!("flags must be a string, not {}", other.type_name()))),
    };
    let compiled = compiled(pattern, flags)?;
    if text.len() > compiled.longest_text {
        return Err(fault(EvalErrorKind::Function, "text too long for this pattern"));
    }
    Ok((text, compiled, flags))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Flags {
    global: bool,
    skip_empty: bool,
    ignore_case: bool,
    extended: bool,
    single_line: bool,
    multi_line: bool,
    swap_greed: bool,
}

impl Flags {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut flags = Self::default();
        for flag in text.chars() {
            match flag {
                'g' => flags.global = true,
                'n' => flags.skip_empty = true,
                'i' => flags.ignore_case = true,
                'x' => flags.extended = true,
                's' => flags.single_line = true,
                'm' => flags.multi_line = true,
                'l' => flags.swap_greed = true,
                'p' => (flags.single_line, flags.multi_line) = (true, true),
                _ => return Err(fault(EvalErrorKind::Function, "invalid regex flag")),
            }
        }
        Ok(flags)
    }
}

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    longest_text: usize,
}

/// A pattern that a thread keeps.
type Kept = (Flags, Box<str>, Rc<Compiled>);

/// A pattern of this thread, compiled once.
fn compiled(pattern: &str, flags: Flags) -> Result<Rc<Compiled>, Error> {
    thread_local! {
        static PATTERNS: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
    }
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(at) = patterns.iter().position(|(f, p, _)| *f == flags && **p == *pattern) {
            // Those used last stand in front.
            patterns[..=at].rotate_right(1);
        } else {
            let fresh = Rc::new(compile(pattern, flags)?);
            patterns.truncate(KEPT - 1);
            patterns.insert(0, (flags, pattern.into(), fresh));
        }
        // Shared, and not copied: a copied pattern begins with empty caches.
        Ok(Rc::clone(&patterns[0].2))
    })
}

fn compile(pattern: &str, flags: Flags) -> Result<Compiled, Error> {
    // The clock is looked at once more for each compilation: some tens of microseconds.
    meter::spend_bytes(pattern.len().saturating_mul(1024))?;
    let build = |size| {
        RegexBuilder::new(pattern)
            .case_insensitive(flags.ignore_case)
            .ignore_whitespace(flags.extended)
            .dot_matches_new_line(flags.single_line)
            .multi_line(flags.multi_line)
            .swap_greed(flags.swap_greed)
            .size_limit(size)
            .dfa_size_limit(size)
            .nest_limit(64)
            .build()
    };
    for (size, longest_text) in TIERS {
        match build(size) {
            Ok(regex) => return Ok(Compiled { regex, longest_text }),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(_) => return Err(fault(EvalErrorKind::Function, "invalid regex")),
        }
    }
    Err(fault(EvalErrorKind::Function, "regex too large"))
}

fn find(text: &str, regex: &Regex, flags: Flags, parts: &Parts) -> ValR {
    let mut found = Vec::new();
    let mut characters = Characters::default();
    let mut end = 0;
    meter::spend_bytes(text.len())?;
    for captures in regex.captures_iter(text) {
        let whole = captures.get_match();
        // The next search may look at all that is left.
        meter::spend_bytes(text.len() - whole.start())?;
        meter::tick()?;
        if flags.skip_empty && whole.is_empty() {
            continue;
        }
        if parts.rest {
            found.push(Val::str(&text[end..whole.start()]));
            end = whole.end();
        }
        if parts.matches {
            let groups = captures.iter().zip(regex.capture_names()).enumerate();
            found.push(Val::array(
                groups
                    .map(|(i, (group, name))| describe(group, (i > 0).then_some(name), text, &mut characters))
                    .collect(),
            ));
        }
        if !flags.global {
            break;
        }
    }
    if parts.rest {
        found.push(Val::str(&text[end..]));
    }
    Ok(Val::array(found))
}

/// A group as an object; `name` is of groups only, the whole match has none.
fn describe(
    group: Option<regex::Match<'_>>,
    name: Option<Option<&str>>,
    text: &str,
    characters: &mut Characters,
) -> Val {
    let (offset, length, string) = match group {
        Some(group) => (
            Val::from(characters.at(text, group.start())),
            Val::from(group.as_str().chars().count()),
            Val::str(group.as_str()),
        ),
        None => (Val::from(-1_isize), Val::from(0_usize), Val::Null),
    };
    let mut members = vec![("offset", offset), ("length", length), ("string", string)];
    if let Some(name) = name {
        members.push(("name", name.map_or(Val::Null, Val::str)));
    }
    Val::object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// From byte to character positions, in one pass as long as the positions ascend.
#[derive(Debug, Default)]
struct Characters {
    bytes: usize,
    characters: usize,
}

impl Characters {
    fn at(&mut self, text: &str, byte: usize) -> usize {
        if byte < self.bytes {
            // Groups within a match may step back.
            return self.characters - text[byte..self.bytes].chars().count();
        }
        self.characters += text[self.bytes..byte].chars().count();
        self.bytes = byte;
        self.characters
    }
}
