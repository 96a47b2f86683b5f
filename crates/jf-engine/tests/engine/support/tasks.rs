//! `desk:v1`: a task whose work is done by the test.

use std::sync::Arc;

use async_trait::async_trait;
use jf_core::Problem;
use jf_core::spi::{
    LoadContext, Notification, PreparedTask, TaskContext, TaskDescriptor, TaskError, TaskOutput, TaskPlugin,
    WriteTarget,
};
use jf_dsl::TaskConfig;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::soon;

/// Where tasks leave their work.
pub(crate) struct Desk(Mutex<mpsc::UnboundedReceiver<Job>>);

/// A task that runs.
pub(crate) struct Job {
    pub(crate) context: TaskContext,
    answer: oneshot::Sender<Result<TaskOutput, TaskError>>,
}

impl Desk {
    /// The next task that begins.
    pub(crate) async fn next(&self) -> Job {
        soon(async { self.0.lock().await.recv().await })
            .await
            .expect("the plugin lives as long as its engine")
    }

    /// Whether a task has begun that nobody has taken.
    pub(crate) async fn is_empty(&self) -> bool {
        self.0.lock().await.is_empty()
    }
}

impl Job {
    /// Ends it; `value` goes to the variable of the configuration.
    pub(crate) fn done(self, value: Value) {
        let target = WriteTarget::Var("answer".into());
        self.end(Ok(TaskOutput::none().with_write(target, value)));
    }

    /// Ends it with whatever the test makes up.
    pub(crate) fn give(self, output: TaskOutput) {
        self.end(Ok(output));
    }

    /// Ends it with a job for after the commit.
    pub(crate) fn notify(self, work: impl Future<Output = ()> + Send + 'static) {
        self.end(Ok(TaskOutput::none().with_notification(Notification::new(work))));
    }

    pub(crate) fn fail(self, code: &'static str) {
        self.end(Err(TaskError::reported(Problem::new(code, "the test said so"))));
    }

    /// Whether the engine has dropped it.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn end(self, output: Result<TaskOutput, TaskError>) {
        // An abandoned task needs no answer.
        let _ = self.answer.send(output);
    }
}

#[derive(Debug)]
pub(super) struct DeskTask {
    descriptor: TaskDescriptor,
    jobs: mpsc::UnboundedSender<Job>,
}

#[derive(Debug)]
struct Prepared {
    jobs: mpsc::UnboundedSender<Job>,
    /// What it does instead of asking the test.
    does: Option<String>,
}

pub(super) fn desk() -> (Desk, DeskTask) {
    let (jobs, desk) = mpsc::unbounded_channel();
    (Desk(Mutex::new(desk)), DeskTask { descriptor: TaskDescriptor::new("desk:v1", json!({})), jobs })
}

impl TaskPlugin for DeskTask {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.descriptor
    }

    fn prepare(&self, config: &TaskConfig, _: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        let TaskConfig::Plugin(task) = config else { return None };
        let does = task.config.get("does").and_then(Value::as_str).map(str::to_owned);
        Some(Arc::new(Prepared { jobs: self.jobs.clone(), does }))
    }
}

#[async_trait]
impl PreparedTask for Prepared {
    async fn execute(&self, context: TaskContext) -> Result<TaskOutput, TaskError> {
        match self.does.as_deref() {
            Some("panic") => panic!("a plugin breaks its contract"),
            Some(value) => {
                let target = WriteTarget::Var("answer".into());
                return Ok(TaskOutput::none().with_write(target, Value::from(value)));
            }
            None => {}
        }
        let (answer, answered) = oneshot::channel();
        let _ = self.jobs.send(Job { context, answer });
        answered.await.unwrap_or_else(|_| Ok(TaskOutput::none()))
    }
}
