//! Journey documents: spanned parsing, the typed model, validation, diagnostics.
//!
//! This is the bottom row of the workspace: it knows the language and nothing of how journeys run. Every other crate
//! works with what it gives: a [`Definition`] that is valid under every rule that can be checked without running it.
//!
//! ```text
//! SourceFile ── load ──► Loaded { definition, schemas, warnings, positions, digest } ── Catalog::new ──► Catalog
//!                 │
//!                 └────► Diagnostics: everything that is wrong, with code, rule, path, position and help
//! ```
//!
//! | in the order of the data | |
//! |---|---|
//! | [`SourceFile`] | a text with a name; YAML or JSON |
//! | [`read_tree`], [`Node`] | the document as it was read, every node with its bytes; also for configuration files |
//! | [`Capabilities`] | what the caller has installed and configured; loading asks it and opens nothing |
//! | [`load`], [`Loaded`] | a valid definition with its compiled [`Schemas`] |
//! | [`Definition`], [`Spec`], [`State`] | the typed model, clean of positions |
//! | [`Definition::to_document`], [`Definition::to_yaml`], [`language_schema`] | the way back: the document of a definition, its YAML, and the JSON Schema of the language for editors |
//! | [`Template`], [`DotPath`], [`WritePath`], [`IsoDuration`] | the small languages inside a definition, with their meaning |
//! | [`Diagnostics`], [`rules`], [`explain`] | what is wrong, for terminals, tools and people who ask why |
//! | [`Catalog`] | definitions that are deployed together, with the tables that transports route by |
//!
//! Loading is a pure function of the text and the capabilities: no clock, no network, no environment. Its time and memory
//! are bounded by the size of the text, whatever the text is.
//!
//! # Examples
//!
//! ```
//! use jf_dsl::{Catalog, SourceFile, State, StaticCapabilities, TerminalStyle, load};
//!
//! let capabilities = StaticCapabilities::full();
//! let text = "
//! apiVersion: v1
//! kind: Journey
//! metadata: { name: approval, version: 1.0.0 }
//! spec:
//!   start: ask
//!   states:
//!     ask:
//!       type: wait
//!       wait:
//!         input: { schema: { type: object, required: [decision] } }
//!         timeoutSec: 3600
//!         onTimeout: late
//!       next: done
//!     late: { type: fail, errorCode: LATE, reason: nobody decided }
//!     done: { type: succeed }
//! ";
//!
//! let loaded = load(&SourceFile::new("approval.journey.yaml", text), &capabilities)?;
//! let Some(State::Wait(ask)) = loaded.definition.state("ask") else { panic!("`ask` is a wait") };
//! let schema = loaded.schemas.get(&ask.wait.input.schema);
//! assert!(schema.check(&serde_json::json!({ "decision": "approve" })).is_ok());
//!
//! let catalog = Catalog::new(vec![loaded])?;
//! assert!(catalog.journey("approval").is_some());
//!
//! // A mistake is reported where it stands, with what to do about it.
//! let mistaken = text.replace("onTimeout: late", "onTimeout: lat");
//! let faults = load(&SourceFile::new("approval.journey.yaml", mistaken), &capabilities).unwrap_err();
//! let shown = faults.to_terminal(TerminalStyle::Plain);
//! assert!(shown.contains("error[JF3002]: `lat` is not a state of this scope"));
//! assert!(shown.contains("did you mean `late`?"));
//! # Ok::<(), jf_dsl::Diagnostics>(())
//! ```

mod capabilities;
mod catalog;
mod decode;
mod diagnostic;
mod digest;
mod edit;
mod editor;
mod files;
mod header;
mod ids;
mod json_path;
mod lines;
mod load;
mod model;
mod openapi;
mod repair;
mod rules;
mod schema;
mod source;
mod suggest;
mod text;
mod tree;
mod value;
mod version;

