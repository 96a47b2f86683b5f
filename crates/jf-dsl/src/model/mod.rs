//! The typed model: what a definition says, clean of positions.
//!
//! Every type has the shape of its block: fields are members, blocks inside blocks are types of their own. So the derived
//! `Serialize` writes a document that loads to an equal model, and the derived `JsonSchema` describes the document to
//! editors, with the comments on types and fields as the texts that authors see. A member that may be absent has
//! `skip_serializing_if`: that alone makes it optional in the schema, too. What the loader accepts beyond the model
//! (older spellings, `x-` members, `null`) is added by [`crate::editor`].

pub(crate) mod binding;
pub(crate) mod binding_grpc;
pub(crate) mod binding_queue;
pub(crate) mod catalogue;
pub(crate) mod cookies;
pub(crate) mod definition;
pub(crate) mod errors;
pub(crate) mod expression;
pub(crate) mod metadata;
pub(crate) mod ordered;
pub(crate) mod policy;
pub(crate) mod schema;
pub(crate) mod scope;
pub(crate) mod skip;
pub(crate) mod state;
pub(crate) mod task;
mod walk;
mod yaml;
