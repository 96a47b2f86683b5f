//! The headers of a call and their layers (TSK-027, TSK-035, TSK-036, EXP-056).

use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use jf_core::dsl::{JsonPath, TaskFinding};
use jf_core::spi::{Evaluation, LoadContext, TaskError};
use serde_json::Value;

use super::text::Text;
use crate::fault::{self, Place};
use crate::members::{Members, Reported, refuse};

/// The longest header value that servers can be expected to take.
const LONGEST: usize = 64 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The checked layers of headers, lowest first.
#[derive(Debug)]
pub(super) struct HeaderPlan {
    /// `spec.defaults.http.headers`, without those that the task replaces.
    defaults: Vec<Field>,
    /// `accept`, unless a header of the task says it.
    accept: Option<HeaderValue>,
    /// `headers` and `params.headers`.
    task: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: HeaderName,
    value: FieldValue,
    place: Place,
}

#[derive(Debug)]
enum FieldValue {
    Fixed(HeaderValue),
    Text(Text),
}

impl HeaderPlan {
    /// Reads `headers`, `params.headers` and `accept`, and the defaults of the definition.
    pub(super) fn read(
        task: &Members<'_>,
        params: Option<&Members<'_>>,
        load: &mut LoadContext<'_>,
    ) -> Result<Self, Reported> {
        let mut fields = Vec::new();
        let own = read_layer(task, "TSK-035", &mut fields, load);
        let of_params = params.map_or(Ok(()), |params| read_layer(params, "TSK-026", &mut fields, load));
        let accept = read_accept(task, &fields, load);
        let defaults = read_defaults(&fields, accept.as_ref().is_ok_and(Option::is_some), load);
        own?;
        of_params?;
        Ok(Self { defaults: defaults?, accept: accept?, task: fields })
    }

    /// The headers of one call, all but those of its body.
    ///
    /// # Errors
    /// A placeholder without a value (EXP-054), and a value that is none for a header (EXP-056).
    pub(super) fn render(
        &self,
        evaluation: &Evaluation,
        passthrough: &HeaderMap,
    ) -> Result<HeaderMap, TaskError> {
        let mut headers =
            HeaderMap::with_capacity(self.defaults.len() + passthrough.len() + self.task.len() + 4);
        for field in self.defaults.iter().filter(|field| !passthrough.contains_key(&field.name)) {
            headers.insert(field.name.clone(), field.render(evaluation)?);
        }
        for (name, value) in passthrough {
            headers.append(name, value.clone());
        }
        if let Some(accept) = &self.accept {
            headers.insert(ACCEPT, accept.clone());
        }
        for field in &self.task {
            headers.insert(field.name.clone(), field.render(evaluation)?);
        }
        headers.entry(ACCEPT).or_insert(JSON);
        Ok(headers)
    }
}

impl Field {
    fn render(&self, evaluation: &Evaluation) -> Result<HeaderValue, TaskError> {
        match &self.value {
            FieldValue::Fixed(value) => Ok(value.clone()),
            FieldValue::Text(text) => {
                let text = text.render(evaluation, &self.place, LONGEST)?;
                HeaderValue::from_bytes(text.as_bytes()).map_err(|_| fault::header_value(&self.place))
            }
        }
    }
}

/// The headers of `holder`, added to those read before.
fn read_layer(
    holder: &Members<'_>,
    rule: &'static str,
    fields: &mut Vec<Field>,
    load: &mut LoadContext<'_>,
) -> Result<(), Reported> {
    let Some(headers) = holder.child("headers", rule, load)? else { return Ok(()) };
    let mut outcome = Ok(());
    for (name, value) in headers.iter() {
        match read_field(&headers.at(name), name, value, fields, load) {
            Ok(field) => fields.push(field),
            Err(reported) => outcome = Err(reported),
        }
    }
    outcome
}

