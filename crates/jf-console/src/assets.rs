//! The page, as it lies in `page/`. Nothing is built: what a browser gets is what stands there, the client in `page/client` excepted, which is the
//! output of the compiler for `clients/typescript` (a test holds the two together).

use jf_binding_http::{Document, InvalidDocument};

/// An asset: its path, and its text.
type Asset = (&'static str, &'static str);

macro_rules! assets {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../page/", $name)))),*] };
}

const ASSETS: &[Asset] = assets![
    "index.html",
    "style.css",
    "icon.svg",
    "main.js",
    "definition.js",
    "dom.js",
    "panel.js",
    "run.js",
    "runs.js",
    "service.js",
    "trail.js",
    "form/field.js",
    "form/form.js",
    "form/schema.js",
    "form/value.js",
    "graph/draw.js",
    "graph/layout.js",
    "graph/model.js",
    "graph/position.js",
    "client/backoff.js",
    "client/client.js",
    "client/closing.js",
    "client/connection.js",
    "client/documents.js",
    "client/errors.js",
    "client/events.js",
    "client/feed.js",
    "client/flow.js",
    "client/index.js",
    "client/options.js",
    "client/outbox.js",
    "client/place.js",
    "client/protocol.js",
    "client/requests.js",
    "client/runtime.js",
    "client/session.js",
    "client/subscriptions.js",
    "client/watch.js",
];

/// The files of the page, below its folder.
pub fn asset_names() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|(name, _)| *name)
}

/// The page as documents; `index.html` is at `/`.
pub(crate) fn documents() -> Result<Vec<Document>, InvalidDocument> {
    let document = |(name, text): &Asset| match *name {
        "index.html" => Document::new("/", media_type(name), *text),
        name => Document::new(&format!("/{name}"), media_type(name), *text),
    };
    ASSETS.iter().map(document).collect()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}
