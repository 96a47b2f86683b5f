//! Which step a submission means (ENG-040 to ENG-042, WS-034).

use std::collections::HashMap;

use jf_core::{StepRef, StepTarget};
use jf_dsl::StateId;

use crate::program::ScopeIndex;
use crate::refused::{Hold, Reason, Refused};
use crate::states::Op;
use crate::{Program, Run};

/// How many candidates an ambiguous submission is told of at most: enough for people, and an answer of bounded size.
const CANDIDATES: usize = 100;

/// A step that is active in a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiveStep {
    /// Index of the flow that is parked there.
    pub(crate) flow: usize,
    id: StateId,
    /// Qualified address; `None` at the top level, where the id says it all.
    address: Option<String>,
    /// Under `spec.states`, branches included; message types cover no others (WS-032).
    under_states: bool,
}

impl LiveStep {
    /// The active steps of a run in the order of their activation (ENG-031).
    pub(crate) fn all(run: &Run) -> Vec<Self> {
        let live = run.flows_at_steps();
        let steps = live.iter().map(|&(_, flow)| {
            let (id, address) = (run.flows[flow].scope().state.id.clone(), run.qualified(flow));
            Self { flow, id, address, under_states: run.is_under_states(flow) }
        });
        steps.collect()
    }

    fn matches(&self, name: &StepRef) -> bool {
        match name {
            StepRef::Id(id) => self.id == *id,
            // An address never names a state of the top level: it has a `~`, ids have none (ENG-041).
            StepRef::Address(address) => self.address.as_deref() == Some(&**address),
        }
    }
}

/// The step that `target` means among those that are active, and how replies name it.
pub(crate) fn resolve(
    program: &Program,
    run: &Run,
    target: &StepTarget,
) -> Result<(usize, StepRef), Refused> {
    if !target.is_coherent(program.definition()) {
        return Err(Refused::new(Reason::StepTypeMismatch));
    }
    let live = LiveStep::all(run);
    match pick(&live, target)[..] {
        [step] => Ok((step.flow, name_of(step, &live))),
        [] => Err(Refused::new(Reason::StepNotActive).with_hold(hold(program, run, target))),
        _ => {
            let mut meant = Meant::new(program, target);
            meant.walk(run);
            Err(Refused::new(Reason::StepAmbiguous { candidates: meant.found }))
        }
    }
}

/// The steps of a definition that a target can mean, active or not: a walk that goes only where some are, since a subjourney may be
/// run from many places.
struct Meant<'a> {
    program: &'a Program,
    target: &'a StepTarget,
    /// Whether a scope holds states of the wanted ids, at any depth.
    holds: HashMap<ScopeIndex, bool>,
    found: Vec<String>,
}

impl<'a> Meant<'a> {
    fn new(program: &'a Program, target: &'a StepTarget) -> Self {
        Self { program, target, holds: HashMap::new(), found: Vec::new() }
    }

    /// Those of a run.
    fn walk(&mut self, run: &Run) {
        if let Some(root) = self.program.root_of(run) {
            self.scope(root, "", run.root.is_states());
        }
    }

    fn scope(&mut self, scope: ScopeIndex, prefix: &str, under_states: bool) {
        if self.found.len() >= CANDIDATES || !self.holds(scope) {
            return;
        }
        let program = self.program;
        for state in program.states_of(scope) {
            match state.op() {
                Op::ExternalInput(_) => {
                    let address = format!("{prefix}{}", state.id());
                    let covered = under_states || matches!(self.target, StepTarget::Any(_));
                    if covered
                        && is_meant(self.target, state.id().as_str(), &address)
                        && self.found.len() < CANDIDATES
                    {
                        self.found.push(address);
                    }
                }
                Op::Subjourney(call) => {
                    self.scope(call.scope(), &format!("{prefix}{}~", state.id()), false);
                }
                Op::Parallel(parallel) => {
                    for (branch, scope) in parallel.branches() {
                        self.scope(*scope, &format!("{prefix}{}~{branch}~", state.id()), under_states);
                    }
                }
                _ => {}
            }
        }
    }

    fn holds(&mut self, scope: ScopeIndex) -> bool {
        if let Some(holds) = self.holds.get(&scope) {
            return *holds;
        }
        let program = self.program;
        let holds = program.states_of(scope).any(|state| match state.op() {
            Op::ExternalInput(_) => wants(self.target, state.id().as_str()),
            Op::Subjourney(call) => self.holds(call.scope()),
            Op::Parallel(parallel) => parallel.branches().iter().any(|(_, scope)| self.holds(*scope)),
            _ => false,
        });
        self.holds.insert(scope, holds);
        holds
    }
}

/// Whether a target can mean a step of that id, wherever it stands.
fn wants(target: &StepTarget, id: &str) -> bool {
    let named = |name: &StepRef| match name {
        StepRef::Id(named) => *named == *id,
        StepRef::Address(address) => address.rsplit('~').next() == Some(id),
    };
    match target {
        StepTarget::Any(name) => named(name),
        StepTarget::Covered { given, ids } => {
            given.as_ref().is_none_or(named) && ids.iter().any(|covered| *covered == *id)
        }
    }
}

