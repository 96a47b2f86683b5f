//! Citations in Rust sources.

use crate::lexer::{Comment, Place, Token, TokenKind, tokens};
use crate::spec::Spec;
use crate::trace::{Kind, Sink};
use crate::{ids_in_name, ids_in_text};

/// Reads one source file. `all_tests` says that everything in it is test code, because of where it lies.
pub(crate) fn read(spec: &Spec, text: &str, all_tests: bool, sink: &mut Sink<'_>) {
    let mut scanner =
        Scanner { spec, sink, all_tests, depth: 0, modules: Vec::new(), pending: Pending::default() };
    let tokens = tokens(text);
    let mut at = 0;
    while at < tokens.len() {
        at = scanner.step(&tokens, at);
    }
    scanner.drop_pending();
}

struct Scanner<'a, 's> {
    spec: &'a Spec,
    sink: &'a mut Sink<'s>,
    all_tests: bool,
    depth: usize,
    modules: Vec<Module<'a>>,
    pending: Pending<'a>,
}

/// A module whose braces are open.
struct Module<'a> {
    name: &'a str,
    depth: usize,
    tests: bool,
}

/// What stands directly before the item to come.
#[derive(Default)]
struct Pending<'a> {
    comments: Vec<(usize, Comment<'a>)>,
    /// The line on which the last comment or attribute ends.
    last_line: usize,
    is_test: bool,
    is_cfg_test: bool,
}

