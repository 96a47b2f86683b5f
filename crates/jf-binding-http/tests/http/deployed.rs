//! Definitions for the scripted engine.

use std::sync::{Arc, LazyLock};

use jf_dsl::{Catalog, SourceFile, StaticCapabilities, load};

const PRICE: &str = r"
apiVersion: v1
kind: Api
metadata: { name: price, version: 1.0.0 }
spec:
  start: done
  states:
    done: { type: succeed }
";

const QUOTE: &str = r"
apiVersion: v1
kind: Api
metadata: { name: quote, version: 1.0.0 }
spec:
  bindings: { http: { route: { path: /quotes/today } } }
  start: done
  states:
    done: { type: succeed }
";

const ORDER: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: order, version: 1.0.0 }
spec:
  start: done
  states:
    done: { type: succeed }
";

/// The Api `price` at its default route, the Api `quote` at `/quotes/today`, and the journey `order`.
pub(crate) fn catalog() -> Arc<Catalog> {
    static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
        let loaded = [PRICE, QUOTE, ORDER].map(|text| {
            load(&SourceFile::new("definition.journey.yaml", text), &StaticCapabilities::full()).unwrap()
        });
        Arc::new(Catalog::new(loaded.into()).unwrap())
    });
    Arc::clone(&CATALOG)
}
