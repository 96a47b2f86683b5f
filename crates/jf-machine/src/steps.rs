//! Which step a submission means (ENG-040 to ENG-042, WS-034).

use jf_core::{StepRef, StepTarget};
use jf_dsl::{Spec, StateId};

use crate::flow::Position;
use crate::refused::{Hold, Reason, Refused};
use crate::{Program, Run};

/// An external-input state of a definition, active or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StaticStep {
    id: StateId,
    /// Ids from the top scope down joined by `~`; for a state of the top level its id.
    address: String,
}

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

impl StaticStep {
    /// All external-input states in document order. They lie at the top level as long as no state opens a scope.
    pub(crate) fn all(spec: &Spec) -> Vec<Self> {
        let inputs = spec.states.iter().filter(|(_, state)| state.external_input().is_some());
        inputs.map(|(id, _)| Self { id: id.clone(), address: id.to_string() }).collect()
    }

    fn is_meant(&self, target: &StepTarget) -> bool {
        let named = |name: &StepRef| match name {
            StepRef::Id(id) => self.id == *id,
            StepRef::Address(address) => self.address == **address,
        };
        match target {
            StepTarget::Any(name) => named(name),
            StepTarget::Covered { given: Some(name), ids } => named(name) && ids.contains(&self.id),
            StepTarget::Covered { given: None, ids } => ids.contains(&self.id),
        }
    }
}

impl LiveStep {
    /// The active steps of a run in the order of their activation (ENG-031).
    pub(crate) fn all(run: &Run) -> Vec<Self> {
        let mut steps: Vec<_> = run
            .flows
            .iter()
            .enumerate()
            .filter_map(|(index, flow)| match flow.position {
                Position::Step { activation, .. } => {
                    let id = flow.scope().state.id.clone();
                    Some((activation, Self { flow: index, id, address: None, under_states: true }))
                }
                _ => None,
            })
            .collect();
        steps.sort_by_key(|(activation, _)| *activation);
        steps.into_iter().map(|(_, step)| step).collect()
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
    let live = LiveStep::all(run);
    match pick(&live, target) {
        Ok(Some(step)) => Ok((step.flow, name_of(step, &live))),
        Ok(None) => Err(Refused::new(Reason::StepNotActive).with_hold(hold(program, run, target))),
        Err(Reason::StepAmbiguous { .. }) => {
            let meant = program.steps.iter().filter(|step| step.is_meant(target));
            let candidates = meant.map(|step| step.address.clone()).collect();
            Err(Refused::new(Reason::StepAmbiguous { candidates }))
        }
        Err(reason) => Err(Refused::new(reason)),
    }
}

fn pick<'a>(live: &'a [LiveStep], target: &StepTarget) -> Result<Option<&'a LiveStep>, Reason> {
    let matching: Vec<&LiveStep> = match target {
        StepTarget::Any(name) => live.iter().filter(|step| step.matches(name)).collect(),
        StepTarget::Covered { given: Some(name), ids } => {
            let id = match name {
                StepRef::Id(id) => id.as_str(),
                StepRef::Address(address) => address.rsplit('~').next().unwrap_or_default(),
            };
            if !ids.iter().any(|covered| covered == id) {
                return Err(Reason::StepTypeMismatch);
            }
            live.iter().filter(|step| step.under_states && step.matches(name)).collect()
        }
        StepTarget::Covered { given: None, ids } => {
            live.iter().filter(|step| step.under_states && ids.contains(&step.id)).collect()
        }
    };
    match matching[..] {
        [] => Ok(None),
        [step] => Ok(Some(step)),
        _ => Err(Reason::StepAmbiguous { candidates: Vec::new() }),
    }
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
    let mut meant = program.steps.iter().filter(|step| step.is_meant(target)).peekable();
    if meant.peek().is_none() || !run.in_motion() {
        return Hold::Never;
    }
    let just_left = |step: &StaticStep| run.flows.iter().any(|flow| flow.left.as_ref() == Some(&step.id));
    if meant.any(just_left) { Hold::WithKey } else { Hold::Always }
}

#[cfg(test)]
mod tests {
    use super::{LiveStep, name_of, pick};
    use crate::refused::Reason;
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

    fn picked(target: &StepTarget) -> Result<Option<usize>, Reason> {
        pick(&live(), target).map(|step| step.map(|step| step.flow))
    }

    #[test]
    fn eng_041_an_id_matches_in_all_scopes_and_an_address_only_itself() {
        assert_eq!(picked(&any("approve")).unwrap(), Some(0));
        assert_eq!(picked(&any("check")).unwrap(), Some(3));
        assert_eq!(picked(&any("both~b~sign")).unwrap(), Some(2));
        assert_eq!(picked(&any("child~check")).unwrap(), Some(3));
        assert_eq!(picked(&any("both~c~sign")).unwrap(), None);
        assert_eq!(picked(&any("nothing")).unwrap(), None);
    }

    #[test]
    fn eng_042_several_matches_are_ambiguous() {
        assert!(matches!(picked(&any("sign")), Err(Reason::StepAmbiguous { .. })));
        assert!(matches!(picked(&covered(None, &["sign"])), Err(Reason::StepAmbiguous { .. })));
        assert!(matches!(picked(&covered(None, &["approve", "sign"])), Err(Reason::StepAmbiguous { .. })));
    }

    #[test]
    fn ws_034_a_type_reaches_covered_states_under_spec_states_only() {
        assert_eq!(picked(&covered(None, &["approve", "other"])).unwrap(), Some(0));
        assert_eq!(picked(&covered(Some("both~a~sign"), &["sign"])).unwrap(), Some(1));
        assert_eq!(picked(&covered(None, &["check"])).unwrap(), None, "a subjourney state");
        assert_eq!(picked(&covered(Some("child~check"), &["check"])).unwrap(), None, "a subjourney state");
        assert!(matches!(picked(&covered(Some("approve"), &["sign"])), Err(Reason::StepTypeMismatch)));
        assert!(matches!(picked(&covered(Some("x~approve"), &["sign"])), Err(Reason::StepTypeMismatch)));
    }

    #[test]
    fn rt_7_a_reply_names_the_address_when_the_id_is_active_twice() {
        let live = live();
        assert_eq!(name_of(&live[0], &live).to_string(), "approve");
        assert_eq!(name_of(&live[1], &live).to_string(), "both~a~sign");
        assert_eq!(name_of(&live[3], &live).to_string(), "check");
    }
}
