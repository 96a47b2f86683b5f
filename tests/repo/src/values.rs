//! Where JSON values that nobody knows are read by `serde_json` alone.
//!
//! Its own reading of a `Value` depends on the features that other crates of the program turn on, and takes some names of members for
//! something of its own. `jf_core::exact_json` and `jf_core::read_json` do not.

use crate::lexer::{Token, TokenKind, tokens};

const READERS: [&str; 4] = ["from_str", "from_slice", "from_reader", "from_value"];

/// The lines of a source file that read a value so, tests left out: members of types that derive `Deserialize`, and calls that do not name another
/// type. What is part of the program text itself (`include_str!`) may be read so.
///
/// ```
/// use jf_repo_tests::plain_values;
///
/// let good = r#"
/// #[derive(Deserialize)]
/// struct Stored { #[serde(deserialize_with = "exact_json::read")] output: Value, name: String }
/// fn f() { serde_json::from_str::<String>(text); serde_json::from_str(include_str!("a.json")); }
/// "#;
/// assert!(plain_values(good).is_empty());
/// let bad = "#[derive(Serialize, Deserialize)]
/// struct Stored { name: Map<String, u8>,
///   more: Map<String, Value>, }
/// fn f() { serde_json::from_slice(text);
///   serde_json::from_value::<Vec<Value>>(text);
///   Value::deserialize(reader);
///   text.parse::<Value>(); }";
/// assert_eq!(plain_values(bad), [3, 4, 5, 6, 7]);
/// ```
#[must_use]
pub fn plain_values(text: &str) -> Vec<usize> {
    let all = tokens(text);
    let tokens: Vec<Token<'_>> =
        all.into_iter().filter(|token| !matches!(token.kind, TokenKind::Comment(_))).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if starts(rest, "# [ cfg ( test ) ]") {
            at += 7 + item(&rest[7..]);
        } else if starts(rest, "# [ derive (") {
            let attribute = group(&rest[1..]) + 1;
            let derived = &rest[..attribute];
            at += attribute;
            if derived.iter().any(|token| token.kind == TokenKind::Word("Deserialize")) {
                let item = &tokens[at..at + item(&tokens[at..])];
                members(item, &mut found);
                at += item.len();
            }
        } else {
            if is_plain_call(rest) {
                found.push(rest[0].line);
            }
            at += 1;
        }
    }
    found
}

/// Whether the tokens begin like that.
fn starts(tokens: &[Token<'_>], text: &str) -> bool {
    let mut tokens = tokens.iter();
    text.split(' ').all(|part| match tokens.next().map(|token| token.kind) {
        Some(TokenKind::Word(word)) => word == part,
        Some(TokenKind::Punct(punct)) => part.chars().eq([punct]),
        _ => false,
    })
}

/// How many tokens the item has, with attributes before it: to the end of its braces, or to a semicolon.
fn item(tokens: &[Token<'_>]) -> usize {
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].kind {
            TokenKind::Punct(';') => return at + 1,
            TokenKind::Punct('{') => return at + group(&tokens[at..]),
            TokenKind::Punct('(' | '[') => at += group(&tokens[at..]),
            _ => at += 1,
        }
    }
    at
}

/// How many tokens there are from a bracket to the one that closes it.
fn group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Punct('(' | '[' | '{') => depth += 1,
            TokenKind::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The lines of members that are or hold a `Value` and do not say how it is read.
fn members(item: &[Token<'_>], found: &mut Vec<usize>) {
    let (mut at, mut angles, mut is_exact) = (0, 0_usize, false);
    while at < item.len() {
        match item[at].kind {
            TokenKind::Punct('#') => {
                let attribute = group(&item[at + 1..]);
                let says = |token: &Token<'_>| matches!(token.kind, TokenKind::Str(text) if text.ends_with("exact_json::read"));
                is_exact |= item[at + 1..][..attribute].iter().any(says);
                at += attribute;
            }
            TokenKind::Punct('<') => angles += 1,
            TokenKind::Punct('>') => angles = angles.saturating_sub(1),
            TokenKind::Punct(',' | '}') if angles == 0 => is_exact = false,
            TokenKind::Word("Value") if !is_exact => found.push(item[at].line),
            _ => {}
        }
        at += 1;
    }
}

/// Whether a value may be what is read here.
fn is_plain_call(tokens: &[Token<'_>]) -> bool {
    if starts(tokens, "Value : : deserialize") {
        return true;
    }
    let function = if starts(tokens, "parse : : <") {
        0
    } else {
        let reads = |name: &&str| starts(tokens, &format!("serde_json : : {name}"));
        if !READERS.iter().any(reads) || starts(&tokens[4..], "( include_str") {
            return false;
        }
        3
    };
    if !starts(&tokens[function + 1..], ": : <") {
        return true;
    }
    // A turbofish ends where its call begins.
    let types = tokens[function + 4..].iter().take_while(|token| token.kind != TokenKind::Punct('('));
    types.into_iter().any(|token| token.kind == TokenKind::Word("Value"))
}
