//! The configurations of tasks (04 – Tasks): one file per core kind.

mod auth;
mod cache;
mod http_call;
mod kafka_publish;
mod kind;
mod schedule;
mod target;
mod xml_decode;

pub use auth::{
    ApiKeyLocation, ApiKeySource, ApiKeyValidate, JwtValidate, MtlsValidate, PemAnchor, SubjectAltName,
    TokenLocation, TokenSource,
};
pub use cache::{Cache, CacheOperation};
pub use http_call::{
    CallAuth, CallBody, CallCookies, CallMode, CallParams, CallTarget, ErrorMapper, ErrorMapping, HttpCall,
    HttpMethod, MappingCondition, Operation, OperationRef, Scalar,
};
pub use kafka_publish::{KafkaKey, KafkaPublish, SchemaFile};
pub use kind::{PluginTask, TaskConfig};
pub use schedule::{OnExisting, Schedule};
pub use target::ValueTarget;
pub use xml_decode::XmlDecode;
