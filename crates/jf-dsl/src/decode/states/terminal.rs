//! `succeed` and `fail` (02 §5).

use crate::decode::{Decoder, Place};
use crate::ids::VarName;
use crate::model::state::{Fail, Succeed};

impl Decoder<'_> {
    pub(in crate::decode) fn succeed_state(&mut self, place: &Place<'_>) -> Option<Succeed> {
        self.state_members(place, &["outputVar"]);
        let Some(output_var) = place.get("outputVar") else { return Some(Succeed { output_var: None }) };
        let output_var = self.name(&output_var, "STA-037", VarName::parse)?;
        Some(Succeed { output_var: Some(output_var) })
    }

    pub(in crate::decode) fn fail_state(&mut self, place: &Place<'_>) -> Option<Fail> {
        self.state_members(place, &["errorCode", "reason"]);
        let error_code = self.required(place, "errorCode", "STA-038");
        let error_code = error_code.and_then(|place| self.template(&place, "STA-038"));
        let reason = self.required(place, "reason", "STA-038");
        let reason = reason.and_then(|place| self.template(&place, "STA-038"));
        Some(Fail { error_code: error_code?, reason: reason? })
    }
}
