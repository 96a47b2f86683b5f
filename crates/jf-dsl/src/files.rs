//! The files that a definition refers to, as they were when it was loaded (ENG-117).

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::capabilities::{
    Capabilities, ExpressionCheck, ExpressionSite, Feature, FileFault, PolicyKind, SizeLimits, TaskFinding,
    TaskSite,
};
use crate::ids::{ApiName, Channel, DefinitionName};
use crate::model::metadata::MetadataLimits;
use crate::source::SourceFile;
use crate::value::duration::IsoDuration;
use crate::value::file_ref::FileRef;
use crate::version::TaskKind;

/// A file that a definition refers to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReferredFile {
    /// The reference.
    pub reference: FileRef,
    /// What was read.
    pub source: SourceFile,
}

impl ReferredFile {
    /// A file by its reference, as it was read.
    #[must_use]
    pub const fn new(reference: FileRef, source: SourceFile) -> Self {
        Self { reference, source }
    }
}

/// Capabilities that note which files were read, or that know all files there are.
pub(crate) struct Files<'a> {
    inner: &'a dyn Capabilities,
    known: Option<&'a [ReferredFile]>,
    read: RefCell<Vec<ReferredFile>>,
}

impl<'a> Files<'a> {
    /// Files are asked for.
    pub(crate) const fn asking(inner: &'a dyn Capabilities) -> Self {
        Self { inner, known: None, read: RefCell::new(Vec::new()) }
    }

    /// These are all the files there are.
    pub(crate) const fn knowing(inner: &'a dyn Capabilities, known: &'a [ReferredFile]) -> Self {
        Self { inner, known: Some(known), read: RefCell::new(Vec::new()) }
    }

    /// The files that were read, each once, in the order they were first read.
    pub(crate) fn into_read(self) -> Arc<[ReferredFile]> {
        self.read.into_inner().into()
    }
}

fn find<'a>(files: &'a [ReferredFile], file: &FileRef) -> Option<&'a ReferredFile> {
    let name = file.normal_form();
    files.iter().find(|known| known.reference.normal_form() == name)
}

// Every method is passed on, those with a default too: a test counts them.
impl Capabilities for Files<'_> {
    fn supports(&self, feature: Feature) -> bool {
        self.inner.supports(feature)
    }

    fn binding(&self, id: &str) -> bool {
        self.inner.binding(id)
    }

    fn languages(&self) -> Vec<String> {
        self.inner.languages()
    }

    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck {
        self.inner.check_expression(site)
    }

    fn task_kinds(&self) -> Vec<String> {
        self.inner.task_kinds()
    }

    fn check_task(&self, kind: &TaskKind, config: &Value, site: &TaskSite<'_>) -> Vec<TaskFinding> {
        self.inner.check_task(kind, config, site)
    }

    fn metadata_limits(&self) -> MetadataLimits {
        self.inner.metadata_limits()
    }

    fn platform_config(&self, definition: &DefinitionName, key: &str) -> Option<Value> {
        self.inner.platform_config(definition, key)
    }

    fn has_policy(&self, kind: PolicyKind, id: &str) -> bool {
        self.inner.has_policy(kind, id)
    }

    fn api_server(&self, definition: &DefinitionName, api: &ApiName) -> Option<String> {
        self.inner.api_server(definition, api)
    }

    fn schedule_minimum(&self) -> IsoDuration {
        self.inner.schedule_minimum()
    }

    fn task_profiles(&self, kind: &TaskKind) -> Option<Vec<String>> {
        self.inner.task_profiles(kind)
    }

    fn has_kafka_connection(&self) -> Option<bool> {
        self.inner.has_kafka_connection()
    }

    fn has_channel(&self, channel: &Channel) -> Option<bool> {
        self.inner.has_channel(channel)
    }

    fn file(&self, base: Option<&Path>, file: &FileRef) -> Result<SourceFile, FileFault> {
        let source = match self.known {
            Some(known) => find(known, file).map(|known| known.source.clone()).ok_or(FileFault::Missing)?,
            None => self.inner.file(base, file)?,
        };
        let mut read = self.read.borrow_mut();
        if find(&read, file).is_none() {
            read.push(ReferredFile::new(file.clone(), source.clone()));
        }
        Ok(source)
    }

    fn development(&self) -> bool {
        self.inner.development()
    }

    fn size_limits(&self) -> SizeLimits {
        self.inner.size_limits()
    }
}

#[cfg(test)]
mod tests {
    use crate::{ReferredFile, SourceFile, StaticCapabilities, load, load_with_files};

    #[test]
    fn capabilities_are_passed_on_whole() {
        let methods = |text: &str, from: &str| {
            let text = text.split_once(from).unwrap().1;
            text.split("\n}\n").next().unwrap().matches("\n    fn ").count()
        };
        let wanted = methods(include_str!("capabilities/mod.rs"), "pub trait Capabilities {");
        assert_eq!(methods(include_str!("files.rs"), "impl Capabilities for Files<'_> {"), wanted);
    }

    #[test]
    fn eng_117_a_definition_loads_again_without_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("apis")).unwrap();
        let stock = "openapi: 3.0.3\ninfo: {title: Stock, version: 1.0.0}\nservers: [{url: https://stock.example}]\npaths:\n  /items:\n    get: {operationId: items, responses: {'200': {description: ok}}}\n";
        std::fs::write(folder.path().join("apis/stock.yaml"), stock).unwrap();
        let text = "\
apiVersion: v1
kind: Journey
metadata: { name: order, version: 1.0.0 }
spec:
  apis: { stock: { openApiRef: apis/stock.yaml } }
  start: ask
  states:
    ask:
      type: task
      task: { kind: httpCall:v1, operationRef: stock.items, resultVar: items }
      next: done
    done: { type: succeed }
";
        let path = folder.path().join("order.journey.yaml");
        std::fs::write(&path, text).unwrap();
        let capabilities = StaticCapabilities::full();
        let loaded = load(&SourceFile::from_path(&path).unwrap(), &capabilities).unwrap();
        let files: Vec<_> =
            loaded.files.iter().map(|file| (file.reference.as_str(), file.source.text())).collect();
        assert_eq!(files, [("apis/stock.yaml", stock)]);

        drop(folder);
        let source = SourceFile::new("order.journey.yaml", text);
        let kept =
            [ReferredFile::new("apis/stock.yaml".parse().unwrap(), SourceFile::new("stock.yaml", stock))];
        let again = load_with_files(&source, &kept, &capabilities).unwrap();
        assert_eq!((again.digest, again.files.len()), (loaded.digest, 1));
        assert!(load_with_files(&source, &[], &capabilities).is_err());
    }
}