/// Whether a target means the step at an address.
fn is_meant(target: &StepTarget, id: &str, address: &str) -> bool {
    let name = match target {
        StepTarget::Any(name) => Some(name),
        StepTarget::Covered { given, .. } => given.as_ref(),
    };
    let addressed = !matches!(name, Some(StepRef::Address(wanted)) if **wanted != *address);
    wants(target, id) && addressed
}

/// The active steps that a coherent target can mean.
fn pick<'a>(live: &'a [LiveStep], target: &StepTarget) -> Vec<&'a LiveStep> {
    let meant = |step: &&LiveStep| match target {
        StepTarget::Any(name) => step.matches(name),
        StepTarget::Covered { given: Some(name), .. } => step.under_states && step.matches(name),
        StepTarget::Covered { given: None, ids } => step.under_states && ids.contains(&step.id),
    };
    live.iter().filter(meant).collect()
}

fn name_of(step: &LiveStep, live: &[LiveStep]) -> StepRef {
    let twice = live.iter().filter(|other| other.id == step.id).count() > 1;
    match &step.address {
        Some(address) if twice => StepRef::Address(address.as_str().into()),
        _ => StepRef::Id(step.id.clone()),
    }
}

/// Whether a submission that matched nothing may wait for its step (ENG-059).
fn hold(program: &Program, run: &Run, target: &StepTarget) -> Hold {
    if !run.in_motion() {
        return Hold::Never;
    }
    let mut meant = Meant::new(program, target);
    meant.walk(run);
    if meant.found.is_empty() {
        return Hold::Never;
    }
    let just_left = |address: &str| is_meant(target, address.rsplit('~').next().unwrap_or(address), address);
    let left = run.flows.iter().flat_map(|flow| &flow.left).any(|address| just_left(address));
    if left { Hold::WithKey } else { Hold::Always }
}

#[cfg(test)]
mod tests {
    use super::{LiveStep, name_of, pick};
    use jf_core::{StepRef, StepTarget};
    use jf_dsl::StateId;

    fn live() -> Vec<LiveStep> {
        let step = |flow, id: &str, address: Option<&str>, under_states| LiveStep {
            flow,
            id: StateId::parse(id).unwrap(),
            address: address.map(str::to_owned),
            under_states,
        };
        vec![
            step(0, "approve", None, true),
            step(1, "sign", Some("both~a~sign"), true),
            step(2, "sign", Some("both~b~sign"), true),
            step(3, "check", Some("child~check"), false),
        ]
    }

    fn any(name: &str) -> StepTarget {
        StepTarget::Any(StepRef::parse(name).unwrap())
    }

    fn covered(given: Option<&str>, ids: &[&str]) -> StepTarget {
        let given = given.map(|name| StepRef::parse(name).unwrap());
        StepTarget::Covered { given, ids: ids.iter().map(|id| StateId::parse(*id).unwrap()).collect() }
    }

    fn picked(target: &StepTarget) -> Vec<usize> {
        pick(&live(), target).iter().map(|step| step.flow).collect()
    }

    #[test]
    fn eng_041_an_id_matches_in_all_scopes_and_an_address_only_itself() {
        assert_eq!(picked(&any("approve")), [0]);
        assert_eq!(picked(&any("check")), [3]);
        assert_eq!(picked(&any("both~b~sign")), [2]);
        assert_eq!(picked(&any("child~check")), [3]);
        assert!(picked(&any("both~c~sign")).is_empty());
        assert!(picked(&any("nothing")).is_empty());
    }

    #[test]
    fn eng_042_several_matches_are_ambiguous() {
        assert_eq!(picked(&any("sign")), [1, 2]);
        assert_eq!(picked(&covered(None, &["sign"])), [1, 2]);
        assert_eq!(picked(&covered(None, &["approve", "sign"])), [0, 1, 2]);
    }

    #[test]
    fn ws_034_a_type_reaches_covered_states_under_spec_states_only() {
        assert_eq!(picked(&covered(None, &["approve", "other"])), [0]);
        assert_eq!(picked(&covered(Some("both~a~sign"), &["sign"])), [1]);
        assert!(picked(&covered(None, &["check"])).is_empty(), "a subjourney state");
        assert!(picked(&covered(Some("check"), &["check"])).is_empty(), "a subjourney state");
    }

    #[test]
    fn rt_7_a_reply_names_the_address_when_the_id_is_active_twice() {
        let live = live();
        assert_eq!(name_of(&live[0], &live).to_string(), "approve");
        assert_eq!(name_of(&live[1], &live).to_string(), "both~a~sign");
        assert_eq!(name_of(&live[3], &live).to_string(), "check");
    }
}
