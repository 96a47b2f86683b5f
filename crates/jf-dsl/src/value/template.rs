//! Interpolated text (EXP-050 ff.).

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::path::{DotPath, InvalidDotPath, Members};
use super::text::value_to_text;
use crate::text::written_as_text;

/// Text with placeholders `${context.<path>}` and `${platform.<path>}`; `$${` writes a literal `${` (EXP-050, EXP-052).
///
/// ```
/// use jf_dsl::Template;
/// use serde_json::json;
///
/// let template = Template::parse("order ${context.order.id} costs $${5}").unwrap();
/// let text = template.render(&json!({ "order": { "id": 7 } }), &json!({})).unwrap();
/// assert_eq!(text, "order 7 costs ${5}");
/// assert!(template.render(&json!({}), &json!({})).is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: Arc<str>,
    parts: Arc<[Part]>,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    /// A range of `text` that is taken over as it is.
    Literal(Range<usize>),
    Placeholder(Placeholder),
}

written_as_text!(Template, "text with placeholders", {});

/// One `${…}` of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    root: PlaceholderRoot,
    path: DotPath,
}

/// What a [`Placeholder`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceholderRoot {
    /// The context of the current scope.
    Context,
    /// The `platform` binding (EXP-015).
    Platform,
}

/// The text is no template (EXP-051).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTemplate {
    /// A `${` without a closing `}`.
    #[error("the placeholder `{0}` is not closed")]
    Unclosed(String),
    /// A placeholder that starts with neither `context.` nor `platform.`.
    #[error("the placeholder `{0}` must start with `context.` or `platform.`")]
    Root(String),
    /// A placeholder whose path is none.
    #[error("the placeholder `{placeholder}` has an invalid path: {reason}")]
    Path {
        /// The placeholder as written.
        placeholder: String,
        /// What is wrong with its path.
        reason: InvalidDotPath,
    },
}

/// A placeholder found no value (EXP-054, `urn:journeyforge:error:interpolation`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not resolve")]
pub struct Unresolved(Placeholder);

impl Unresolved {
    /// The placeholder without a value.
    #[must_use]
    pub fn placeholder(&self) -> &Placeholder {
        &self.0
    }
}

impl InvalidTemplate {
    /// The placeholder at fault, as written; shortened when it is not closed.
    #[must_use]
    pub fn placeholder(&self) -> &str {
        match self {
            Self::Unclosed(placeholder) | Self::Root(placeholder) | Self::Path { placeholder, .. } => {
                placeholder
            }
        }
    }
}

impl Placeholder {
    /// What it reads.
    #[must_use]
    pub fn root(&self) -> PlaceholderRoot {
        self.root
    }

    /// Where it reads.
    #[must_use]
    pub fn path(&self) -> &DotPath {
        &self.path
    }

    /// The key `k` of a placeholder under `platform.config.k`.
    #[must_use]
    pub fn config_key(&self) -> Option<&str> {
        let mut segments = self.path.segments();
        match self.root {
            PlaceholderRoot::Platform if segments.next() == Some("config") => segments.next(),
            _ => None,
        }
    }

    fn parse(inner: &str) -> Result<Self, InvalidTemplate> {
        let written = || format!("${{{inner}}}");
        let (root, path) = if let Some(path) = inner.strip_prefix("context.") {
            (PlaceholderRoot::Context, path)
        } else if let Some(path) = inner.strip_prefix("platform.") {
            (PlaceholderRoot::Platform, path)
        } else {
            return Err(InvalidTemplate::Root(written()));
        };
        match DotPath::parse(path) {
            Ok(path) => Ok(Self { root, path }),
            Err(reason) => Err(InvalidTemplate::Path { placeholder: written(), reason }),
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = match self.root {
            PlaceholderRoot::Context => "context",
            PlaceholderRoot::Platform => "platform",
        };
        write!(f, "${{{root}.{}}}", self.path)
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// When a placeholder is not closed, starts with neither `context.` nor `platform.`, or has no valid path.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidTemplate> {
        let text = text.into();
        let mut parts = Vec::new();
        let mut literal = 0;
        let mut search = 0;
        while let Some(found) = text[search..].find("${") {
            let at = search + found;
            let escaped = at > literal && text.as_bytes()[at - 1] == b'$';
            push_literal(&mut parts, literal..if escaped { at - 1 } else { at });
            if escaped {
                literal = at;
                search = at + 2;
                continue;
            }
            let inner = &text[at + 2..];
            let end = inner.find('}').ok_or_else(|| InvalidTemplate::Unclosed(excerpt(&text[at..])))?;
            parts.push(Part::Placeholder(Placeholder::parse(&inner[..end])?));
            literal = at + 2 + end + 1;
            search = literal;
        }
        push_literal(&mut parts, literal..text.len());
        Ok(Self { text, parts: parts.into() })
    }

    /// The text as written, escapes included.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.text
    }

