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
    "ending.js",
    "filters.js",
    "panel.js",
    "rounds.js",
    "run.js",
    "runs.js",
    "service.js",
    "steps.js",
    "trail.js",
    "form/field.js",
    "form/form.js",
    "form/groups.js",
    "form/schema.js",
    "form/value.js",
    "graph/draw.js",
    "graph/layers.js",
    "graph/layout.js",
    "graph/model.js",
    "graph/places.js",
    "graph/position.js",
    "graph/text.js",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Component, Path, PathBuf};

    use super::ASSETS;

    fn page() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("page")
    }

    fn files(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                let name = path.strip_prefix(page()).unwrap();
                found.insert(name.to_str().unwrap().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let mut found = BTreeSet::new();
        files(&page(), &mut found);
        let served: BTreeSet<String> = ASSETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(served, found);
    }

    /// The quoted texts after `from` and `import`.
    fn imports(text: &str) -> impl Iterator<Item = &str> {
        let lines = text.lines().filter(|line| {
            line.starts_with("import ") || line.starts_with("export ") || line.starts_with("} from ")
        });
        lines.filter_map(|line| line.split_once("from \"")?.1.split_once('"').map(|(name, _)| name))
    }

    #[test]
    fn modules_import_each_other_and_nothing_from_elsewhere() {
        let mut count = 0;
        for (name, text) in ASSETS.iter().filter(|(name, _)| name.ends_with(".js")) {
            for import in imports(text) {
                assert!(import.starts_with("./") || import.starts_with("../"), "{name} imports {import}");
                let mut target = PathBuf::from(name).parent().unwrap().to_path_buf();
                for part in Path::new(import).components() {
                    match part {
                        Component::ParentDir => assert!(target.pop(), "{name} imports {import}"),
                        Component::Normal(part) => target.push(part),
                        _ => {}
                    }
                }
                let target = target.to_str().unwrap().replace('\\', "/");
                assert!(ASSETS.iter().any(|(other, _)| *other == target), "{name} imports {import}");
                count += 1;
            }
        }
        assert!(count > 40, "{count} imports are not all");
    }

    #[test]
    fn there_is_no_code_and_no_style_in_the_page_and_no_way_to_markup_in_the_scripts() {
        let (_, html) = ASSETS[0];
        for bad in ["<style", "style=", " on", "javascript:", "http:", "https:", "//"] {
            assert!(!html.contains(bad), "{bad}");
        }
        assert_eq!(html.matches("<script").count(), html.matches("<script type=\"module\" src=\"/").count());
        for (name, text) in ASSETS.iter().filter(|(name, _)| name.ends_with(".js")) {
            for bad in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "createContextualFragment",
                "srcdoc",
            ] {
                assert!(!text.contains(bad), "{name} has {bad}");
            }
        }
    }
}
