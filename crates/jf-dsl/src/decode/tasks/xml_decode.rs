//! `xmlDecode:v1` (04 §11).

use std::sync::Arc;

use crate::decode::{Decoder, Place};
use crate::model::task::XmlDecode;
use crate::rules::shape;
use crate::value::path::DotPath;

impl Decoder<'_> {
    pub(super) fn xml_decode(&mut self, block: &Place<'_>) -> Option<XmlDecode> {
        self.task_members(block, &["sourceVar", "target", "resultVar"], "DEF-007", |_| None);
        let source_var = self.required(block, "sourceVar", "TSK-090");
        let source_var = source_var.and_then(|place| self.source_var(&place));
        let target = self.value_target(block, "TSK-091");
        Some(XmlDecode { source_var: source_var?, target: target? })
    }

    fn source_var(&mut self, place: &Place<'_>) -> Option<DotPath> {
        let text = self.non_empty(place, "TSK-090")?;
        match DotPath::parse(Arc::clone(text)) {
            Ok(path) => Some(path),
            Err(error) => {
                self.report(place, shape::malformed(text, "path", &error.to_string()).rule("TSK-090"));
                None
            }
        }
    }
}
