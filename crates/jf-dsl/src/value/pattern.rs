//! Regular expressions of definitions (DEF-160).

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{
    self, Ast, ClassSet, ClassSetItem, RepetitionKind, RepetitionRange, Visitor, parse::Parser,
};

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

/// Roughly how large a pattern becomes when it is compiled: the characters it matches, classes counted as many, times how
/// often they are repeated. It is told by the grammar alone, before anything is compiled.
///
/// Patterns of schemas have a grammar of their own; what this parser does not read counts by its length.
pub(crate) fn weight(text: &str) -> usize {
    match Parser::new().parse(text) {
        Ok(tree) => weight_of(&tree),
        Err(_) => text.len().saturating_mul(WEIGHT_OF_CLASS),
    }
}

/// A class such as `\w` or `\d`.
const WEIGHT_OF_CLASS: usize = 100;
/// A class such as `\p{L}`, which has hundreds of ranges.
const WEIGHT_OF_UNICODE_CLASS: usize = 400;
const WEIGHT_OF_DOT: usize = 10;
const WEIGHT_OF_RANGE: usize = 4;

/// The depth of the tree is bounded by the parser.
fn weight_of(tree: &Ast) -> usize {
    match tree {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) | Ast::Literal(_) => 1,
        Ast::Dot(_) => WEIGHT_OF_DOT,
        Ast::ClassPerl(_) => WEIGHT_OF_CLASS,
        Ast::ClassUnicode(_) => WEIGHT_OF_UNICODE_CLASS,
        Ast::ClassBracketed(class) => weight_of_set(&class.kind),
        Ast::Group(group) => weight_of(&group.ast).saturating_add(1),
        Ast::Alternation(several) => weight_of_all(&several.asts),
        Ast::Concat(several) => weight_of_all(&several.asts),
        Ast::Repetition(repetition) => {
            let most = match &repetition.op.kind {
                RepetitionKind::Range(
                    RepetitionRange::Exactly(times)
                    | RepetitionRange::AtLeast(times)
                    | RepetitionRange::Bounded(_, times),
                ) => usize::try_from(*times).unwrap_or(usize::MAX),
                _ => 1,
            };
            weight_of(&repetition.ast).saturating_mul(most.max(1)).saturating_add(1)
        }
    }
}

fn weight_of_all(trees: &[Ast]) -> usize {
    trees.iter().map(weight_of).fold(0, usize::saturating_add)
}

fn weight_of_set(set: &ClassSet) -> usize {
    match set {
        ClassSet::Item(item) => weight_of_item(item),
        ClassSet::BinaryOp(operation) => {
            weight_of_set(&operation.lhs).saturating_add(weight_of_set(&operation.rhs))
        }
    }
}

fn weight_of_item(item: &ClassSetItem) -> usize {
    match item {
        ClassSetItem::Empty(_) | ClassSetItem::Literal(_) => 1,
        ClassSetItem::Range(_) | ClassSetItem::Ascii(_) => WEIGHT_OF_RANGE,
        ClassSetItem::Perl(_) => WEIGHT_OF_CLASS,
        ClassSetItem::Unicode(_) => WEIGHT_OF_UNICODE_CLASS,
        ClassSetItem::Bracketed(class) => weight_of_set(&class.kind),
        ClassSetItem::Union(union) => union.items.iter().map(weight_of_item).fold(0, usize::saturating_add),
    }
}

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
    use super::{Pattern, weight};

    #[test]
    fn def_014_the_weight_of_a_pattern_grows_with_what_it_compiles_to() {
        assert!(weight("^[A-Z]{2}[0-9]+$") < 50);
        assert!(weight(r"^[\p{L}\p{N} .'-]{1,40}$") < 50_000);
        assert!(weight(r"[\w\W]{1,900}") > 100_000);
        assert!(weight(&r"\pL".repeat(100_000)) > 10_000_000);
        assert_eq!(
            weight("(((a{9999}){9999}){9999}){9999}"),
            9999_usize.pow(4) + 2 * 9999_usize.pow(3) + 2 * 9999_usize.pow(2) + 2 * 9999 + 1,
            "each group and each repetition adds one"
        );
        assert_eq!(weight(&format!("{}a{}", "(".repeat(20), "{99999}){99999}".repeat(20))), usize::MAX);
        assert_eq!(weight("(?=a)"), 500, "a grammar of its own");
    }

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