    /// Whether there is no placeholder.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.placeholders().next().is_none()
    }

    /// The placeholders in the order they stand.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder(placeholder) => Some(placeholder),
        })
    }

    /// The text before the first placeholder, with escapes resolved.
    #[must_use]
    pub fn literal_prefix(&self) -> Cow<'_, str> {
        let literals = self.parts.iter().map_while(|part| match part {
            Part::Literal(range) => Some(&self.text[range.clone()]),
            Part::Placeholder(_) => None,
        });
        let mut literals = literals.peekable();
        match (literals.next(), literals.peek()) {
            (None, _) => Cow::Borrowed(""),
            (Some(only), None) => Cow::Borrowed(only),
            (Some(first), Some(_)) => {
                Cow::Owned(first.chars().chain(literals.flat_map(str::chars)).collect())
            }
        }
    }

    /// The text with every placeholder replaced by its value as text (EXP-053, DEF-202). Insertions are not scanned
    /// for placeholders again (EXP-058).
    ///
    /// # Errors
    ///
    /// When a placeholder finds no value (EXP-054).
    pub fn render(
        &self,
        context: &(impl Members + ?Sized),
        platform: &(impl Members + ?Sized),
    ) -> Result<Cow<'_, str>, Unresolved> {
        self.render_with(context, platform, |out, _, text| {
            out.push_str(text);
            Ok(())
        })
    }

    /// The text as a URL (EXP-055): inserted text is percent-encoded except unreserved characters, but `platform`
    /// placeholders and placeholders before the end of the authority are inserted verbatim.
    ///
    /// Whether the result is an absolute `http(s)` URL is for the caller to check.
    ///
    /// # Errors
    ///
    /// When a placeholder finds no value (EXP-054).
    pub fn render_url(
        &self,
        context: &(impl Members + ?Sized),
        platform: &(impl Members + ?Sized),
    ) -> Result<Cow<'_, str>, Unresolved> {
        let verbatim = self.placeholders_up_to_authority();
        let mut index = 0;
        self.render_with(context, platform, |out, placeholder, text| {
            let in_authority = index < verbatim && !authority_has_ended(out);
            if in_authority || placeholder.root == PlaceholderRoot::Platform {
                out.push_str(text);
            } else {
                out.extend(utf8_percent_encode(text, EXCEPT_UNRESERVED));
            }
            index += 1;
            Ok(())
        })
    }

    /// The text with every placeholder's value put in by `insert`, which gets the text so far, the placeholder and its
    /// value as text.
    ///
    /// # Errors
    ///
    /// When a placeholder finds no value (EXP-054), or `insert` refuses.
    pub fn render_with<E: From<Unresolved>>(
        &self,
        context: &(impl Members + ?Sized),
        platform: &(impl Members + ?Sized),
        mut insert: impl FnMut(&mut String, &Placeholder, &str) -> Result<(), E>,
    ) -> Result<Cow<'_, str>, E> {
        match &*self.parts {
            [] => return Ok(Cow::Borrowed("")),
            [Part::Literal(range)] => return Ok(Cow::Borrowed(&self.text[range.clone()])),
            _ => {}
        }
        let mut out = String::with_capacity(self.text.len() + 16);
        for part in &*self.parts {
            match part {
                Part::Literal(range) => out.push_str(&self.text[range.clone()]),
                Part::Placeholder(placeholder) => {
                    let value = match placeholder.root {
                        PlaceholderRoot::Context => placeholder.path.read(context),
                        PlaceholderRoot::Platform => placeholder.path.read(platform),
                    };
                    let value = value.ok_or_else(|| Unresolved(placeholder.clone()))?;
                    insert(&mut out, placeholder, &value_to_text(value))?;
                }
            }
        }
        Ok(Cow::Owned(out))
    }

    /// How many leading placeholders stand before the end of the authority, as far as the literal text tells.
    fn placeholders_up_to_authority(&self) -> usize {
        let mut count = 0;
        // A placeholder before any literal text makes up the scheme too.
        let mut in_authority = matches!(self.parts.first(), Some(Part::Placeholder(_)));
        for part in &*self.parts {
            match part {
                Part::Placeholder(_) => count += 1,
                Part::Literal(range) => {
                    let text = &self.text[range.clone()];
                    let rest = match text.split_once("://") {
                        Some((_, rest)) => {
                            in_authority = true;
                            rest
                        }
                        None => text,
                    };
                    if in_authority && rest.contains(['/', '?', '#']) {
                        return count;
                    }
                }
            }
        }
        count
    }
}

/// Percent-encodes everything but unreserved characters, as for a path segment or a query value (EXP-055).
///
/// ```
/// assert_eq!(jf_dsl::encode_component("a b/ü~"), "a%20b%2F%C3%BC~");
/// ```
#[must_use]
pub fn encode_component(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, EXCEPT_UNRESERVED).into()
}

const EXCEPT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn authority_has_ended(url: &str) -> bool {
    url.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
}

