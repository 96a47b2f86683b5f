//! `parallel` (02 §10).

use std::collections::HashMap;
use std::sync::Arc;

use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place};
use crate::ids::BranchName;
use crate::model::state::{Branch, ErrorPolicy, Join, JoinStrategy, Parallel, ParallelBlock};
use crate::rules::{shape, states as rules};
use crate::source::Span;

impl Decoder<'_> {
    pub(in crate::decode) fn parallel_state(&mut self, place: &Place<'_>) -> Option<Parallel> {
        self.state_members(place, &["parallel", "next"]);
        let next = self.next(place);
        let block = self.required(place, "parallel", "STA-002")?;
        self.object(&block, "STA-100")?;
        self.known(&block, &["branches", "join"]);
        let branches = self.required(&block, "branches", "STA-100").and_then(|place| self.branches(&place));
        let join = self.required(&block, "join", "STA-100").and_then(|place| self.join(&place));
        Some(Parallel { parallel: ParallelBlock { branches: branches?, join: join? }, next: next? })
    }

    fn branches(&mut self, place: &Place<'_>) -> Option<Vec<Branch>> {
        self.array(place, "STA-100")?;
        let count = place.items().len();
        let most = self.capabilities.size_limits().branches;
        match count {
            0 => self.report(place, shape::empty("a list of branches").rule("STA-100")),
            1 => self.report_key(place, rules::single_branch()),
            more if more > most => self.report_key(place, shape::too_many("branches", most)),
            _ => {}
        }
        let mut names: HashMap<Arc<str>, Span> = HashMap::new();
        let branches: Vec<Branch> = place.items().filter_map(|item| self.branch(&item, &mut names)).collect();
        (branches.len() == count).then_some(branches)
    }

    fn branch(&mut self, place: &Place<'_>, names: &mut HashMap<Arc<str>, Span>) -> Option<Branch> {
        self.object(place, "STA-101")?;
        self.known(place, &["name", "start", "states"]);
        let name_place = self.required(place, "name", "STA-101");
        let name = name_place.and_then(|place| self.name(&place, "STA-101", BranchName::parse));
        if let (Some(name), Some(place)) = (&name, &name_place) {
            match names.get(name.as_str()) {
                Some(first) => self.report(place, rules::duplicate_branch(name.as_str(), *first)),
                None => {
                    names.insert(Arc::from(name.clone()), place.span());
                }
            }
        }
        let start = self.required(place, "start", "STA-101").and_then(|place| self.start(&place, "STA-017"));
        let states = self.required(place, "states", "STA-101").map(|place| self.states(&place, "STA-101"));
        Some(Branch { name: name?, start: start?, states: states? })
    }

    fn join(&mut self, place: &Place<'_>) -> Option<Join> {
        self.object(place, "STA-102")?;
        self.known(place, &["strategy", "errorPolicy", "mapper", "mapperRef", "resultVar"]);
        let strategies = [
            ("allOf", JoinStrategy::AllOf),
            ("anyOf", JoinStrategy::AnyOf),
            ("firstCompleted", JoinStrategy::FirstCompleted),
        ];
        let policies = [
            ("collectAll", ErrorPolicy::CollectAll),
            ("failFast", ErrorPolicy::FailFast),
            ("ignoreErrors", ErrorPolicy::IgnoreErrors),
        ];
        let strategy = self.required(place, "strategy", "STA-102");
        let strategy = strategy.and_then(|place| self.one_of(&place, "STA-102", &strategies));
        let error_policy = match place.get("errorPolicy") {
            Some(place) => self.one_of(&place, "STA-102", &policies),
            None => Some(ErrorPolicy::default()),
        };
        let has_mapper = Self::has_mapper(place);
        let mapper = has_mapper.then(|| {
            self.binding(&["branches"], |decoder| decoder.mapper(place, SiteClass::Scope, "STA-102"))
        });
        let result_var = place.get("resultVar");
        if result_var.is_none() {
            self.report_key(place, rules::results_dropped(has_mapper));
        }
        let result_var = result_var.map(|place| self.result_var(&place, "STA-006"));
        Some(Join {
            strategy: strategy?,
            error_policy: error_policy?,
            mapper: mapper.map_or(Some(None), |mapper| mapper.map(Some))?,
            result_var: result_var.map_or(Some(None), |name| name.map(Some))?,
        })
    }
}
