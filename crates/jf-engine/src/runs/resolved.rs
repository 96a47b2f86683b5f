//! The step that a submission was resolved to, as records of keys remember it (ENG-052, ENG-058).

use std::sync::Arc;

use jf_core::{StepRef, StepTarget};
use jf_dsl::StateId;
use jf_machine::Accepted;

/// A step, by the name that replies have for it and by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedStep {
    /// Its id, or its address when the id was active more than once (RT-7).
    pub(crate) name: StepRef,
    /// The step and no other (ENG-040).
    pub(crate) address: StepRef,
}

impl ResolvedStep {
    pub(super) fn of(accepted: &Accepted) -> Self {
        Self { name: accepted.step.clone(), address: accepted.address.clone() }
    }

    /// The form in which it is remembered: the address, behind the name where that is another one.
    pub(crate) fn to_target(&self) -> Arc<str> {
        let Self { name, address } = self;
        if name == address { address.to_string().into() } else { format!("{name} {address}").into() }
    }

    pub(super) fn from_target(target: &str) -> Option<Self> {
        let (name, address) = target.split_once(' ').unwrap_or((target, target));
        Some(Self { name: StepRef::parse(name).ok()?, address: StepRef::parse(address).ok()? })
    }

    /// The id of its state.
    pub(super) fn state(&self) -> Option<StateId> {
        state_of(&self.address)
    }

    /// Whether a submission to `target` can mean it: a repeat may name it by id, by address, or not at all where the binding allows
    /// (ENG-058).
    pub(super) fn can_be(&self, target: &StepTarget) -> bool {
        let named = |name: &StepRef| match name {
            StepRef::Id(id) => self.state().is_some_and(|state| state == *id),
            StepRef::Address(_) => *name == self.address,
        };
        match target {
            StepTarget::Any(name) | StepTarget::Covered { given: Some(name), .. } => named(name),
            StepTarget::Covered { given: None, ids } => {
                self.state().is_some_and(|state| ids.contains(&state))
            }
        }
    }
}

fn state_of(step: &StepRef) -> Option<StateId> {
    match step {
        StepRef::Id(id) => Some(id.clone()),
        StepRef::Address(address) => StateId::parse(address.rsplit('~').next()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::ResolvedStep;
    use jf_core::{StepRef, StepTarget};
    use jf_dsl::StateId;

    fn step(name: &str) -> StepRef {
        StepRef::parse(name).unwrap()
    }

    fn resolved(name: &str, address: &str) -> ResolvedStep {
        ResolvedStep { name: step(name), address: step(address) }
    }

    #[test]
    fn eng_058_a_repeat_may_name_the_step_in_any_way() {
        let covered = |given: Option<&str>, ids: &[&str]| {
            let ids = ids.iter().map(|id| StateId::parse(*id).unwrap()).collect();
            StepTarget::Covered { given: given.map(step), ids }
        };
        let (top, inner) = (resolved("wait", "wait"), resolved("wait", "both~a~wait"));
        for step_of in [&top, &inner] {
            assert!(step_of.can_be(&StepTarget::Any(step("wait"))));
            assert!(!step_of.can_be(&StepTarget::Any(step("both~b~wait"))));
            assert!(!step_of.can_be(&StepTarget::Any(step("other"))));
            assert!(step_of.can_be(&covered(None, &["other", "wait"])));
            assert!(!step_of.can_be(&covered(None, &["other"])));
            assert!(step_of.can_be(&covered(Some("wait"), &["wait"])));
        }
        assert!(inner.can_be(&StepTarget::Any(step("both~a~wait"))));
        assert!(!top.can_be(&StepTarget::Any(step("both~a~wait"))));
    }

    #[test]
    fn eng_052_a_record_remembers_name_and_address() {
        for (step, target) in [
            (resolved("wait", "wait"), "wait"),
            (resolved("wait", "both~a~wait"), "wait both~a~wait"),
            (resolved("both~a~wait", "both~a~wait"), "both~a~wait"),
        ] {
            assert_eq!(&*step.to_target(), target);
            assert_eq!(ResolvedStep::from_target(target), Some(step));
        }
        assert_eq!(ResolvedStep::from_target("a b c"), None);
    }
}