fn push_literal(parts: &mut Vec<Part>, range: Range<usize>) {
    if !range.is_empty() {
        parts.push(Part::Literal(range));
    }
}

fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{InvalidTemplate, Template};

    fn render(template: &str, context: Value) -> Option<String> {
        let platform = json!({ "config": { "base": "https://h.example/v1" } });
        Template::parse(template).unwrap().render(&context, &platform).ok().map(Into::into)
    }

    fn url(template: &str, context: Value) -> String {
        let platform = json!({ "config": { "base": "https://h.example/v1", "q": "a b" } });
        Template::parse(template).unwrap().render_url(&context, &platform).unwrap().into()
    }

    #[test]
    fn exp_050_053_values_are_inserted_as_text() {
        let context = json!({ "s": "x", "n": 5.0, "o": { "k": null }, "again": "${context.s}" });
        assert_eq!(render("${context.s}-${context.n}", context.clone()).unwrap(), "x-5");
        assert_eq!(render("${context.o}${context.o.k}", context.clone()).unwrap(), r#"{"k":null}null"#);
        assert_eq!(render("${platform.config.base}/a", context.clone()).unwrap(), "https://h.example/v1/a");
        assert_eq!(render("${context.again}", context).unwrap(), "${context.s}", "EXP-058");
    }

    #[test]
    fn exp_052_escapes() {
        for (template, text) in
            [("$${a}", "${a}"), ("$$${a}", "$${a}"), ("$", "$"), ("a$${", "a${"), ("", ""), ("$$", "$$")]
        {
            assert_eq!(render(template, json!({})).unwrap(), text, "{template}");
        }
        assert_eq!(render("${context.a}$${x}", json!({ "a": "$" })).unwrap(), "$${x}");
    }

    #[test]
    fn exp_051_malformed_placeholders() {
        for bad in ["${", "${context.a", "a ${x"] {
            assert!(matches!(Template::parse(bad), Err(InvalidTemplate::Unclosed(_))), "{bad}");
        }
        for bad in ["${}", "${a}", "${context}", "${ context.a}", "${payload.x}"] {
            assert!(matches!(Template::parse(bad), Err(InvalidTemplate::Root(_))), "{bad}");
        }
        for bad in ["${context.}", "${context.a[0]}", "${context.a..b}", "${platform.1}"] {
            assert!(matches!(Template::parse(bad), Err(InvalidTemplate::Path { .. })), "{bad}");
        }
    }

    #[test]
    fn exp_054_unresolved_placeholders_are_refused() {
        assert_eq!(render("${context.missing}", json!({})), None);
        assert_eq!(render("${context.a.b}", json!({ "a": [] })), None);
    }

    #[test]
    fn exp_055_urls_encode_data_but_not_the_base() {
        let context = json!({ "id": "a/b?c", "host": "h:1", "base": "https://x.example/p" });
        assert_eq!(url("https://x/${context.id}", context.clone()), "https://x/a%2Fb%3Fc");
        assert_eq!(url("https://${context.host}/${context.id}", context.clone()), "https://h:1/a%2Fb%3Fc");
        assert_eq!(url("${context.base}/${context.id}", context.clone()), "https://x.example/p/a%2Fb%3Fc");
        assert_eq!(
            url("${platform.config.base}/${context.id}", context.clone()),
            "https://h.example/v1/a%2Fb%3Fc"
        );
        assert_eq!(url("https://x/?q=${platform.config.q}", context.clone()), "https://x/?q=a b");
        assert_eq!(url("${context.base}${context.id}", context), "https://x.example/pa%2Fb%3Fc");
    }

    #[test]
    fn literal_prefixes() {
        let prefix = |text: &str| Template::parse(text).unwrap().literal_prefix().into_owned();
        assert_eq!(prefix("http://a/${context.b}"), "http://a/");
        assert_eq!(prefix("a$${b$${c${context.d}"), "a${b${c");
        assert_eq!(prefix("${context.b}"), "");
    }

    proptest! {
        #[test]
        fn exp_052_escaped_text_renders_as_itself(text in "[a-c${}. ]{0,20}") {
            // Inserting `$` before every `${` escapes it; a `$` right before one would be taken as the escape itself.
            prop_assume!(!text.contains("$${"));
            let template = Template::parse(text.replace("${", "$${")).unwrap();
            prop_assert!(template.is_literal());
            prop_assert_eq!(template.render(&json!({}), &json!({})).unwrap(), text);
        }

        #[test]
        fn exp_058_any_value_is_inserted_once(before in "[a-z ]{0,5}", value in any::<String>(), after in "[a-z ]{0,5}") {
            let template = Template::parse(format!("{before}${{context.v}}{after}")).unwrap();
            let text = template.render(&json!({ "v": value }), &json!({})).unwrap().into_owned();
            prop_assert_eq!(text, format!("{before}{value}{after}"));
        }

        #[test]
        fn reading_a_template_never_panics(text in any::<String>()) {
            let _ = Template::parse(text);
        }
    }
}
