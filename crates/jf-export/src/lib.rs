//! Contracts of definitions: what other tools take from them.
//!
//! This crate is one of row 3: pure functions from [`jf_dsl::Definition`] to documents. It reads no file and opens no socket, so a
//! server can hand the documents out and a build can write them down.
//!
//! ```
//! use jf_dsl::{SourceFile, StaticCapabilities, load};
//! use jf_export::{OpenApi, openapi};
//!
//! let text = "
//! apiVersion: v1
//! kind: Journey
//! metadata: { name: order-approval, version: 1.0.0 }
//! spec:
//!   start: waitForApproval
//!   input: { schema: { type: object, required: [orderId], properties: { orderId: { type: string } } } }
//!   states:
//!     waitForApproval:
//!       type: wait
//!       wait: { input: { schema: { type: object } } }
//!       next: done
//!     done: { type: succeed }
//! ";
//! let loaded = load(&SourceFile::new("order.journey.yaml", text), &StaticCapabilities::full()).unwrap();
//! let document = openapi(&loaded.definition, &OpenApi::default());
//! assert_eq!(document["openapi"], "3.1.0");
//! assert!(document["paths"]["/journeys/{journeyId}/steps/waitForApproval"]["post"].is_object());
//! ```

mod asyncapi;
mod names;
mod openapi;
mod page;
mod schema;
mod schemas;
mod site;
mod unused;

pub use asyncapi::{AsyncApi, asyncapi, asyncapi_of_catalog};
pub use openapi::{OpenApi, openapi, openapi_of_catalog};
pub use page::{Page, openapi_page};
pub use site::{PublishedFile, contract_site};
