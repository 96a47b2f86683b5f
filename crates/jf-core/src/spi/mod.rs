//! What an engine can be extended with: expression engines, task plugins, connectors, clocks, secrets, and their registries.
//!
//! Callers of an [`Engine`](crate::Engine) need nothing of this module.

mod clock;
mod connector;
mod cookie;
mod expression;
mod load;
mod registry;
mod schedule;
mod secret;
mod task;
mod telemetry;

pub use clock::{Clock, Sleep};
pub use connector::{HttpConnector, HttpExchange, HttpFailure, HttpFailureKind, HttpReceived};
pub use cookie::{CookieChange, CookieJar, JarCookie, JarLimits, SameSite};
pub use expression::{
    Bindings, BoundExpression, Compensated, CompileError, CompiledExpression, EvalContext, EvalError,
    EvalErrorKind, EvalLimits, ExpressionEngine, Site,
};
pub use load::LoadContext;
pub use registry::{Registries, RegistriesBuilder, RegistryError};
pub use schedule::ScheduleIdentity;
pub use secret::{NoSecrets, Secret, SecretError, SecretResolver};
pub use task::{
    Connectors, DefinitionIdentity, Evaluation, Notification, Platform, PreparedTask, TaskContext,
    TaskDescriptor, TaskError, TaskErrorKind, TaskOutput, TaskPlugin, TaskWrite, WriteTarget,
};
pub use telemetry::{InvalidLogLevel, LogField, LogLevel, TaskLogger, TaskTelemetry};
