//! `subjourney` (02 §9).

use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place};
use crate::ids::SubjourneyId;
use crate::model::expression::Mapper;
use crate::model::state::{FailureBehavior, OnFailure, ResultKind, Subjourney, SubjourneyCall};
use crate::rules::states as rules;

impl Decoder<'_> {
    pub(in crate::decode) fn subjourney_state(&mut self, place: &Place<'_>) -> Option<Subjourney> {
        self.state_members(place, &["subjourney", "next"]);
        let next = self.next(place);
        let block = self.required(place, "subjourney", "STA-002")?;
        self.object(&block, "STA-085")?;
        self.known(&block, &["ref", "input", "resultVar", "resultKind", "onFailure"]);
        let subjourney = self.required(&block, "ref", "STA-085");
        let subjourney = subjourney.and_then(|place| self.name(&place, "STA-085", SubjourneyId::parse));
        let input = block.get("input").map(|place| self.subjourney_input(&place));
        let result_var = block.get("resultVar");
        let kinds = [("output", ResultKind::Output), ("outcome", ResultKind::Outcome)];
        let result_kind = block.get("resultKind");
        if let (Some(kind), None) = (&result_kind, &result_var) {
            self.report_key(kind, rules::needs_result_var("resultKind"));
        }
        let result_kind = match result_kind {
            Some(place) => self.one_of(&place, "STA-085", &kinds),
            None => Some(ResultKind::default()),
        };
        let on_failure = match block.get("onFailure") {
            Some(place) => self.on_failure(&place, result_var.is_some()),
            None => Some(OnFailure::default()),
        };
        let result_var = result_var.map(|place| self.result_var(&place, "STA-006"));
        let call = SubjourneyCall {
            subjourney: subjourney?,
            input: input.map_or(Some(None), |input| input.map(Some))?,
            result_var: result_var.map_or(Some(None), |name| name.map(Some))?,
            result_kind: result_kind?,
            on_failure: on_failure?,
        };
        Some(Subjourney { subjourney: call, next: next? })
    }

    fn subjourney_input(&mut self, place: &Place<'_>) -> Option<Mapper> {
        self.object(place, "STA-085")?;
        self.known(place, &["mapper", "mapperRef"]);
        if !Self::has_mapper(place) {
            self.missing(place, "mapper", "STA-085");
            return None;
        }
        self.mapper(place, SiteClass::Scope, "STA-085")
    }

    fn on_failure(&mut self, place: &Place<'_>, has_result_var: bool) -> Option<OnFailure> {
        self.object(place, "STA-085")?;
        self.known(place, &["behavior"]);
        let Some(behavior) = place.get("behavior") else { return Some(OnFailure::default()) };
        let behaviors = [("propagate", FailureBehavior::Propagate), ("capture", FailureBehavior::Capture)];
        let found = self.one_of(&behavior, "STA-085", &behaviors);
        if found == Some(FailureBehavior::Capture) && !has_result_var {
            self.report(&behavior, rules::needs_result_var("capture"));
        }
        found.map(|behavior| OnFailure { behavior })
    }
}
