//! The URL of a call: `url` and `params.query` (TSK-022, TSK-026, EXP-055).

use jf_core::dsl::{TaskFinding, Template, encode_component};
use jf_core::spi::{Evaluation, LoadContext, TaskError};
use url::Url;

use super::text::Text;
use crate::fault::{self, Place};
use crate::members::{Members, Reported, refuse};

/// The longest URL that HTTP implementations agree on carrying.
const LONGEST: usize = 65_534;

/// A checked URL with its query parameters.
#[derive(Debug)]
pub(super) struct UrlPlan {
    base: Base,
    query: Vec<Parameter>,
}

#[derive(Debug)]
enum Base {
    /// The same for every call, already checked.
    Fixed(String),
    Template {
        template: Template,
        /// Dot segments that the author wrote; data must not add any.
        dot_segments: usize,
    },
}

#[derive(Debug)]
struct Parameter {
    /// The name, encoded, with its `=`.
    key: String,
    value: Text,
    place: Place,
}

impl UrlPlan {
    /// Reads `url` and `params.query`; `None` without `url`.
    pub(super) fn read(
        task: &Members<'_>,
        params: Option<&Members<'_>>,
        load: &mut LoadContext<'_>,
    ) -> Result<Option<Self>, Reported> {
        let query = read_query(params, load);
        let Some(value) = task.get("url") else { return query.map(|_| None) };
        let Some(text) = value.as_str() else {
            return Err(refuse(
                load,
                TaskFinding::error("TSK-022", task.at("url"), "`url` must be a string"),
            ));
        };
        let template = load.template(&task.at("url"), text).ok_or(Reported)?;
        let base = Base::of(template).map_err(|what| {
            let finding = TaskFinding::error("TSK-022", task.at("url"), format!("`url` {what}"));
            refuse(
                load,
                finding.help(
                    "write an absolute URL, such as `https://api.example.com/orders/${context.orderId}`",
                ),
            )
        })?;
        Ok(Some(Self { base, query: query? }))
    }

    /// The URL of one call: absolute, `http(s)`, without fragment. Data has changed neither its path nor its query structure.
    ///
    /// # Errors
    /// A placeholder without a value (EXP-054), and a result that is no such URL (EXP-055).
    pub(super) fn render(&self, evaluation: &Evaluation) -> Result<String, TaskError> {
        let mut url = self.base.render(evaluation)?;
        let mut separator = match url.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        for parameter in &self.query {
            let value = parameter.value.render(evaluation, &parameter.place, LONGEST)?;
            url.push_str(separator);
            url.push_str(&parameter.key);
            url.push_str(&encode_component(&value));
            separator = "&";
            if url.len() > LONGEST {
                return Err(fault::too_long(&Place::Url, LONGEST));
            }
        }
        Ok(url)
    }
}

impl Base {
    /// Checks what the literal text tells.
    fn of(template: Template) -> Result<Self, &'static str> {
        if template.is_literal() {
            return checked(&template.literal_prefix()).map(Self::Fixed);
        }
        let prefix = template.literal_prefix();
        match prefix.split_once("://") {
            Some((scheme, rest))
                if ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) =>
            {
                match rest.find(['/', '?', '#']) {
                    Some(end) => {
                        checked(&prefix[..scheme.len() + "://".len() + end])?;
                    }
                    None if rest.contains('@') => return Err(CREDENTIALS),
                    None => {}
                }
            }
            // The placeholder makes up the scheme as well.
            None if "https://".starts_with(&prefix.to_ascii_lowercase()) => {}
            _ => return Err(NOT_ABSOLUTE),
        }
        let dot_segments = dot_segments(template.source());
        Ok(Self::Template { template, dot_segments })
    }

    fn render(&self, evaluation: &Evaluation) -> Result<String, TaskError> {
        let (template, written) = match self {
            Self::Fixed(url) => return Ok(url.clone()),
            Self::Template { template, dot_segments } => (template, *dot_segments),
        };
        let rendered = template
            .render_url(evaluation.context(), evaluation.platform())
            .map_err(|cause| fault::unresolved(&Place::Url, cause))?;
        if rendered.len() > LONGEST {
            return Err(fault::too_long(&Place::Url, LONGEST));
        }
        // `.` needs no encoding, so a value of `..` would climb the path.
        if dot_segments(&rendered) > written {
            return Err(fault::url("has a value inserted into it that would change its path"));
        }
        checked(&rendered).map_err(fault::url)
    }
}

const NOT_ABSOLUTE: &str = "is not an absolute `http` or `https` URL";
const CREDENTIALS: &str = "must not hold a user name or password";

/// The URL in its normal form, without fragment.
fn checked(text: &str) -> Result<String, &'static str> {
    // URL parsers repair without a word: they drop control characters, turn backslashes round, and find an authority further on when
    // there is none in its place (`https:///path`).
    if text.contains(|c: char| c.is_ascii_control() || c == '\\') {
        return Err("holds a character that URLs must not have");
    }
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    if authority.is_empty() || authority.starts_with(['/', '?', '#']) {
        return Err(NOT_ABSOLUTE);
    }
    let mut url = Url::parse(text).map_err(|_| NOT_ABSOLUTE)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NOT_ABSOLUTE);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CREDENTIALS);
    }
    url.set_fragment(None);
    if url.as_str().len() > LONGEST {
        return Err("is too long");
    }
    Ok(url.into())
}

/// How many segments of the path are `.` or `..`, in any spelling that URL parsers resolve.
fn dot_segments(url: &str) -> usize {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    path.split('/').skip(1).filter(|segment| is_dots(segment)).count()
}

fn is_dots(segment: &str) -> bool {
    // Longest spelling: `%2e%2e`.
    segment.len() <= 6 && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

fn read_query(params: Option<&Members<'_>>, load: &mut LoadContext<'_>) -> Result<Vec<Parameter>, Reported> {
    let Some(params) = params else { return Ok(Vec::new()) };
    let Some(query) = params.child("query", "TSK-026", load)? else { return Ok(Vec::new()) };
    // Every parameter is read before the first fault ends it, so that all faults are reported.
    let parameters: Vec<_> = query
        .iter()
        .map(|(name, value)| {
            let value = Text::read(&query.at(name), value, &format!("the query parameter `{name}`"), load)?;
            let key = format!("{}=", encode_component(name));
            Ok(Parameter { key, value, place: Place::Query(name.to_owned()) })
        })
        .collect();
    parameters.into_iter().collect()
}