fn read_field(
    path: &JsonPath,
    name: &str,
    value: &Value,
    before: &[Field],
    load: &mut LoadContext<'_>,
) -> Result<Field, Reported> {
    let parsed = parse_name(name).map_err(|fault| {
        let message = format!("`{name}` {}", fault.as_str());
        refuse(load, TaskFinding::error("TSK-004", path.clone(), message))
    })?;
    if before.iter().any(|field| field.name == parsed) {
        let finding =
            TaskFinding::error("TSK-027", path.clone(), format!("the header `{name}` is set twice")).help(
                "header names ignore case, and `headers` and `params.headers` are one set: keep one of them",
            );
        return Err(refuse(load, finding));
    }
    let text = Text::read(path, value, &format!("the header `{name}`"), load)?;
    let written = value.as_str().unwrap_or_default();
    let value = FieldValue::of(text, written).ok_or_else(|| refuse(load, unfit(path, name)))?;
    Ok(Field { name: parsed, value, place: Place::Header(name.to_owned()) })
}

/// `spec.defaults.http.headers` (DEF-071), without what the task sets itself.
fn read_defaults(
    task: &[Field],
    accept_set: bool,
    load: &mut LoadContext<'_>,
) -> Result<Vec<Field>, Reported> {
    let mut fields = Vec::new();
    let mut outcome = Ok(());
    for (name, template) in &load.definition().spec.defaults.http.headers {
        let fault = match (parse_name(name), FieldValue::of(Text::of(template.clone()), template.source())) {
            // The loader has said so.
            (Err(NameFault::NoToken), _) => continue,
            (Ok(own), _) if task.iter().any(|field| field.name == own) => continue,
            (Ok(own), _) if accept_set && own == ACCEPT => continue,
            (Ok(own), Some(value)) => {
                fields.push(Field { name: own, value, place: Place::Header(name.clone()) });
                continue;
            }
            (Err(fault), _) => fault.as_str(),
            (Ok(_), None) => UNFIT,
        };
        let message = format!("the header `{name}` of `spec.defaults.http.headers` {fault}");
        outcome = Err(refuse(load, TaskFinding::error("DEF-071", JsonPath::root(), message)));
    }
    outcome.map(|()| fields)
}

/// TSK-036.
fn read_accept(
    task: &Members<'_>,
    fields: &[Field],
    load: &mut LoadContext<'_>,
) -> Result<Option<HeaderValue>, Reported> {
    let Some(value) = task.get("accept") else { return Ok(None) };
    let parsed =
        value.as_str().filter(|text| !text.is_empty()).and_then(|text| HeaderValue::from_str(text).ok());
    let Some(parsed) = parsed else {
        let finding = TaskFinding::error(
            "TSK-036",
            task.at("accept"),
            "`accept` must be a media type, such as `application/json`",
        );
        return Err(refuse(load, finding));
    };
    if fields.iter().any(|field| field.name == ACCEPT) {
        let finding = TaskFinding::warning(
            "TSK-036",
            task.at("accept"),
            "`accept` has no effect beside the header `Accept`",
        )
        .help("keep one of them");
        load.report(finding);
        return Ok(None);
    }
    Ok(Some(parsed))
}

/// Why a name cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameFault {
    NoToken,
    Transport,
}

impl NameFault {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NoToken => "is not an HTTP header name",
            Self::Transport => "is set by the transport and cannot be chosen",
        }
    }
}

/// A name that the transport does not set itself (the names of DEF-188).
fn parse_name(name: &str) -> Result<HeaderName, NameFault> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| NameFault::NoToken)?;
    let transport = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, TE, TRAILER];
    if transport.contains(&parsed) || parsed == "keep-alive" || parsed.as_str().starts_with("proxy-") {
        return Err(NameFault::Transport);
    }
    Ok(parsed)
}

const UNFIT: &str = "holds a character that headers must not have";

fn unfit(path: &JsonPath, name: &str) -> TaskFinding {
    TaskFinding::error("EXP-056", path.clone(), format!("the value of the header `{name}` {UNFIT}"))
        .help("line breaks and control characters are not allowed")
}

impl FieldValue {
    /// `None` when the text as written can never be a header value.
    fn of(text: Text, written: &str) -> Option<Self> {
        match text {
            Text::Fixed(fixed) => HeaderValue::from_bytes(fixed.as_bytes()).ok().map(Self::Fixed),
            Text::Template(_) => HeaderValue::from_bytes(written.as_bytes()).ok().map(|_| Self::Text(text)),
        }
    }
}
