//! From text to the syntax tree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use jaq_core::load::lex::{Lexer, Token};
use jaq_core::load::parse::{Parser, Term};
use jf_core::spi::CompileError;

use super::errors;

/// Longest program, in bytes.
const SOURCE_BYTES: usize = 64 * 1024;

/// Nesting that is compiled on the stack of the caller.
const SMALL: usize = 64;

/// Stack per level of nesting, generously: the parser is recursive, and frames are large without optimisation.
const STACK_PER_LEVEL: usize = 8 * 1024;

/// Words that open a part which may hold another of its kind.
const OPENING: [&str; 14] = [
    "if", "then", "elif", "else", "def", "as", "try", "catch", "label", "reduce", "foreach", "and", "or",
    "import",
];

/// Runs what compiles `source` where there is stack enough for its nesting: lexer, parser and compiler recurse.
pub(super) fn with_stack_for<T: Send>(
    source: &str,
    compile: impl FnOnce() -> Result<T, CompileError> + Send,
) -> Result<T, CompileError> {
    if source.len() > SOURCE_BYTES {
        return Err(CompileError::new(format!("longer than {SOURCE_BYTES} bytes")));
    }
    let guarded = || catch_unwind(AssertUnwindSafe(compile)).unwrap_or_else(|_| Err(internal()));
    match most_nesting(source) {
        levels if levels <= SMALL => guarded(),
        levels => thread::scope(|scope| {
            let builder = thread::Builder::new().stack_size((levels + SMALL) * STACK_PER_LEVEL);
            let thread = builder.spawn_scoped(scope, guarded).map_err(|_| internal())?;
            thread.join().unwrap_or_else(|_| Err(internal()))
        }),
    }
}

fn internal() -> CompileError {
    CompileError::new("the compiler cannot cope with this program")
}

/// More than the nesting of a program can be: each level takes one of these signs or words.
fn most_nesting(source: &str) -> usize {
    let signs = source.bytes().filter(|sign| b"([{|=!<>+-*/%?,".contains(sign)).count();
    let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.' && c != '$');
    signs + words.filter(|word| OPENING.contains(word)).count()
}

/// The syntax tree of a program.
pub(super) fn parse(source: &str) -> Result<Term<&str>, CompileError> {
    let tokens = Lexer::new(source).lex().map_err(|found| errors::unreadable(source, found))?;
    if let Some(Token(word @ ("import" | "include" | "module"), _)) = tokens.first() {
        return Err(errors::at(source, word, "modules are not offered: a program is one text".to_owned()));
    }
    Parser::new(&tokens).parse(Parser::term).map_err(|found| errors::unexpected(source, found))
}
