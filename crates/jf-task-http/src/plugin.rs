//! The task plugin `httpCall:v1`.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use jf_core::dsl::{self, CallMode, Definition, Feature, JsonPath, TaskConfig, TaskFinding};
use jf_core::spi::{LoadContext, PreparedTask, TaskDescriptor, TaskPlugin};

use crate::call::{Mode, PreparedCall};
use crate::config::ConnectorConfig;
use crate::cookies::JarPlan;
use crate::error_mapping::MappingPlan;
use crate::notify::Failures;
use crate::request::{Limits, RequestPlan};

/// `httpCall:v1`: one HTTP request per activation, whose outcome is data (TSK-020 ff.).
///
/// Requests are built from the configuration and leave through [`TaskContext::connectors`](jf_core::spi::TaskContext); the plugin has no
/// client of its own (TSK-009). Policies of authentication and resilience are refused when the definition is linked until they
/// work.
#[derive(Debug)]
pub struct HttpCallTask {
    descriptor: TaskDescriptor,
    timeout: Duration,
    limits: Limits,
    idempotency: Option<HeaderName>,
    failures: Failures,
}

impl HttpCallTask {
    /// A plugin with the time-out and the limits of `config`.
    #[must_use]
    pub fn new(config: &ConnectorConfig) -> Self {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            descriptor: TaskDescriptor::of_core_kind("httpCall:v1").with_features(&[Feature::Apis]),
            timeout: Duration::from_millis(config.timeout_ms.get()),
            limits: Limits {
                request_bytes: size(config.max_request_bytes.get()),
                response_bytes: size(config.max_response_bytes.get()),
            },
            idempotency: config.idempotency_header.clone(),
            failures: Failures::default(),
        }
    }

    /// How many notifications were not delivered since the plugin was made (TSK-051): no response, or one outside 2xx.
    #[must_use]
    pub fn failed_notifications(&self) -> u64 {
        self.failures.count()
    }

    /// TSK-024.
    fn mode(&self, call: &dsl::HttpCall, load: &mut LoadContext<'_>) -> Option<Mode> {
        let Some(result_var) = call.result_var.as_ref().filter(|_| call.mode == CallMode::RequestResponse)
        else {
            return Some(Mode::Notify { failures: self.failures.clone() });
        };
        let error_mapping = match &call.error_mapping {
            Some(mapping) => Some(MappingPlan::of(mapping, load)?),
            None => None,
        };
        Some(Mode::RequestResponse { result_var: Arc::from(result_var.as_str()), error_mapping })
    }

    /// TSK-025: the task, else the definition, else the configuration (DEF-070).
    fn timeout(&self, call: &dsl::HttpCall, definition: &Definition) -> Duration {
        let millis = call.timeout_ms.or(definition.spec.defaults.http.timeout_ms);
        millis.map_or(self.timeout, |millis| Duration::from_millis(millis.get()))
    }
}

impl TaskPlugin for HttpCallTask {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.descriptor
    }

    fn prepare(&self, config: &TaskConfig, load: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        let TaskConfig::HttpCall(call) = config else {
            load.report(TaskFinding::error(
                "TSK-004",
                JsonPath::root(),
                "this plugin runs `httpCall:v1` tasks only",
            ));
            return None;
        };
        refuse_unsupported(call, load);
        let mode = self.mode(call, load);
        let request = RequestPlan::of(call, self.limits, self.idempotency.as_ref(), load);
        let timeout = self.timeout(call, load.definition());
        let jar = JarPlan::of(call, load.definition());
        let call = PreparedCall { request: request?, jar, timeout, mode: mode? };
        // Reported beside what was read.
        if load.has_errors() { None } else { Some(Arc::new(call)) }
    }
}

/// What the language has and this plugin cannot honour yet: refusing it is better than a call without its credentials.
fn refuse_unsupported(call: &dsl::HttpCall, load: &mut LoadContext<'_>) {
    let spec = &load.definition().spec;
    let default_policy =
        spec.policies.http_resilience.as_ref().and_then(|policies| policies.default.as_ref());
    // DEF-072.
    let resilience = call
        .resilience_policy_ref
        .as_ref()
        .or(spec.defaults.tasks.resilience_policy_ref.as_ref())
        .or(default_policy);
    for (used, rule, what, member) in [
        (call.auth.is_some(), "TSK-029", "authentication by a policy", &["auth"][..]),
        (resilience.is_some(), "TSK-029", "a resilience policy", &["resiliencePolicyRef"]),
    ] {
        if used {
            let path = member.iter().fold(JsonPath::root(), |path, name| path.member(*name));
            let message = format!("{what} is not supported by this build of the engine");
            load.report(TaskFinding::error(rule, path, message));
        }
    }
}
