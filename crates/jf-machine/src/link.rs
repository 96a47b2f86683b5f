//! Linking: from the model to what runs.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jf_core::spi::{BoundExpression, PreparedTask, Registries, Site};
use jf_dsl::{
    Access, Capabilities, Cookies, Definition, Errors, Expression, ExpressionCheck, Feature, JsonPath, Lang,
    Loaded, Mapper, Policies, SiteClass, StateId, States, SubjourneyId, Task, TaskSite,
};

use crate::program::{LinkedScope, LinkedState, Program, ScopeIndex, StateIndex};
use crate::states::{Index, Op};

/// What a definition needs and the registries or this interpreter do not have; everything at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkError {
    faults: Vec<LinkFault>,
}

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkFault {
    /// Where it is needed.
    pub path: JsonPath,
    /// One sentence: lower case, no final period.
    pub message: String,
}

impl LinkError {
    /// What is missing, in document order; at least one thing.
    #[must_use]
    pub fn faults(&self) -> &[LinkFault] {
        &self.faults
    }
}

impl fmt::Display for LinkError {
    /// One line per fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{}: {}", fault.path, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for LinkError {}

/// A compiled expression that still knows its language, for diagnostics.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) bound: BoundExpression,
    pub(crate) lang: Lang,
    /// Most do not, and `platform` is a document of some size.
    pub(crate) reads_platform: bool,
}

/// Compiles what a definition contains and collects what is missing.
pub(crate) struct Linker<'a> {
    definition: &'a Definition,
    /// The folder that relative references start from (DEF-065).
    base: Option<&'a Path>,
    registries: &'a Registries,
    /// `None` for a state with a fault, or one that is still to come.
    states: Vec<Option<LinkedState>>,
    scopes: Vec<LinkedScope>,
    subjourneys: HashMap<SubjourneyId, ScopeIndex>,
    /// Names bound at every site that is linked now.
    bound: &'static [&'static str],
    faults: Vec<LinkFault>,
}

impl<'a> Linker<'a> {
    pub(crate) fn new(loaded: &'a Loaded, registries: &'a Registries) -> Self {
        Self {
            definition: &loaded.definition,
            base: loaded.positions.source().base(),
            registries,
            states: Vec::new(),
            scopes: Vec::new(),
            subjourneys: HashMap::new(),
            bound: &[],
            faults: Vec::new(),
        }
    }

