//! What a call calls: `operationRef`, or `method` and `url` (TSK-021, TSK-022, TSK-031, TSK-032, DEF-067).

use std::sync::Arc;

use super::references::ApiDocument;
use crate::decode::{Decoder, Place};
use crate::ids::ApiName;
use crate::model::task::{CallTarget, HttpMethod, Operation, OperationRef};
use crate::openapi::{Found, Operation as Described, Server};
use crate::rules::{operations as rules, shape};
use crate::suggest::Meant;
use crate::value::http_url::HttpUrl;

/// What was found out about the target; parts of it stand even when others are at fault.
pub(super) struct Target {
    pub(super) target: Option<CallTarget>,
    pub(super) method: Option<HttpMethod>,
    /// What the OpenAPI document says of the operation.
    pub(super) operation: Option<Arc<Described>>,
}

impl Decoder<'_> {
    pub(super) fn call_target(&mut self, block: &Place<'_>) -> Target {
        let (operation_ref, method, url) = (block.get("operationRef"), block.get("method"), block.get("url"));
        if let Some(operation_ref) = operation_ref {
            let mut alone = true;
            for (name, superfluous) in [("method", &method), ("url", &url)] {
                if let Some(member) = superfluous {
                    let fault = shape::does_not_fit(format!("`{name}` does not go with `operationRef`"));
                    let fault = fault.label(operation_ref.anchor(), "the operation");
                    self.report_key(member, fault.rule("TSK-021").help("the operation says what is called"));
                    alone = false;
                }
            }
            let found = self.operation_ref(&operation_ref);
            let method = found.operation.as_ref().map(|operation| operation.method);
            let target = found.reference.map(|operation_ref| CallTarget::Operation { operation_ref });
            return Target { target: target.filter(|_| alone), method, operation: found.operation };
        }
        if method.is_none() && url.is_none() {
            let missing = |name: &str| !self.is_meant(block, name);
            if missing("operationRef") && missing("method") && missing("url") {
                let fault = shape::missing("operationRef").rule("TSK-021");
                self.report_member(block, "operationRef", fault.help("write it, or `method` and `url`"));
            }
            return Target { target: None, method: None, operation: None };
        }
        let methods = HttpMethod::FOR_URLS.map(|method| (method.as_str(), method));
        let method = match method {
            Some(place) => self.one_of(&place, "TSK-022", &methods),
            None => {
                self.missing(block, "method", "TSK-021");
                None
            }
        };
        let url = match url {
            Some(place) => self.call_url(&place),
            None => {
                self.missing(block, "url", "TSK-021");
                None
            }
        };
        let target = method.zip(url).map(|(method, url)| CallTarget::Url { method, url });
        Target { target, method, operation: None }
    }

    fn call_url(&mut self, place: &Place<'_>) -> Option<crate::value::template::Template> {
        let text = self.text(place, "TSK-022")?;
        let template = self.template_of(place, Arc::clone(text))?;
        if let Err(error) = HttpUrl::check_template(&template) {
            let fault = shape::malformed_value(format!("the URL {error}")).rule("TSK-022");
            let example =
                "write an absolute URL, such as `https://api.example.com/orders/${context.orderId}`";
            self.report(place, fault.help(example));
            return None;
        }
        Some(template)
    }

    fn operation_ref(&mut self, place: &Place<'_>) -> Resolved {
        let Some(text) = self.non_empty(place, "TSK-031") else { return Resolved::default() };
        let parts = text.split_once('.').filter(|(api, operation)| !api.is_empty() && !operation.is_empty());
        let Some((name, id)) = parts else {
            let reason = "expected `<api>.<operationId>`";
            self.report(place, shape::malformed(text, "operation reference", reason).rule("TSK-031"));
            return Resolved::default();
        };
        let document = match self.references.use_api(self.capabilities, self.source, name) {
            ApiDocument::Loaded(document) => document,
            ApiDocument::Faulty => return Resolved::default(),
            ApiDocument::Unknown => {
                let references = std::mem::take(&mut self.references);
                let meant = self.meant(name, references.api_names());
                let whole = meant.map(|api| format!("{}.{id}", api.word));
                let meant =
                    meant.zip(whole.as_deref()).map(|(api, whole)| Meant { word: whole, sure: api.sure });
                self.report(place, rules::unknown_api(name, meant));
                self.references = references;
                return Resolved::default();
            }
        };
        let operation = match document.find(id) {
            Found::One(operation) => Arc::clone(operation),
            Found::Several => {
                self.report(place, rules::ambiguous_operation(id, name));
                return Resolved::default();
            }
            Found::None => {
                let meant = self.meant(id, document.ids());
                let whole = meant.map(|id| format!("{name}.{}", id.word));
                let meant =
                    meant.zip(whole.as_deref()).map(|(id, whole)| Meant { word: whole, sure: id.sure });
                self.report(place, rules::unknown_operation(id, name, meant));
                return Resolved::default();
            }
        };
        // A name that is none was reported at the catalogue.
        let api = ApiName::parse(name).ok();
        let reference = api.and_then(|api| {
            let base_url = self.base_url(place, &api, &operation)?;
            let target = Operation { method: operation.method, base_url, path: Arc::clone(&operation.path) };
            Some(OperationRef { api, operation_id: id.into(), operation: Arc::new(target) })
        });
        Resolved { reference, operation: Some(operation) }
    }

    /// DEF-067.
    fn base_url(&mut self, place: &Place<'_>, api: &ApiName, operation: &Described) -> Option<Arc<str>> {
        let name = self.definition_name.as_ref();
        let configured = name.and_then(|name| self.capabilities.api_server(name, api));
        let fault = match (&configured, &operation.server) {
            (Some(url), _) => match base(url) {
                Some(base) => return Some(base),
                None => rules::unusable_configured_server(api.as_str()),
            },
            (None, Server::Url(url)) => match base(url) {
                Some(base) => return Some(base),
                None => rules::relative_server(url, api.as_str()),
            },
            (None, Server::Variables(url)) => rules::server_with_variables(url, api.as_str()),
            (None, Server::None) => rules::no_server(api.as_str()),
        };
        self.report(place, fault);
        None
    }
}

/// What an `operationRef` leads to.
#[derive(Default)]
struct Resolved {
    reference: Option<OperationRef>,
    operation: Option<Arc<Described>>,
}

/// An absolute URL that paths can be put behind.
fn base(url: &str) -> Option<Arc<str>> {
    let url = HttpUrl::parse(url).ok().filter(|url| !url.as_str().contains('?'))?;
    Some(url.as_str().trim_end_matches('/').into())
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn def_067_paths_are_put_behind_an_absolute_url() {
        for (url, expected) in [
            ("https://h.test", Some("https://h.test")),
            ("https://h.test/", Some("https://h.test")),
            ("http://h.test:8080/v1/", Some("http://h.test:8080/v1")),
            ("/v1", None),
            ("", None),
            ("https://h.test?x=1", None),
            ("ftp://h.test", None),
        ] {
            assert_eq!(base(url).as_deref(), expected, "{url}");
        }
    }
}