pub use capabilities::{
    Capabilities, ExpressionCheck, ExpressionFault, ExpressionFaultKind, ExpressionSite, Feature, FileFault,
    PolicyKind, SiteClass, SizeLimits, StaticCapabilities, TaskFinding, TaskSite,
};
pub use catalog::{Catalog, Endpoint, is_server_path};
pub use diagnostic::code::InvalidCode;
pub use diagnostic::sarif::SarifRun;
pub use diagnostic::set::Diagnostics;
pub use diagnostic::terminal::TerminalStyle;
pub use diagnostic::{Applicability, Code, Diagnostic, Edit, Fix, Label, Severity};
pub use digest::BodyDigest;
pub use editor::language_schema;
pub use files::ReferredFile;
pub use header::{HeaderName, InvalidHeaderName};
pub use ids::{
    ApiName, AttributeName, BranchName, Channel, ConfigKey, CookieDomain, DefinitionName, GrpcMethod,
    GrpcService, InvalidName, Lang, MapperId, MessageType, NormaliserId, OutcomeId, PolicyId,
    RESERVED_CLIENT_TYPES, SecretRef, StateId, SubjourneyId, VarName, is_ident,
};
pub use json_path::{InvalidJsonPath, JsonPath, PathStep};
pub use load::{Document, Loaded, Positions, check_configuration, load, load_document, load_with_files};
pub use model::binding::{
    Advisory, ApiResponseMatch, ApiResponseRule, ApiResponses, Bindings, DefaultStatuses, FailedStatus,
    HttpBinding, Message, Passthrough, Projection, Route, RouteMethod, RuleStatus, WebSocketBinding,
    WebSocketEndpoint,
};
pub use model::binding_grpc::GrpcBinding;
pub use model::binding_queue::{QueueBinding, QueueChannel};
pub use model::catalogue::Api;
pub use model::cookies::{CookieJar, Cookies, IncludedCookies, JarDomain, ReturnMode, ReturnToClient};
pub use model::definition::{
    ApiVersion, ConfigDeclaration, ConfigType, Defaults, Definition, EndPhase, Execution, ExecutionTimeout,
    HttpDefaults, HttpSurface, Kind, Lifecycle, Metadata, OutcomeMatch, OutcomeRule, Output, OutputResponse,
    Platform, SchemaBlock, Spec, StartMode, SurfaceLinks, TaskDefaults,
};
pub use model::errors::{CanonicalFormat, Envelope, EnvelopeFormat, Errors};
pub use model::expression::{Expression, Mapper};
pub use model::metadata::{
    AttributeBindings, AttributeLimits, BaggageSource, DefinitionTagLimits, ExecutionLimits, HeaderSource,
    InstanceTagLimits, MetadataBindings, MetadataLimits, PayloadSource, SpecMetadata, TagBindings,
};
pub use model::ordered::{Iter, OrderedMap};
pub use model::policy::{
    Backoff, BackoffKind, Bulkhead, CircuitBreaker, ClientAuth, Jitter, Oauth2ClientCredentials, PemRef,
    Policies, PolicySet, ResiliencePolicy, RetryOn, TokenAuth, TokenAuthMethod, TrustAnchor,
};
pub use model::schema::Schema;
pub use model::scope::{
    Access, AlsoFor, AlsoForWhen, Compensation, CompensationMode, ReadAccess, SubjourneyDefinition,
};
pub use model::state::{
    Branch, Choice, ChoiceMatch, ChoiceRule, ErrorPolicy, ExternalInput, Fail, FailureBehavior, Given, Join,
    JoinStrategy, OnFailure, Parallel, ParallelBlock, ResultKind, State, StateType, States, StepResponse,
    Subjourney, SubjourneyCall, Succeed, Task, Timer, TimerDue, Transform, TransformBlock, TransformTarget,
    Wait, WaitTimeout, Webhook,
};
pub use model::task::{
    ApiKeyLocation, ApiKeySource, ApiKeyValidate, Cache, CacheOperation, CallAuth, CallBody, CallCookies,
    CallMode, CallParams, CallTarget, ErrorMapper, ErrorMapping, HttpCall, HttpMethod, JwtValidate, KafkaKey,
    KafkaPublish, MappingCondition, MtlsValidate, OnExisting, Operation, OperationRef, PemAnchor, PluginTask,
    Scalar, Schedule, SchemaFile, SubjectAltName, TaskConfig, TokenLocation, TokenSource, ValueTarget,
    XmlDecode,
};
pub use repair::{Repaired, repair};
pub use rules::{Example, RuleInfo, all as rules, explain};
pub use schema::{CompiledSchema, Schemas, Violation};
pub use source::{Format, LineColumn, SourceFile, Span};
pub use suggest::closest;
pub use tree::{Member, Node, NodeValue, Tagged, read_tagged_tree, read_tree};
pub use value::duration::{InvalidDuration, IsoDuration};
pub use value::file_ref::{FileRef, InvalidFileRef};
pub use value::http_url::{HttpUrl, InvalidHttpUrl};
pub use value::path::{DotPath, InvalidDotPath, Members, PathConflict, WritePath};
pub use value::pattern::{InvalidPattern, Pattern};
pub use value::template::{
    InvalidTemplate, Placeholder, PlaceholderRoot, Template, Unresolved, encode_component,
};
pub use value::text::value_to_text;
pub use value::time::parse_rfc3339;
pub use version::{InvalidTaskKind, InvalidVersion, TaskKind, Version};
