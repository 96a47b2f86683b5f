//! The task plugin `httpCall:v1`.

use std::sync::Arc;
use std::time::Duration;

use jf_core::dsl::{JsonPath, TaskFinding};
use jf_core::spi::{LoadContext, PreparedTask, TaskDescriptor, TaskPlugin};
use serde_json::Value;

use crate::call::{HttpCall, Mode};
use crate::config::ConnectorConfig;
use crate::error_mapping::ErrorMapping;
use crate::members::{Members, Reported, refuse};
use crate::notify::Failures;
use crate::request::{Limits, RequestPlan};
use crate::schema;

const MEMBERS: [&str; 14] = [
    "mode",
    "operationRef",
    "method",
    "url",
    "params",
    "headers",
    "body",
    "accept",
    "timeoutMs",
    "resultVar",
    "resiliencePolicyRef",
    "auth",
    "errorMapping",
    "cookies",
];

/// `httpCall:v1`: one HTTP request per activation, whose outcome is data (TSK-020 ff.).
///
/// Requests are built from the configuration and leave through [`TaskContext::connectors`](jf_core::spi::TaskContext); the plugin has no
/// client of its own (TSK-009). `operationRef`, `auth`, `resiliencePolicyRef`, `cookies` and `errorMapping.normaliserRef` are refused at
/// load until they work.
#[derive(Debug)]
pub struct HttpCallTask {
    descriptor: TaskDescriptor,
    timeout: Duration,
    limits: Limits,
    failures: Failures,
}

impl HttpCallTask {
    /// A plugin with the time-out and the limits of `config`.
    #[must_use]
    pub fn new(config: &ConnectorConfig) -> Self {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            descriptor: TaskDescriptor::new("httpCall:v1", schema::configuration()),
            timeout: Duration::from_millis(config.timeout_ms.get()),
            limits: Limits {
                request_bytes: size(config.max_request_bytes.get()),
                response_bytes: size(config.max_response_bytes.get()),
            },
            failures: Failures::default(),
        }
    }

    /// How many notifications were not delivered since the plugin was made (TSK-051): no response, or one outside 2xx.
    #[must_use]
    pub fn failed_notifications(&self) -> u64 {
        self.failures.count()
    }

    fn read(&self, task: &Members<'_>, load: &mut LoadContext<'_>) -> Result<HttpCall, Reported> {
        load.refuse_unknown(task.path(), task.object(), &MEMBERS);
        let supported = refuse_unsupported(task, load);
        let mode = self.read_mode(task, load);
        let timeout = self.read_timeout(task, load);
        let request = RequestPlan::read(task, self.limits, load);
        supported?;
        Ok(HttpCall { request: request?, timeout: timeout?, mode: mode? })
    }

    /// TSK-024.
    fn read_mode(&self, task: &Members<'_>, load: &mut LoadContext<'_>) -> Result<Mode, Reported> {
        let notify = task.word("mode", "TSK-024", &["requestResponse", "notify"], load)? == Some("notify");
        if notify {
            let mut outcome = Ok(Mode::Notify { failures: self.failures.clone() });
            for name in ["resultVar", "errorMapping"].into_iter().filter(|name| task.has(name)) {
                let finding = TaskFinding::error(
                    "TSK-024",
                    task.at(name),
                    format!("`{name}` does not go with `mode: notify`"),
                )
                .help("a notification has no result: remove it, or remove `mode`");
                outcome = Err(refuse(load, finding));
            }
            return outcome;
        }
        let result_var = match task.var("resultVar", load) {
            Ok(Some(var)) => Ok(Arc::from(var.as_str())),
            Ok(None) => {
                let finding =
                    TaskFinding::error("TSK-024", task.at("resultVar"), "the call needs `resultVar`")
                        .help("name the variable that takes the result, or set `mode: notify`");
                Err(refuse(load, finding))
            }
            Err(reported) => Err(reported),
        };
        let error_mapping = match task.child("errorMapping", "TSK-045", load) {
            Ok(Some(mapping)) => ErrorMapping::read(&mapping, load).map(Some),
            Ok(None) => Ok(None),
            Err(reported) => Err(reported),
        };
        Ok(Mode::RequestResponse { result_var: result_var?, error_mapping: error_mapping? })
    }

    /// TSK-025: the task, else the definition, else the configuration (DEF-070).
    fn read_timeout(&self, task: &Members<'_>, load: &mut LoadContext<'_>) -> Result<Duration, Reported> {
        let default = || {
            let of_definition = load.definition().spec.defaults.http.timeout_ms;
            of_definition.map_or(self.timeout, |millis| Duration::from_millis(millis.get()))
        };
        match task.get("timeoutMs") {
            None => Ok(default()),
            Some(value) => match value.as_u64() {
                Some(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
                _ => {
                    let finding = TaskFinding::error(
                        "TSK-025",
                        task.at("timeoutMs"),
                        "`timeoutMs` must be an integer of at least 1",
                    );
                    Err(refuse(load, finding))
                }
            },
        }
    }
}

/// Members of the language that this build cannot honour: refusing them is better than a call without its credentials.
fn refuse_unsupported(task: &Members<'_>, load: &mut LoadContext<'_>) -> Result<(), Reported> {
    let mut outcome = Ok(());
    for (name, rule) in [("auth", "TSK-029"), ("resiliencePolicyRef", "TSK-029"), ("cookies", "TSK-030")] {
        if task.has(name) {
            let finding = TaskFinding::error(
                rule,
                task.at(name),
                format!("`{name}` is not supported by this build of the engine"),
            )
            .help(format!("remove `{name}`"));
            outcome = Err(refuse(load, finding));
        }
    }
    outcome
}

impl TaskPlugin for HttpCallTask {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.descriptor
    }

    fn prepare(&self, config: &Value, load: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        let Some(object) = config.as_object() else {
            load.report(TaskFinding::error("STA-020", JsonPath::root(), "`task` must be an object"));
            return None;
        };
        let call = self.read(&Members::new(object, JsonPath::root()), load).ok()?;
        // Reported beside what was read, such as an unknown member.
        if load.has_errors() { None } else { Some(Arc::new(call)) }
    }
}
