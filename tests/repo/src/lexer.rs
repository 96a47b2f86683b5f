//! Just enough of Rust's lexical grammar to tell comments, strings, names and brackets apart.
//!
//! Anything malformed runs to the end of the text: the compiler reports it better.

/// One token with the line it begins on, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) line: usize,
    pub(crate) kind: TokenKind<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    Comment(Comment<'a>),
    /// The content of a string literal, escapes untouched.
    Str(&'a str),
    /// An identifier, keyword or number.
    Word(&'a str),
    Punct(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    pub(crate) text: &'a str,
    /// The line it ends on.
    pub(crate) last_line: usize,
    pub(crate) place: Place,
}

/// What a comment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `///` or `/** */`: the item that follows.
    Doc,
    /// `//!` or `/*! */`: the item around it.
    Inner,
    /// An ordinary comment on lines of its own.
    OwnLine,
    /// An ordinary comment behind code.
    Trailing,
}

pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0, line: 1, code_on_line: false, out: Vec::new() };
    while let Some(c) = lexer.peek() {
        lexer.step(c);
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether a token other than a comment began on the current line.
    code_on_line: bool,
    out: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn step(&mut self, c: char) {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.comment(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.comment(block_comment_len(rest));
        } else if c.is_whitespace() {
            self.advance(c.len_utf8());
        } else if let Some((open, hashes)) = raw_string_start(rest) {
            let body = &rest[open..];
            let close = format!("\"{}", "#".repeat(hashes));
            let len = body.find(&close).unwrap_or(body.len());
            self.string(open, len, close.len());
        } else if let Some(open) = string_start(rest) {
            let len = quoted_len(&rest[open..], '"');
            self.string(open, len, 1);
        } else if c == '\'' {
            self.code(1, None);
            self.quote();
        } else if c.is_alphanumeric() || c == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.code(len, Some(TokenKind::Word(&rest[..len])));
        } else {
            self.code(c.len_utf8(), Some(TokenKind::Punct(c)));
        }
    }

    /// Behind a `'`: a character literal is skipped; a lifetime goes on as a word.
    fn quote(&mut self) {
        let rest = self.rest();
        let mut chars = rest.chars();
        let first = chars.next();
        if first == Some('\\') || chars.next() == Some('\'') {
            let len = quoted_len(rest, '\'');
            self.advance((len + 1).min(rest.len()));
        }
    }

    fn string(&mut self, open: usize, len: usize, close: usize) {
        let rest = self.rest();
        let content = &rest[open..open + len];
        self.code((open + len + close).min(rest.len()), Some(TokenKind::Str(content)));
    }

    fn comment(&mut self, len: usize) {
        let text = &self.rest()[..len];
        let line = self.line;
        let place = match text.as_bytes() {
            [b'/', b'/', b'/', b'/', ..] | [b'/', b'*', b'*', b'*', ..] | b"/**/" => self.ordinary(),
            [b'/', b'/', b'/', ..] | [b'/', b'*', b'*', ..] => Place::Doc,
            [b'/', b'/' | b'*', b'!', ..] => Place::Inner,
            _ => self.ordinary(),
        };
        self.advance(len);
        let comment = Comment { text, last_line: self.line, place };
        self.out.push(Token { line, kind: TokenKind::Comment(comment) });
    }

    fn ordinary(&self) -> Place {
        if self.code_on_line { Place::Trailing } else { Place::OwnLine }
    }

    fn code(&mut self, len: usize, kind: Option<TokenKind<'a>>) {
        let line = self.line;
        self.advance(len);
        self.code_on_line = true;
        self.out.extend(kind.map(|kind| Token { line, kind }));
    }

    fn advance(&mut self, len: usize) {
        let lines = self.rest()[..len].bytes().filter(|&b| b == b'\n').count();
        self.line += lines;
        if lines > 0 {
            self.code_on_line = false;
        }
        self.at += len;
    }
}

/// The length of a block comment; they nest.
fn block_comment_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// The length of a raw string's opening (`r#"`, `br"`, `cr"`) and its number of hashes.
fn raw_string_start(text: &str) -> Option<(usize, usize)> {
    let body = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let hashes = body.bytes().take_while(|&b| b == b'#').count();
    body[hashes..].starts_with('"').then(|| (text.len() - body.len() + hashes + 1, hashes))
}

/// The length of a plain string's opening: `"`, `b"`, `c"`.
fn string_start(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b'"', ..] => Some(1),
        [b'b' | b'c', b'"', ..] => Some(2),
        _ => None,
    }
}

/// The length up to the closing quote, which a backslash hides.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let show = |token: Token<'_>| match token.kind {
            TokenKind::Comment(c) => format!("{}:{:?}:{}", token.line, c.place, c.text),
            TokenKind::Str(s) => format!("{}:{s:?}", token.line),
            TokenKind::Word(w) => format!("{}:{w}", token.line),
            TokenKind::Punct(p) => format!("{}:{p}", token.line),
        };
        tokens(text).into_iter().map(show).collect()
    }

    #[test]
    fn comments_know_their_place() {
        assert_eq!(
            words("//! in\n/// doc\n// own\nx // behind\n/* a\n/* b */ */ y //// own\n/**/ z"),
            [
                "1:Inner://! in",
                "2:Doc:/// doc",
                "3:OwnLine:// own",
                "4:x",
                "4:Trailing:// behind",
                "5:OwnLine:/* a\n/* b */ */",
                "6:y",
                "6:Trailing://// own",
                "7:OwnLine:/**/",
                "7:z",
            ]
        );
    }

    #[test]
    fn strings_hide_comments_and_brackets() {
        assert_eq!(
            words(r####"a("// no { \" \\"); r#"raw " // no"#; b"x" cr##"y"#z"##"####),
            [
                "1:a",
                "1:(",
                r#"1:"// no { \\\" \\\\""#,
                "1:)",
                "1:;",
                r#"1:"raw \" // no""#,
                "1:;",
                "1:\"x\"",
                "1:\"y\\\"#z\""
            ]
        );
    }

    #[test]
    fn characters_are_not_lifetimes() {
        assert_eq!(words(r"'{' '\'' '\u{7d}' &'a str 'x: 'ß'"), ["1:&", "1:a", "1:str", "1:x", "1::"]);
    }

    #[test]
    fn raw_identifiers_and_lines_after_strings() {
        assert_eq!(words("r#fn \"a\nb\" c"), ["1:r", "1:#", "1:fn", "1:\"a\\nb\"", "2:c"]);
    }

    #[test]
    fn text_cut_off_anywhere_ends_quietly() {
        let text = r####"/// ß "x" \u{7d} r#"raw"# br##"y"##; 'a' '\'' &'a /* /* */ ß */ b"z\"" x//"####;
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            let (head, tail) = text.split_at(at);
            assert!(tokens(head).len() <= head.len());
            assert!(tokens(tail).len() <= tail.len());
        }
    }
}
