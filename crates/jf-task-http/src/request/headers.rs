//! The headers of a call and their layers (TSK-027, TSK-035, TSK-036, EXP-056).

use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue};
use jf_core::dsl::{HttpCall, JsonPath, TaskFinding};
use jf_core::spi::{Evaluation, LoadContext, TaskError};

use super::text::Text;
use crate::fault::{self, Place};

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
    /// The layers of a call: its own headers and parameters, its `accept`, and the defaults of the definition. `None` when an error was
    /// reported.
    pub(super) fn of(call: &HttpCall, load: &mut LoadContext<'_>) -> Option<Self> {
        let own = call.headers.iter().chain(call.params.headers.iter());
        let task: Option<Vec<Field>> = own
            .map(|(name, value)| {
                Field::of(name, Text::of_scalar(value), &JsonPath::root().member("headers"), load)
            })
            .collect();
        let task = task?;
        let accept = match &call.accept {
            // TSK-036.
            Some(_) if task.iter().any(|field| field.name == ACCEPT) => None,
            Some(text) => {
                Some(fit(HeaderValue::from_str(text).ok(), &JsonPath::root().member("accept"), load)?)
            }
            None => None,
        };
        let mut defaults = Vec::new();
        for (name, template) in &load.definition().spec.defaults.http.headers {
            let field = Field::of(name, Text::of(template.clone()), &JsonPath::root(), load)?;
            // Those that the task sets itself have no effect.
            let replaced =
                task.iter().any(|own| own.name == field.name) || accept.is_some() && field.name == ACCEPT;
            if !replaced {
                defaults.push(field);
            }
        }
        Some(Self { defaults, accept, task })
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
    /// Loading has checked names and texts; what it let through is still no reason to panic.
    fn of(name: &str, value: Text, path: &JsonPath, load: &mut LoadContext<'_>) -> Option<Self> {
        let place = Place::Header(name.to_owned());
        let path = path.clone().member(name);
        let value = match value {
            Text::Fixed(text) => {
                FieldValue::Fixed(fit(HeaderValue::from_bytes(text.as_bytes()).ok(), &path, load)?)
            }
            text @ Text::Template(_) => FieldValue::Text(text),
        };
        let name = fit(HeaderName::from_bytes(name.as_bytes()).ok(), &path, load)?;
        Some(Self { name, value, place })
    }

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

/// Reports what cannot be sent.
fn fit<T>(part: Option<T>, path: &JsonPath, load: &mut LoadContext<'_>) -> Option<T> {
    if part.is_none() {
        let message = "the header holds a character that headers must not have";
        load.report(TaskFinding::error("TSK-035", path.clone(), message));
    }
    part
}