impl<'a> Scanner<'a, '_> {
    /// Handles the token at `at`; returns the place of the next one.
    fn step(&mut self, tokens: &[Token<'a>], at: usize) -> usize {
        let Token { line, kind } = tokens[at];
        match kind {
            TokenKind::Comment(comment) => self.comment(line, comment),
            TokenKind::Punct('#') => return self.attribute(tokens, at),
            TokenKind::Word("fn") => {
                if let Some(TokenKind::Word(name)) = tokens.get(at + 1).map(|t| t.kind) {
                    self.function(tokens[at + 1].line, name);
                    return at + 2;
                }
            }
            TokenKind::Word("mod") => {
                if let (Some(TokenKind::Word(name)), Some(TokenKind::Punct('{'))) =
                    (tokens.get(at + 1).map(|t| t.kind), tokens.get(at + 2).map(|t| t.kind))
                {
                    self.depth += 1;
                    self.modules.push(Module { name, depth: self.depth, tests: self.pending.is_cfg_test });
                    self.drop_pending();
                    return at + 3;
                }
            }
            TokenKind::Punct('{') => {
                self.depth += 1;
                self.drop_pending();
            }
            TokenKind::Punct('}') => {
                self.drop_pending();
                if self.modules.last().is_some_and(|module| module.depth == self.depth) {
                    self.modules.pop();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            TokenKind::Punct(';') => self.drop_pending(),
            TokenKind::Str(text) => self.string(line, text),
            TokenKind::Word(_) | TokenKind::Punct(_) => {}
        }
        at + 1
    }

    fn in_tests(&self) -> bool {
        self.all_tests || self.modules.iter().any(|module| module.tests)
    }

    fn comment(&mut self, line: usize, comment: Comment<'a>) {
        if matches!(comment.place, Place::Inner | Place::Trailing) {
            return self.loose(line, comment);
        }
        self.reach(line, comment.last_line);
        self.pending.comments.push((line, comment));
    }

    /// `#[…]`: notes whether it makes a test, or test code.
    fn attribute(&mut self, tokens: &[Token<'a>], at: usize) -> usize {
        let inner = matches!(tokens.get(at + 1).map(|t| t.kind), Some(TokenKind::Punct('!')));
        let open = at + 1 + usize::from(inner);
        if !matches!(tokens.get(open).map(|t| t.kind), Some(TokenKind::Punct('['))) {
            return at + 1;
        }
        let (mut depth, mut end) = (0usize, open);
        for token in &tokens[open..] {
            match token.kind {
                TokenKind::Punct('[') => depth += 1,
                TokenKind::Punct(']') => depth -= 1,
                _ => {}
            }
            end += 1;
            if depth == 0 {
                break;
            }
        }
        if !inner {
            self.reach(tokens[at].line, tokens[end - 1].line);
            let content = &tokens[open + 1..end.saturating_sub(1).max(open + 1)];
            self.pending.is_test |= is_test(content);
            self.pending.is_cfg_test |= is_cfg_test(content);
        }
        end
    }

    fn function(&mut self, line: usize, name: &str) {
        self.reach(line, line);
        let pending = std::mem::take(&mut self.pending);
        let in_tests = self.in_tests() || pending.is_cfg_test;
        let mut found = Vec::new();
        if pending.is_test || in_tests {
            found.extend(ids_in_name(self.spec, name));
        }
        let kind = if pending.is_test { Kind::Test } else { Kind::Case };
        if pending.is_test {
            for module in &self.modules {
                found.extend(ids_in_name(self.spec, module.name));
            }
        }
        // The comment on a case belongs to the test too, but only the name makes a function a case.
        let is_case = found.iter().any(Result::is_ok);
        for (comment_line, comment) in pending.comments {
            if pending.is_test || is_case {
                found.extend(ids_in_text(self.spec, comment.text));
            } else {
                self.loose(comment_line, comment);
            }
        }
        self.sink.cite(kind, line, name, found);
    }

    fn string(&mut self, line: usize, text: &str) {
        if !self.in_tests() && text.len() <= 12 {
            let found = ids_in_text(self.spec, text);
            let whole = |id: &str| id == text;
            let is_id = |f: &Result<usize, String>| match f {
                Ok(place) => whole(&self.spec.rules()[*place].id),
                Err(id) => whole(id),
            };
            if found.len() == 1 && found.iter().all(is_id) {
                self.sink.cite(Kind::Source, line, "", found);
            }
        }
    }

    /// A comment that stands on no test.
    fn loose(&mut self, line: usize, comment: Comment<'a>) {
        let in_tests = self.in_tests();
        for (line, text) in (line..).zip(comment.text.lines()) {
            let found = ids_in_text(self.spec, text);
            if in_tests {
                self.sink.check(line, found);
            } else {
                self.sink.cite(Kind::Source, line, "", found);
            }
        }
    }

    fn drop_pending(&mut self) {
        for (line, comment) in std::mem::take(&mut self.pending).comments {
            self.loose(line, comment);
        }
    }

    /// Takes note of what stands on `first..=last` before an item. A blank line before it parts ordinary
    /// comments from the item; doc comments still belong to it.
    fn reach(&mut self, first: usize, last: usize) {
        if self.pending.last_line + 1 < first {
            let comments = std::mem::take(&mut self.pending.comments);
            let (kept, detached): (Vec<_>, _) =
                comments.into_iter().partition(|(_, c)| c.place == Place::Doc);
            self.pending.comments = kept;
            detached.into_iter().for_each(|(line, comment)| self.loose(line, comment));
        }
        self.pending.last_line = last;
    }
}

/// `test`, `tokio::test(…)`, `rstest::rstest` and the like: the last name of the path decides.
fn is_test(content: &[Token<'_>]) -> bool {
    let path = content.iter().take_while(|t| matches!(t.kind, TokenKind::Word(_) | TokenKind::Punct(':')));
    matches!(path.last().map(|t| t.kind), Some(TokenKind::Word("test" | "rstest" | "test_case")))
}

fn is_cfg_test(content: &[Token<'_>]) -> bool {
    let has = |word| content.iter().any(|t| t.kind == TokenKind::Word(word));
    matches!(content.first().map(|t| t.kind), Some(TokenKind::Word("cfg"))) && has("test") && !has("not")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Trace, Undefined};

    fn trace(path: &str, source: &str) -> (Vec<String>, Vec<String>) {
        let mut spec = Spec::default();
        spec.read("spec", "- **ENG-001** MUST. a\n- **ENG-002** MUST. b\n| RT-1 | MUST | c |\n");
        let mut trace = Trace::new(spec);
        trace.read(path, source);
        let mut seen = Vec::new();
        for (rule, citations) in trace.spec().rules().iter().zip(trace.citations()) {
            seen.extend(citations.iter().map(|c| format!("{} {:?}:{} {}", rule.id, c.kind, c.line, c.name)));
        }
        let undefined = |u: &Undefined| format!("{}:{}", u.id, u.line);
        (seen, trace.undefined().iter().map(undefined).collect())
    }

    fn cited(source: &str) -> Vec<String> {
        let (seen, undefined) = trace("crates/x/src/lib.rs", source);
        assert_eq!(undefined, [""; 0]);
        seen
    }

    #[test]
    fn a_test_cites_by_its_name_and_by_the_comment_on_it() {
        let source = "\
/// Holds ENG-002.
#[test]
fn eng_001_one() {}

// RT-1
#[tokio::test(flavor = \"current_thread\")]
#[expect(
    dead_code,
    reason = \"x\"
)]
pub(crate) async fn two() { // ENG-001
}
";
        assert_eq!(
            cited(source),
            [
                "ENG-001 Test:3 eng_001_one",
                "ENG-001 Source:11 ",
                "ENG-002 Test:3 eng_001_one",
                "RT-1 Test:11 two"
            ]
        );
    }

    #[test]
    fn a_comment_apart_from_the_test_is_not_on_it() {
        let source =
            "// ENG-001\n\n#[test]\nfn one() {}\nconst X: u8 = 1; // ENG-002\n#[test]\nfn two() {}\n";
        assert_eq!(cited(source), ["ENG-001 Source:1 ", "ENG-002 Source:5 "]);
    }

    #[test]
    fn a_doc_comment_holds_on_over_a_blank_line() {
        assert_eq!(cited("/// ENG-001\n\n#[test]\nfn one() {}\n"), ["ENG-001 Test:4 one"]);
    }

    #[test]
    fn property_tests_and_modules_around_tests_count() {
        let source = "\
#[cfg(test)]
mod eng_002 {
    proptest! {
        #![proptest_config(x)]
        /// RT-1: every run.
        #[test]
        fn one(x in 0..5) { let m = '}'; }
    }
}
#[test]
fn outside() {}
";
        assert_eq!(cited(source), ["ENG-002 Test:7 one", "RT-1 Test:7 one"]);
    }

    #[test]
    fn comments_and_whole_strings_in_code_say_what_it_implements() {
        let source = "\
//! ENG-001 in a page.
/// Serves RT-1
/// and ENG-002.
pub fn eng_001() { let rule = \"ENG-002\"; let text = \"see ENG-001 and so on\"; }
#[cfg(test)]
mod tests {
    // ENG-001 in passing
    const RULE: &str = \"ENG-777\";
}
";
        assert_eq!(
            cited(source),
            ["ENG-001 Source:1 ", "ENG-002 Source:3 ", "ENG-002 Source:4 ", "RT-1 Source:2 "]
        );
    }

    #[test]
    fn cases_of_a_suite_are_functions_named_after_a_rule_in_test_code() {
        let source =
            "/// ENG-002 too.\npub async fn eng_001_case<E: Engine>(e: E) {}\n// RT-1\nfn helper() {}\n";
        let (seen, _) = trace("crates/jf-testkit/src/suite.rs", source);
        assert_eq!(seen, ["ENG-001 Case:2 eng_001_case", "ENG-002 Case:2 eng_001_case"]);
    }

    #[test]
    fn undefined_ids_are_found_in_names_comments_and_strings() {
        let source = "/// ENG-9 is none, ENG-900 is\n#[test]\nfn rt_7_x() {}\n/// ENG-901\nfn f() { g(\"ENG-902\") }\nfn eng_903() {}\n";
        let (_, undefined) = trace("crates/x/src/lib.rs", source);
        assert_eq!(undefined, ["RT-7:3", "ENG-900:3", "ENG-901:4", "ENG-902:5"]);
        let (_, undefined) = trace("crates/x/tests/it.rs", "fn f() {\n    // ENG-904\n}\n");
        assert_eq!(undefined, ["ENG-904:2"]);
    }

    #[test]
    fn cfg_not_test_is_no_test_code() {
        assert_eq!(cited("#[cfg(not(test))]\nmod m { /* ENG-001 */ }\n"), ["ENG-001 Source:2 "]);
    }
}
