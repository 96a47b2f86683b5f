//! `JF521x`: operations of catalogued APIs (01 §5, 04 §3).

use super::{Fault, RuleInfo};
use crate::openapi::{Failure, Location};
use crate::rules::shape::{self, shorten};
use crate::suggest::Meant;

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_OPERATION,
    &NO_BASE_URL,
    &MISSING_PARAMETER,
    &UNKNOWN_PATH_PARAMETER,
    &UNKNOWN_PARAMETER,
    &MISSING_BODY,
    &DOES_NOT_LOAD,
    &UNUSED_DOES_NOT_LOAD,
];

static UNKNOWN_OPERATION: RuleInfo = RuleInfo::error(
    5211,
    "TSK-031",
    "an operation that is not there",
    "`operationRef` is written `<api>.<operationId>`: the name before the first dot is a key of `spec.apis`, and the rest is the \
     `operationId` of exactly one operation of its OpenAPI document.\n\n\
     Correct the reference, add the API to the catalogue, or give the operation an id of its own.",
);

static NO_BASE_URL: RuleInfo = RuleInfo::error(
    5212,
    "DEF-067",
    "an operation without a base URL",
    "A call needs an absolute URL. It is the first server that the OpenAPI document names, for the operation, else for its path, else \
     for everything. A relative URL or one with variables says nothing to a caller elsewhere.\n\n\
     Write an absolute `http` or `https` URL into the document, or configure a base URL for the API on the platform.",
);

static MISSING_PARAMETER: RuleInfo = RuleInfo::error(
    5213,
    "TSK-033",
    "a required parameter without a value",
    "The OpenAPI document says that the operation cannot be called without the parameter. Parameters of paths always are required; \
     header parameters may get their value from `headers` and from `spec.defaults.http.headers`, too.",
);

static UNKNOWN_PATH_PARAMETER: RuleInfo = RuleInfo::error(
    5214,
    "TSK-033",
    "a path parameter that the path does not have",
    "The path of the operation has no place for the value. Names are compared exactly, case included.",
);

static UNKNOWN_PARAMETER: RuleInfo = RuleInfo::warning(
    5215,
    "TSK-033",
    "a parameter that the operation does not have",
    "The parameter is sent, but the OpenAPI document does not know it for this operation. It may be misspelt, or the document \
     incomplete.",
);

static MISSING_BODY: RuleInfo = RuleInfo::warning(
    5216,
    "TSK-034",
    "a required body is missing",
    "The OpenAPI document says that the operation needs a request body, and the task has no `body`. The server will probably refuse the \
     call.",
);

static DOES_NOT_LOAD: RuleInfo = RuleInfo::error(
    5217,
    "DEF-066",
    "an OpenAPI document that does not load",
    "A task calls an operation of this API, and without its document nothing is known of it. `openApiRef` names a file under the \
     folder of the definition that holds an OpenAPI document of version 3.0 or 3.1, in YAML or JSON. Nothing is ever fetched.\n\n\
     Faults of the tasks that use the API are not looked for until it loads.",
);

static UNUSED_DOES_NOT_LOAD: RuleInfo = RuleInfo::warning(
    5218,
    "DEF-066",
    "an unused OpenAPI document that does not load",
    "No task calls an operation of this API, so its document is not needed; but it could not be used if one did.\n\n\
     Correct the reference or the document, or remove the entry.",
);

pub(crate) fn unknown_api(name: &str, meant: Option<Meant<'_>>) -> Fault {
    let fault = Fault::new(&UNKNOWN_OPERATION, format!("there is no API `{}` in `spec.apis`", shorten(name)));
    fault.suggest(meant)
}

pub(crate) fn unknown_operation(id: &str, api: &str, meant: Option<Meant<'_>>) -> Fault {
    let message = format!("the document of `{}` has no operation `{}`", shorten(api), shorten(id));
    Fault::new(&UNKNOWN_OPERATION, message).suggest(meant)
}

pub(crate) fn ambiguous_operation(id: &str, api: &str) -> Fault {
    let message = format!("the document of `{}` has several operations `{}`", shorten(api), shorten(id));
    Fault::new(&UNKNOWN_OPERATION, message).help("an `operationId` must be unique in its document")
}

pub(crate) fn no_server(api: &str) -> Fault {
    no_base_url(format!("the document of `{}` names no server for the operation", shorten(api)), api)
}

pub(crate) fn relative_server(url: &str, api: &str) -> Fault {
    let message = format!("the server `{}` of `{}` is no absolute URL", shorten(url), shorten(api));
    no_base_url(message, api)
}

pub(crate) fn server_with_variables(url: &str, api: &str) -> Fault {
    no_base_url(format!("the server `{}` of `{}` has variables", shorten(url), shorten(api)), api)
}

fn no_base_url(message: String, api: &str) -> Fault {
    Fault::new(&NO_BASE_URL, message)
        .help(format!("configure a base URL for `{}` on the platform", shorten(api)))
}

pub(crate) fn unusable_configured_server(api: &str) -> Fault {
    let message = format!("the base URL that is configured for `{}` is no absolute URL", shorten(api));
    Fault::new(&NO_BASE_URL, message)
}

/// `member` is the member of `params` that takes it.
pub(crate) fn missing_parameter(name: &str, member: &str) -> Fault {
    let message = format!("the operation needs the parameter `{}`", shorten(name));
    Fault::new(&MISSING_PARAMETER, message).help(format!("give it a value under `params.{member}`"))
}

pub(crate) fn unknown_parameter(name: &str, location: Location, meant: Option<&str>) -> Fault {
    let (info, what) = match location {
        Location::Path => (&UNKNOWN_PATH_PARAMETER, "path"),
        Location::Header => (&UNKNOWN_PARAMETER, "header"),
        Location::Query | Location::Cookie => (&UNKNOWN_PARAMETER, "query"),
    };
    Fault::new(info, format!("the operation has no {what} parameter `{}`", shorten(name))).suggest(meant)
}

pub(crate) fn no_body() -> Fault {
    shape::does_not_fit("the operation has no request body").rule("TSK-034")
}

pub(crate) fn missing_body() -> Fault {
    Fault::new(&MISSING_BODY, "the operation needs a request body")
}

pub(crate) fn api_does_not_load(file: &str, failure: &Failure, used: bool) -> Fault {
    let info = if used { &DOES_NOT_LOAD } else { &UNUSED_DOES_NOT_LOAD };
    let message = format!("`{}` does not load as OpenAPI: {}", shorten(file), failure.message);
    failure.label(Fault::new(info, message))
}
