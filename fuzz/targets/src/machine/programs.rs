//! The programs of `fuzz/programs`, linked with a real expression language and a task that does nothing of its own.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use jf_core::spi::{
    LoadContext, PreparedTask, Registries, TaskContext, TaskDescriptor, TaskError, TaskOutput, TaskPlugin,
};
use jf_dsl::{SourceFile, TaskConfig};
use jf_expr_jq::JaqEngine;
use jf_machine::Program;
use serde_json::json;

/// All programs, in the order of their files.
pub(super) static PROGRAMS: LazyLock<Vec<Program>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../programs");
    let files = std::fs::read_dir(folder).expect("the programs are there");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let registries = Registries::builder()
        .expression(Arc::new(JaqEngine))
        .task(Arc::new(Idle(TaskDescriptor::new("fuzz:v1", json!({})))))
        .features(Program::FEATURES.iter().copied())
        .build()
        .expect("the registries are complete");
    let link = |file: &PathBuf| {
        let source = SourceFile::from_path(file).expect("a program can be read");
        let loaded = jf_dsl::load(&source, &registries).expect("a program is valid");
        Program::link(&loaded, &registries).expect("a program can be linked")
    };
    files.iter().map(link).collect()
});

/// A task whose results are made up by the story.
#[derive(Debug)]
struct Idle(TaskDescriptor);

impl TaskPlugin for Idle {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.0
    }

    fn prepare(&self, _: &TaskConfig, _: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        Some(Arc::new(Self(self.0.clone())))
    }
}

#[async_trait]
impl PreparedTask for Idle {
    async fn execute(&self, _: TaskContext) -> Result<TaskOutput, TaskError> {
        Ok(TaskOutput::none())
    }
}
