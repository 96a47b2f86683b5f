//! Regular expressions of definitions (DEF-160).

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, RepetitionKind, Visitor, parse::Parser};

use crate::text::written_as_text;

/// The most memory that one compiled pattern may take.
const MOST_BYTES: usize = 1024 * 1024;

/// A regular expression that is searched for anywhere in a text, in time linear in its length (DEF-160).
///
/// ```
/// use jf_dsl::Pattern;
///
/// let pattern = Pattern::parse("^sess").unwrap();
/// assert!(pattern.is_found_in("session") && !pattern.is_found_in("my-session"));
/// assert!(Pattern::parse("(?=a)").is_err() && Pattern::parse("a++").is_err());
/// ```
#[derive(Clone)]
pub struct Pattern {
    text: Arc<str>,
    regex: Regex,
}

/// The text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidPattern {
    reason: String,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// When it is no regular expression, uses look-around, back-references or possessive quantifiers, or is too large.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidPattern> {
        let text = text.into();
        let invalid = |reason: String| InvalidPattern { reason };
        // The messages of the parser show the pattern over several lines; their last line says what is wrong.
        let reason = |error: String| {
            let last = error.lines().last().unwrap_or_default().trim();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        };
        let tree = Parser::new().parse(&text).map_err(|error| invalid(reason(error.to_string())))?;
        ast::visit(&tree, Possessive)
            .map_err(|()| invalid("possessive quantifiers are not available".into()))?;
        let regex = RegexBuilder::new(&text).size_limit(MOST_BYTES).dfa_size_limit(MOST_BYTES).build();
        let regex = regex.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => invalid("it is too large when compiled".into()),
            error => invalid(reason(error.to_string())),
        })?;
        Ok(Self { text, regex })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is found anywhere in the text.
    #[must_use]
    pub fn is_found_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

written_as_text!(Pattern, "pattern", { "format": "regex" });

/// Finds `a++` and its like. Elsewhere they are possessive quantifiers; this parser would read a repeated repetition.
struct Possessive;

impl Visitor for Possessive {
    type Output = ();
    type Err = ();

    fn finish(self) -> Result<(), ()> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
        match ast {
            Ast::Repetition(outer)
                if matches!(*outer.ast, Ast::Repetition(_)) && outer.op.kind == RepetitionKind::OneOrMore =>
            {
                Err(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn def_160_patterns_are_the_safe_subset() {
        for good in ["a", "^a.*b$", "[a-z+]+", "(?:a+)+", r"\++", "a{2,3}?", "(?i)abc", r"\bx\b", "a}+"] {
            assert!(Pattern::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["(", "[a", "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "a++", "a*+", "a?+", "a{2}+", "a{9999999}"]
        {
            let refused = Pattern::parse(bad).unwrap_err().to_string();
            assert!(!refused.is_empty() && !refused.contains('\n'), "{bad}: {refused}");
        }
    }
}
