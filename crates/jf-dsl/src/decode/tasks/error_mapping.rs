//! `errorMapping` of a call (TSK-045, TSK-046), and where results of tasks go (STA-051 to STA-053).

use std::sync::Arc;

use super::optional;
use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place, Special};
use crate::model::task::{ErrorMapper, ErrorMapping, MappingCondition, ValueTarget};
use crate::rules::{shape, tasks as rules};

const RULE: &str = "TSK-045";

impl Decoder<'_> {
    pub(super) fn error_mapping(&mut self, place: &Place<'_>) -> Option<ErrorMapping> {
        self.object(place, RULE)?;
        let members = ["when", "mapper", "mapperRef", "normaliserRef", "target", "resultVar"];
        self.known_or(place, &members, "DEF-007", |name| match name {
            "lang" | "expr" => Some(Special::Once(shape::misplaced(name, "under `mapper`").rule(RULE))),
            _ => None,
        });
        // There is one condition, and it is the default.
        let when = place.get("when");
        let when = optional(when.map(|when| self.one_of(&when, RULE, &[("nonOk", MappingCondition::NonOk)])));
        let mapper = self.error_mapper(place);
        let target = self.value_target(place, RULE);
        Some(ErrorMapping { when: when?.unwrap_or_default(), mapper: mapper?, target: target? })
    }

    fn error_mapper(&mut self, place: &Place<'_>) -> Option<ErrorMapper> {
        let Some(normaliser) = place.get("normaliserRef") else {
            if !Self::has_mapper(place) {
                if ["lang", "expr"].iter().all(|name| place.get(name).is_none()) {
                    self.missing(place, "mapper", RULE);
                }
                return None;
            }
            return self.mapper(place, SiteClass::Task, RULE).map(ErrorMapper::Mapper);
        };
        if Self::has_mapper(place) {
            self.mentions(place);
            self.used_normalisers.extend(normaliser.text().map(Arc::clone));
            let fault = shape::does_not_fit("`normaliserRef` stands in place of `mapper` and `mapperRef`");
            self.report_key(&normaliser, fault.rule(RULE));
            return None;
        }
        let normaliser_ref = self.normaliser_ref(&normaliser)?;
        Some(ErrorMapper::Normaliser { normaliser_ref })
    }

    /// `target` and `resultVar` of a block that cannot write attributes; `rule` is the one that says so.
    pub(super) fn value_target(&mut self, block: &Place<'_>, rule: &'static str) -> Option<ValueTarget> {
        let result_var = block.get("resultVar");
        let mut is_var = false;
        let mut path = Some(None);
        if let Some(target) = block.get("target") {
            self.object(&target, "STA-051")?;
            self.known(&target, &["kind", "path"]);
            is_var = match target.get("kind") {
                None => false,
                Some(kind) if kind.text().is_some_and(|text| &**text == "attributes") => {
                    self.report(&kind, rules::no_attributes_here().rule(rule));
                    return None;
                }
                Some(kind) => self.one_of(&kind, "STA-051", &[("context", false), ("var", true)])?,
            };
            path = self.target_path(&target, !is_var);
        }
        match (is_var, result_var) {
            (false, None) => path.map(ValueTarget::Context),
            (false, Some(name)) => {
                let fault = shape::does_not_fit("`resultVar` belongs to `target.kind: var`").rule("STA-052");
                self.report_key(&name, fault.help("add `target: { kind: var }`, or remove `resultVar`"));
                None
            }
            (true, None) => {
                self.missing(block, "resultVar", "STA-052");
                None
            }
            (true, Some(name)) => {
                let name = self.result_var(&name, "STA-006");
                path?;
                Some(ValueTarget::Var(name?))
            }
        }
    }
}
