//! From text to the syntax tree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use jaq_core::load::lex::{Lexer, Token};
use jaq_core::load::parse::{Parser, Term};
use jf_core::spi::CompileError;

use super::errors;
use super::prepare::DEEPEST;

/// Longest program, in bytes.
const SOURCE_BYTES: usize = 64 * 1024;

/// Deepest brackets, strings with insertions included.
const BRACKETS: usize = 128;

/// Most operators, and words that nest without brackets.
const OPERATORS: usize = 8192;

/// Stack that the compiler may use of its caller; programs that might need more are compiled on a stack of their own.
const STACK_BORROWED: usize = 512 * 1024;

/// Frames without optimisation are that much larger.
const FRAME: usize = if cfg!(debug_assertions) { 4 } else { 1 };

/// Stack of the lexer and the parser for each sign that may nest, measured and rounded up.
const STACK_PER_BRACKET: usize = 5 * 1024 * FRAME;
const STACK_PER_PREFIX: usize = 4 * 1024 * FRAME;
const STACK_PER_OPERATOR: usize = 512 * FRAME;
const STACK_PER_COMMA: usize = 64 * FRAME;

/// Stack of everything after the parser, per level of the tree that comes through.
const STACK_PER_LEVEL: usize = 2 * 1024 * FRAME;

/// Words that open a part which may hold another of its kind.
const OPENING: [&str; 13] =
    ["if", "then", "elif", "else", "def", "as", "try", "catch", "label", "reduce", "foreach", "and", "or"];

/// Runs what compiles `source` where there is stack enough for it: lexer, parser and compiler recurse.
pub(super) fn with_stack_for<T: Send>(
    source: &str,
    compile: impl FnOnce() -> Result<T, CompileError> + Send,
) -> Result<T, CompileError> {
    if source.len() > SOURCE_BYTES {
        return Err(CompileError::new(format!("longer than {SOURCE_BYTES} bytes")));
    }
    let nesting = Nesting::of(source)?;
    let guarded = || catch_unwind(AssertUnwindSafe(compile)).unwrap_or_else(|_| Err(internal()));
    let stack = nesting.stack();
    if stack <= STACK_BORROWED {
        return guarded();
    }
    thread::scope(|scope| {
        let thread =
            thread::Builder::new().stack_size(stack).spawn_scoped(scope, guarded).map_err(|_| internal())?;
        thread.join().unwrap_or_else(|_| Err(internal()))
    })
}

fn internal() -> CompileError {
    CompileError::new("the compiler cannot cope with this program")
}

/// How deep a program may nest, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nesting {
    brackets: usize,
    /// Words and signs in front of what they apply to.
    prefixes: usize,
    operators: usize,
    commas: usize,
}

impl Nesting {
    fn of(source: &str) -> Result<Self, CompileError> {
        let brackets = brackets(source);
        let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.' && c != '$');
        let count = |signs: &[u8]| source.bytes().filter(|sign| signs.contains(sign)).count();
        let prefixes = count(b"-") + words.filter(|word| OPENING.contains(word)).count();
        let operators = count(b"|=!<>+*/%?");
        if brackets > BRACKETS {
            return Err(CompileError::new(format!("brackets nested deeper than {BRACKETS} levels")));
        }
        if prefixes + operators > OPERATORS {
            return Err(CompileError::new(format!("more than {OPERATORS} operators")));
        }
        Ok(Self { brackets, prefixes, operators, commas: count(b",") })
    }

    fn stack(self) -> usize {
        let Self { brackets, prefixes, operators, commas } = self;
        let parser = brackets * STACK_PER_BRACKET
            + prefixes * STACK_PER_PREFIX
            + operators * STACK_PER_OPERATOR
            + commas * STACK_PER_COMMA;
        let levels = (brackets + prefixes + operators + commas).min(DEEPEST);
        64 * 1024 + parser + levels * STACK_PER_LEVEL
    }
}

/// The deepest nesting of brackets, and of strings with insertions. After a bracket that closes nothing, or closes another kind, the
/// lexer goes no deeper; what is counted from there on does not matter.
fn brackets(source: &str) -> usize {
    let mut deepest = 0;
    let mut open: Vec<char> = Vec::new();
    let mut rest = source.chars();
    while let Some(sign) = rest.next() {
        match (open.last() == Some(&'"'), sign) {
            (true, '\\') => open.extend(rest.next().filter(|escaped| *escaped == '(')),
            (true, '"') | (false, ')' | ']' | '}') => drop(open.pop()),
            (true, _) => {}
            (false, '(' | '[' | '{' | '"') => open.push(sign),
            (false, '#') => rest = after_comment(rest.as_str()).chars(),
            (false, _) => {}
        }
        deepest = deepest.max(open.len());
    }
    deepest
}

/// What follows a comment. It goes on where a line ends with an odd number of backslashes.
fn after_comment(mut rest: &str) -> &str {
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.strip_suffix('\r').unwrap_or(line);
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        if backslashes % 2 == 0 || after.is_empty() {
            return after;
        }
        rest = after;
    }
}

/// The syntax tree of a program.
pub(super) fn parse(source: &str) -> Result<Term<&str>, CompileError> {
    let tokens = Lexer::new(source).lex().map_err(|found| errors::unreadable(source, found))?;
    if let Some(Token(word @ ("import" | "include" | "module"), _)) = tokens.first() {
        return Err(errors::at(source, word, "modules are not offered: a program is one text".to_owned()));
    }
    Parser::new(&tokens).parse(Parser::term).map_err(|found| errors::unexpected(source, found))
}

#[cfg(test)]
mod tests {
    use super::{Nesting, brackets};

    #[test]
    fn brackets_are_counted_where_they_nest() {
        assert_eq!(brackets("([{}])(())"), 3);
        assert_eq!(brackets(r#""((((" | "\"((" "#), 1);
        assert_eq!(brackets(r#""\((1))" "#), 3);
        assert_eq!(brackets(r#""\("\("\(1)")")" "#), 6);
        assert_eq!(brackets("# (((\n( # ))) \\\n )))\n(("), 3);
        assert_eq!(brackets(")))("), 1);
    }

    #[test]
    fn words_count_where_they_open() {
        let nesting = Nesting::of(".if | $as | if . then reduce . as $x (1, 2; 3) else ifs end").unwrap();
        assert_eq!(nesting, Nesting { brackets: 1, prefixes: 5, operators: 2, commas: 1 });
    }
}
