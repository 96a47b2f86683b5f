//! AsyncAPI 3.0 documents of what is served over WebSocket.

mod channel;
mod draft07;
mod frames;

use indexmap::IndexMap;
use jf_dsl::{Catalog, Definition, Kind};
use serde_json::{Map, Value, json};

use crate::schemas::Schemas;
use crate::unused;
use channel::{Gathered, Served};
use frames::Frames;

/// What a document says beside what the definitions say.
///
/// ```
/// use jf_export::AsyncApi;
///
/// let options = AsyncApi::default().with_title("Orders").with_server("wss://api.example.org");
/// ```
#[derive(Debug, Clone)]
pub struct AsyncApi {
    title: Option<String>,
    version: Option<String>,
    server: String,
    shared_endpoint: Option<String>,
}

impl AsyncApi {
    /// Sets `info.title`; the name of the definition, or `Journeys` for several, unless set.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets `info.version`; the version of the definition, or `1` for several, unless set.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets the one server, `ws://` or `wss://` (`http` and `https` mean the same) with a host and perhaps a path before those of the
    /// journeys; `ws://localhost:8080` unless set.
    #[must_use]
    pub fn with_server(mut self, url: impl Into<String>) -> Self {
        self.server = url.into();
        self
    }

    /// Describes one more path, where the server serves every journey without a subprotocol of its own (MUX-2); none unless set. It
    /// is for the server to see to it that their types go together there (RT-2).
    ///
    /// ```
    /// use jf_dsl::{SourceFile, StaticCapabilities, load};
    /// use jf_export::{AsyncApi, asyncapi};
    ///
    /// let text = "
    /// apiVersion: v1
    /// kind: Journey
    /// metadata: { name: hello, version: 1.0.0 }
    /// spec:
    ///   start: done
    ///   bindings: { websocket: { start: { messageType: greet }, steps: {} } }
    ///   states: { done: { type: succeed } }
    /// ";
    /// let hello = load(&SourceFile::new("hello.journey.yaml", text), &StaticCapabilities::full()).unwrap();
    /// let document = asyncapi(&hello.definition, &AsyncApi::default().with_shared_endpoint("/ws/all"));
    /// assert_eq!(document["channels"]["ws-journeys-hello"]["address"], "/ws/journeys/hello");
    /// assert_eq!(document["channels"]["ws-all"]["address"], "/ws/all");
    /// ```
    #[must_use]
    pub fn with_shared_endpoint(mut self, path: impl Into<String>) -> Self {
        self.shared_endpoint = Some(path.into());
        self
    }

    fn server(&self) -> Value {
        let (scheme, rest) = self.server.split_once("://").unwrap_or(("ws", &self.server));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let protocol = if matches!(scheme, "wss" | "https") { "wss" } else { "ws" };
        let mut server = json!({ "host": host, "protocol": protocol });
        let path = path.trim_matches('/');
        if !path.is_empty() {
            server["pathname"] = format!("/{path}").into();
        }
        server
    }
}

impl Default for AsyncApi {
    fn default() -> Self {
        Self { title: None, version: None, server: "ws://localhost:8080".to_owned(), shared_endpoint: None }
    }
}

/// The AsyncAPI 3.0 document of one definition, as if nothing else was deployed; self-contained. A definition without
/// `spec.bindings.websocket` gives a document without channels (WS-003).
#[must_use]
pub fn asyncapi(definition: &Definition, options: &AsyncApi) -> Value {
    document(&[(definition, true)], options)
}

/// The AsyncAPI 3.0 document of all that is deployed: one channel per path, with the start types of the versions that serve new runs
/// and the step types of all versions (RT-11).
#[must_use]
pub fn asyncapi_of_catalog(catalog: &Catalog, options: &AsyncApi) -> Value {
    let serves = |definition: &Definition| {
        let serving = catalog.journey(definition.metadata.name.as_str());
        serving.is_some_and(|one| one.definition.metadata.version == definition.metadata.version)
    };
    let definitions = catalog.iter().map(|one| &*one.definition).filter(|one| one.kind == Kind::Journey);
    let definitions: Vec<_> = definitions.map(|one| (one, serves(one))).collect();
    document(&definitions, options)
}

fn document(definitions: &[Served<'_>], options: &AsyncApi) -> Value {
    let frames = Frames::read();
    let mut gathered = Gathered {
        frames: &frames,
        schemas: Schemas::default(),
        messages: Map::new(),
        channels: Map::new(),
        operations: Map::new(),
    };
    let mut paths: IndexMap<String, Vec<Served<'_>>> = IndexMap::new();
    let mut shared = Vec::new();
    for served in definitions {
        let Some(binding) = &served.0.spec.bindings.websocket else { continue };
        if binding.endpoint.subprotocol.is_none() {
            shared.push(*served);
        }
        if let Some(path) = served.0.websocket_path() {
            paths.entry(path.into_owned()).or_default().push(*served);
        }
    }
    if let Some(path) = options.shared_endpoint.clone().filter(|_| !shared.is_empty()) {
        // Those that name this path themselves are among them.
        paths.insert(path, shared);
    }
    for (path, served) in &paths {
        channel::add(&mut gathered, path, served);
    }
    let Gathered { schemas, messages, channels, operations, .. } = gathered;
    let mut all = frames.schemas();
    all.extend(schemas.finish());
    let all: Map<String, Value> =
        all.into_iter().map(|(name, schema)| (name, draft07::spelled(schema))).collect();
    let mut components = json!({
        "messages": messages,
        "schemas": all,
        "correlationIds": { "request": {
            "description": "`id` of a request comes back in its replies; without it there is one reply that has none.",
            "location": "$message.payload#/id",
        } },
    });
    unused::prune(&mut components, &channels);
    let (title, version) = match definitions {
        [(only, _)] => (only.metadata.name.to_string(), only.metadata.version.to_string()),
        _ => ("Journeys".to_owned(), "1".to_owned()),
    };
    let description = "The protocol `journeyforge.v1`: every client frame but `credit` and `pong` has a reply; a run is followed by a subscription, from any position of its log.";
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": options.title.clone().unwrap_or(title),
            "version": options.version.clone().unwrap_or(version),
            "description": description,
        },
        "defaultContentType": "application/json",
        "servers": { "default": options.server() },
        "channels": channels,
        "operations": operations,
        "components": components,
    })
}