    /// Links with further names bound at every site.
    pub(crate) fn binding(&mut self, bound: &'static [&'static str], link: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.bound, bound);
        link(self);
        self.bound = before;
    }

    // ---- Scopes ----

    /// A place for a scope that is linked later, since states may speak of it before.
    pub(crate) fn reserve(&mut self) -> ScopeIndex {
        self.scopes.push(LinkedScope { start: StateIndex::UNKNOWN, index: Index::new(), states: 0..0 });
        ScopeIndex::new(self.scopes.len() - 1)
    }

    /// A place for a subjourney.
    pub(crate) fn reserve_subjourney(&mut self, id: &SubjourneyId) {
        let scope = self.reserve();
        self.subjourneys.insert(id.clone(), scope);
    }

    /// The place of a subjourney; those that a loaded definition refers to exist (STA-085).
    pub(crate) fn subjourney(&mut self, id: &SubjourneyId) -> ScopeIndex {
        self.subjourneys.get(id).copied().unwrap_or_else(|| {
            let path = JsonPath::root().member("spec").member("subjourneys");
            self.fault(path, format!("there is no subjourney `{id}`"));
            ScopeIndex::TOP
        })
    }

    /// Links the states of a scope. `path` is that of the `states` map.
    pub(crate) fn scope(&mut self, scope: ScopeIndex, start: &StateId, states: &States, path: &JsonPath) {
        let first = self.states.len();
        let place = |at: usize| StateIndex::new(first + at);
        let index: Index = states.keys().enumerate().map(|(at, id)| (id.clone(), place(at))).collect();
        // Branches of these states come after all of them.
        self.states.resize_with(first + states.len(), || None);
        for (at, (id, state)) in states.iter().enumerate() {
            let op = Op::link(state, &path.clone().member(id.as_str()), &index, self);
            self.states[first + at] = op.map(|op| LinkedState::new(id.clone(), place(at), scope, op));
        }
        let start = self.target(&index, start);
        self.scopes[scope.get()] = LinkedScope { start, index, states: first..first + states.len() };
    }

    // ---- What states are made of ----

    /// The state a member points to; the targets of a loaded definition exist (STA-005).
    pub(crate) fn target(&mut self, index: &Index, id: &StateId) -> StateIndex {
        index.get(id.as_str()).copied().unwrap_or_else(|| {
            self.fault(JsonPath::root().member("spec"), format!("there is no state `{id}`"));
            StateIndex::UNKNOWN
        })
    }

    pub(crate) fn mapper(&mut self, mapper: &Mapper, class: SiteClass, path: &JsonPath) -> Option<Expr> {
        self.expression(self.definition.expression_of(mapper), Site::new(class), path)
    }

    /// The mapper of a join, which sees `branches` (EXP-011).
    pub(crate) fn join_mapper(&mut self, mapper: &Mapper, path: &JsonPath) -> Option<Expr> {
        let site = Site::new(SiteClass::Scope).with_extra(&["branches"]);
        self.expression(self.definition.expression_of(mapper), site, path)
    }

    pub(crate) fn predicate(
        &mut self,
        expression: &Expression,
        extra: &'static [&'static str],
        path: &JsonPath,
    ) -> Option<Expr> {
        self.expression(expression, Site::new(SiteClass::Predicate).with_extra(extra), path)
    }

    pub(crate) fn expression(
        &mut self,
        expression: &Expression,
        site: Site<'_>,
        path: &JsonPath,
    ) -> Option<Expr> {
        let extra: Vec<&'static str> = site.extra.iter().chain(self.bound).copied().collect();
        let site = site.with_extra(&extra);
        let schema = self.definition.context_schema().map(|schema| schema.json());
        let message = match self.registries.compile(expression, site.with_context_schema(schema)) {
            Ok(bound) => {
                let reads_platform = bound.reads("platform");
                return Some(Expr { bound, lang: expression.lang.clone(), reads_platform });
            }
            Err(ExpressionCheck::UnknownLanguage) => {
                format!("no expression engine is registered for `{}`", expression.lang)
            }
            Err(ExpressionCheck::UnsupportedSite) => {
                format!("`{}` cannot be used for {}", expression.lang, site.class.label())
            }
            Err(ExpressionCheck::Rejected(faults)) => {
                let faults: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
                faults.join("; ")
            }
            Err(_) => "the expression is not accepted".to_owned(),
        };
        self.fault(path.clone(), message);
        None
    }

    pub(crate) fn task(&mut self, task: &Task, path: &JsonPath) -> Option<Arc<dyn PreparedTask>> {
        let path = path.clone().member("task");
        let site = TaskSite::new(self.definition, &path).with_base(self.base).with_extra(self.bound);
        match self.registries.prepare(&task.task, site) {
            Ok(prepared) => Some(prepared),
            Err(findings) => {
                for finding in findings {
                    self.fault(path.clone().join(&finding.path), finding.message);
                }
                None
            }
        }
    }

    /// Blocks that nothing here runs. Loading refuses them already, where the registries tell the truth.
    pub(crate) fn blocks(&mut self) {
        let spec = &self.definition.spec;
        let blocks = [
            ("subjourneys", !spec.subjourneys.is_empty(), Feature::Subjourney),
            ("apis", !spec.apis.is_empty(), Feature::Apis),
            ("compensation", spec.compensation.is_some(), Feature::Compensation),
            ("access", spec.access != Access::default(), Feature::Access),
            ("policies", spec.policies != Policies::default(), Feature::Policies),
            ("cookies", spec.cookies != Cookies::default(), Feature::Cookies),
            ("errors", spec.errors != Errors::default(), Feature::Errors),
        ];
        for (name, present, feature) in blocks {
            let runs = match feature {
                // What calls make of these is for the plugins of tasks.
                Feature::Apis | Feature::Policies => self.registries.supports(feature),
                feature => Program::FEATURES.contains(&feature),
            };
            if present && !runs {
                let path = JsonPath::root().member("spec").member(name);
                self.fault(path, format!("{} are not supported by this interpreter", feature.label()));
            }
        }
    }

    fn fault(&mut self, path: JsonPath, message: String) {
        self.faults.push(LinkFault { path, message });
    }

    /// All faults, if there are any.
    pub(crate) fn finish(self) -> Result<(Vec<LinkedState>, Vec<LinkedScope>), LinkError> {
        if !self.faults.is_empty() {
            return Err(LinkError { faults: self.faults });
        }
        // A state that is missing has a fault, so none is.
        Ok((self.states.into_iter().flatten().collect(), self.scopes))
    }
}
