//! `choice` (02 §4).

use crate::capabilities::SiteClass;
use crate::decode::blocks::direct_predicate;
use crate::decode::{Decoder, Place, Special};
use crate::model::state::{Choice, ChoiceMatch, ChoiceRule};
use crate::rules::{shape, states as rules};

impl Decoder<'_> {
    pub(in crate::decode) fn choice_state(&mut self, place: &Place<'_>) -> Option<Choice> {
        let known = ["type", "choices", "default"];
        self.known_or(place, &known, "DEF-007", |name| {
            let without_default = name == "next" && place.get("default").is_none();
            without_default.then(|| {
                Special::Each(
                    shape::unknown_member(name, &known)
                        .help("the state taken when no choice matches is `default`"),
                )
            })
        });
        let next_for_default = place.get("next").is_some();
        let default = place.get("default");
        if default.is_none() && !next_for_default && !self.is_meant(place, "default") {
            self.report_member(place, "default", rules::choice_without_default());
        }
        let default = default.and_then(|place| self.state_ref(&place, "STA-005"));
        let choices = self.required(place, "choices", "STA-002")?;
        self.array(&choices, "STA-025")?;
        if choices.items().len() == 0 {
            self.report(&choices, shape::empty("a list of choices").rule("STA-025"));
        }
        let count = choices.items().len();
        let rules: Vec<ChoiceRule> = choices.items().filter_map(|item| self.choice_rule(&item)).collect();
        (rules.len() == count).then_some(Choice { choices: rules, default })
    }

    fn choice_rule(&mut self, place: &Place<'_>) -> Option<ChoiceRule> {
        self.object(place, "STA-025")?;
        self.known_or(place, &["when", "next"], "DEF-007", |name| {
            let misplaced = matches!(name, "predicate" | "lang" | "expr");
            misplaced.then(|| Special::Once(shape::misplaced(name, "under `when`")))
        });
        let next = self.required(place, "next", "STA-025").and_then(|next| self.state_ref(&next, "STA-005"));
        // A predicate beside `when` was reported; what `when` lacks is the same fault.
        let misplaced = ["predicate", "lang", "expr"].iter().any(|name| place.get(name).is_some());
        if misplaced && place.get("when").is_none() {
            return None;
        }
        let when = self.required(place, "when", "STA-025")?;
        self.object(&when, "STA-025")?;
        self.known_or(&when, &["predicate"], "DEF-007", |name| direct_predicate(name, "STA-025"));
        if when.get("predicate").is_none() && (when.get("lang").is_some() || when.get("expr").is_some()) {
            return None;
        }
        let predicate = self.required(&when, "predicate", "STA-025")?;
        let predicate = self.expression(&predicate, SiteClass::Predicate, "STA-025");
        Some(ChoiceRule { when: ChoiceMatch { predicate: predicate? }, next: next? })
    }
}
