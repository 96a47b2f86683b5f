//! Journey documents: spanned parsing, the typed model, validation, diagnostics.

mod capabilities;
mod catalog;
mod decode;
mod diagnostic;
mod digest;
mod header;
mod ids;
mod json_path;
mod load;
mod model;
mod rules;
mod schema;
mod source;
mod suggest;
mod tree;
mod value;
mod version;

pub use capabilities::{
    Capabilities, ExpressionCheck, ExpressionFault, ExpressionFaultKind, ExpressionSite, Feature, SiteClass,
    SizeLimits, StaticCapabilities, TaskFinding, TaskSite,
};
pub use catalog::{Catalog, Endpoint};
pub use diagnostic::code::InvalidCode;
pub use diagnostic::set::Diagnostics;
pub use diagnostic::terminal::TerminalStyle;
pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use digest::BodyDigest;
pub use header::{HeaderName, InvalidHeaderName};
pub use ids::{
    ApiName, AttributeName, BranchName, ConfigKey, DefinitionName, InvalidName, Lang, MapperId, MessageType,
    OutcomeId, RESERVED_CLIENT_TYPES, StateId, SubjourneyId, VarName, is_ident,
};
pub use json_path::{InvalidJsonPath, JsonPath, PathStep};
pub use load::{Document, Loaded, Positions, check_configuration, load, load_document};
pub use model::binding::{
    ApiResponseRule, ApiResponses, Bindings, FailedStatus, HeaderToContext, HttpBinding, Passthrough,
    Projection, QueryToContext, RuleStatus, WebSocketBinding,
};
pub use model::definition::{
    ConfigDeclaration, ConfigType, Defaults, Definition, EndPhase, Execution, HttpDefaults, HttpSurface,
    Kind, Lifecycle, Metadata, OutcomeRule, Output, OutputResponse, Spec, StartMode,
};
pub use model::expression::{Expression, Mapper};
pub use model::metadata::{AttributeBindings, MetadataBindings, MetadataLimits, TagBindings};
pub use model::ordered::{Iter, OrderedMap};
pub use model::schema::Schema;
pub use model::state::{
    Branch, Choice, ChoiceRule, ErrorPolicy, ExternalInput, Fail, Join, JoinStrategy, OnFailure, Parallel,
    ResultKind, State, StateType, States, StepResponse, Subjourney, Succeed, Task, Timer, TimerDue,
    Transform, TransformTarget, WaitTimeout,
};
pub use rules::{RuleInfo, all as rules, explain};
pub use schema::{CompiledSchema, Schemas, Violation};
pub use source::{Format, LineColumn, SourceFile, Span};
pub use suggest::closest;
pub use tree::{Member, Node, NodeValue, read_tree};
pub use value::duration::{InvalidDuration, IsoDuration};
pub use value::path::{DotPath, InvalidDotPath, Members, PathConflict, WritePath};
pub use value::template::{
    InvalidTemplate, Placeholder, PlaceholderRoot, Template, Unresolved, encode_component,
};
pub use value::text::value_to_text;
pub use value::time::parse_rfc3339;
pub use version::{InvalidTaskKind, InvalidVersion, TaskKind, Version};
