//! `cache:v1` (04 §13).

use super::optional;
use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place};
use crate::model::task::{Cache, CacheOperation};
use crate::rules::{shape, tasks as rules};

const RULE: &str = "TSK-110";

impl Decoder<'_> {
    pub(super) fn cache(&mut self, block: &Place<'_>) -> Option<Cache> {
        let members = ["operation", "key", "value", "ttlSeconds", "resultVar"];
        self.task_members(block, &members, "DEF-007", |_| None);
        let key = self.required_mapper(block, "key", SiteClass::Task, RULE);
        let operation = self.required(block, "operation", RULE);
        let is_get =
            operation.and_then(|operation| self.one_of(&operation, RULE, &[("get", true), ("put", false)]));
        let Some(is_get) = is_get else {
            // What the other members are is for the operation to say; what they mention is in use all the same.
            self.mentions(block);
            return None;
        };
        let operation = if is_get { self.cache_get(block) } else { self.cache_put(block) };
        Some(Cache { key: key?, operation: operation? })
    }

    fn cache_get(&mut self, block: &Place<'_>) -> Option<CacheOperation> {
        for name in ["value", "ttlSeconds"] {
            if let Some(member) = block.get(name) {
                self.mentions(&member);
                self.report_key(&member, rules::no_effect(name, "`operation: get`").rule(RULE));
            }
        }
        let result_var = self.required(block, "resultVar", RULE)?;
        Some(CacheOperation::Get { result_var: self.result_var(&result_var, "STA-006")? })
    }

    fn cache_put(&mut self, block: &Place<'_>) -> Option<CacheOperation> {
        let result_var = block.get("resultVar");
        if let Some(result_var) = &result_var {
            let fault = shape::does_not_fit("`resultVar` does not go with `operation: put`").rule(RULE);
            self.report_key(result_var, fault);
        }
        let value = self.required_mapper(block, "value", SiteClass::Task, RULE);
        let ttl_seconds = optional(block.get("ttlSeconds").map(|place| self.positive(&place, RULE)));
        Some(CacheOperation::Put { value: value?, ttl_seconds: ttl_seconds? })
    }
}
