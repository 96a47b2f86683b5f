//! `instant:v1`: a task that takes no time, so that what is measured is the engine.

use std::sync::Arc;

use async_trait::async_trait;
use jf_core::dsl::TaskConfig;
use jf_core::spi::{
    LoadContext, PreparedTask, TaskContext, TaskDescriptor, TaskError, TaskOutput, TaskPlugin, WriteTarget,
};
use serde_json::{Value, json};

#[derive(Debug)]
pub(crate) struct Instant(TaskDescriptor);

#[derive(Debug)]
struct Prepared(Arc<str>);

impl Instant {
    pub(crate) fn new() -> Self {
        Self(TaskDescriptor::new("instant:v1", json!({})))
    }
}

impl TaskPlugin for Instant {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.0
    }

    fn prepare(&self, config: &TaskConfig, _: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        let TaskConfig::Plugin(plugin) = config else { return None };
        let name = plugin.config.get("resultVar").and_then(Value::as_str).unwrap_or("answer");
        Some(Arc::new(Prepared(name.into())))
    }
}

#[async_trait]
impl PreparedTask for Prepared {
    async fn execute(&self, _: TaskContext) -> Result<TaskOutput, TaskError> {
        let target = WriteTarget::Var(Arc::clone(&self.0));
        Ok(TaskOutput::none().with_write(target, json!({ "ok": true })))
    }
}
