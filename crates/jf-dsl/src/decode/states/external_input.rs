//! `wait` and `webhook` (02 §7).

use crate::decode::{Decoder, Place, Special};
use crate::diagnostic::Fix;
use crate::edit;
use crate::ids::{StateId, VarName};
use crate::model::definition::SchemaBlock;
use crate::model::state::{ExternalInput, StepResponse, WaitTimeout};
use crate::rules::{schemas, shape};

/// Members of the status document (STA-064).
const STATUS_MEMBERS: [&str; 9] = [
    "journeyId",
    "journeyName",
    "phase",
    "currentState",
    "activeSteps",
    "updatedAt",
    "tags",
    "attributes",
    "_links",
];

impl Decoder<'_> {
    pub(in crate::decode) fn external_input_state(
        &mut self,
        place: &Place<'_>,
        name: &'static str,
    ) -> Option<(ExternalInput, StateId)> {
        if let Some(block) = place.get(name) {
            for member in ["channel", "input", "response", "timeoutSec", "onTimeout"] {
                if place.get(member).is_some() && block.get(member).is_none() {
                    self.misplace(member, place, &block, format!("under `{name}`"));
                }
            }
            if block.get("input").is_none() && block.get("schema").is_some() {
                self.misplace("schema", &block, &block, "under `input`".to_owned());
                self.meant.insert((block.node.span.start, "input".to_owned()));
            }
        }
        self.state_members(place, &[name, "next"]);
        let block = self.required(place, name, "STA-002");
        let block = block.filter(|block| self.object(block, "STA-060").is_some());
        let next = self.next_or_default(place, block.as_ref(), name);
        let block = block?;
        let members = ["channel", "input", "response", "timeoutSec", "onTimeout", "default"];
        self.known_or(&block, &members, "STA-065", |member| {
            let retired = || shape::retired("webhook.security", "an auth task before the state");
            (member == "security" && name == "webhook").then(|| Special::Each(retired()))
        });
        self.channel(&block, name);
        let input = self.step_input(&block);
        let response = block.get("response").map(|place| self.step_response(&place));
        let timeout = self.wait_timeout(&block);
        Some((ExternalInput { input: input?, response: response.flatten(), timeout: timeout? }, next?))
    }

    /// `next`, or `default` of the block in its place (STA-063).
    fn next_or_default(
        &mut self,
        state: &Place<'_>,
        block: Option<&Place<'_>>,
        name: &str,
    ) -> Option<StateId> {
        let next = state.get("next");
        let Some(default) = block.and_then(|block| block.get("default")) else {
            let Some(next) = next else {
                self.missing(state, "next", "STA-063");
                return None;
            };
            return self.state_ref(&next, "STA-005");
        };
        let Some(next) = next else {
            let message = format!("`{name}.default` is a deprecated spelling of `next`");
            let fault = shape::deprecated(message, "move the target to `next` of the state");
            let fault = fault.fix(block.and_then(|block| self.default_to_next(state, block, name)));
            self.report_key(&default, fault);
            return self.state_ref(&default, "STA-005");
        };
        if let (Some(a), Some(b)) = (next.text(), default.text())
            && a == b
        {
            let message = format!("`{name}.default` repeats `next`");
            let fault = shape::deprecated(message, "remove it").label(next.anchor(), "`next` of the state");
            let member = block.and_then(|block| Some((block.node, block.node.member("default")?)));
            let removal = member.and_then(|(block, member)| edit::remove_member(self.source, block, member));
            let fix = removal.map(|edit| Fix::new(format!("remove `{name}.default`"), vec![edit]));
            self.report_key(&default, fault.fix(fix));
        } else {
            let message = format!("`{name}.default` and `next` name different states");
            let fault = shape::does_not_fit(message).rule("STA-063");
            self.report_key(&default, fault.label(next.span(), "`next` of the state"));
        }
        self.state_ref(&next, "STA-005")
    }

    /// The repair that moves `default` out of the block, to `next` of the state.
    fn default_to_next(&self, state: &Place<'_>, block: &Place<'_>, name: &str) -> Option<Fix> {
        let (default, behind) = (block.node.member("default")?, state.node.member(name)?);
        let edits = edit::move_member(self.source, block.node, default, state.node, behind, "next")?;
        Some(Fix::new(format!("move `{name}.default` to `next` of the state"), edits))
    }

    fn channel(&mut self, block: &Place<'_>, name: &str) {
        let Some(channel) = block.get("channel") else { return };
        if name == "webhook" {
            self.report_key(
                &channel,
                shape::does_not_fit("`channel` belongs to `wait` states").rule("STA-060"),
            );
        } else {
            self.one_of(&channel, "STA-060", &[("manual", ())]);
        }
    }

    fn step_input(&mut self, block: &Place<'_>) -> Option<SchemaBlock> {
        let Some(input) = block.get("input") else {
            if !self.is_meant(block, "input") {
                let fault = shape::missing("input.schema").rule("STA-061");
                let path = block.path().member("input").member("schema");
                self.report_at(path, block.anchor(), fault);
            }
            return None;
        };
        self.object(&input, "STA-061")?;
        self.known_or(&input, &["schema"], "STA-065", |_| None);
        let schema = self.required(&input, "schema", "STA-061")?;
        Some(SchemaBlock { schema: self.schema(&schema)? })
    }

    fn step_response(&mut self, place: &Place<'_>) -> Option<StepResponse> {
        self.object(place, "STA-064")?;
        self.known(place, &["outputVar", "schema"]);
        let schema = place.get("schema");
        if let Some(schema) = &schema {
            if place.get("outputVar").is_none() {
                self.report_key(schema, schemas::response_without_variable());
            }
            self.reserved_properties(schema, &STATUS_MEMBERS, "STA-064");
        }
        let output_var =
            place.get("outputVar").and_then(|place| self.name(&place, "STA-006", VarName::parse));
        let schema = schema.and_then(|place| self.schema(&place));
        Some(StepResponse { output_var, schema })
    }

    /// `timeoutSec` and `onTimeout` (STA-062); the outer `None` says that they are at fault.
    fn wait_timeout(&mut self, block: &Place<'_>) -> Option<Option<WaitTimeout>> {
        match (block.get("timeoutSec"), block.get("onTimeout")) {
            (None, None) => Some(None),
            (Some(seconds), on_timeout) => {
                let timeout_sec = self.positive(&seconds, "STA-062");
                if on_timeout.is_none() {
                    self.missing(block, "onTimeout", "STA-062");
                }
                let next = on_timeout.and_then(|place| self.state_ref(&place, "STA-005"));
                Some(Some(WaitTimeout { timeout_sec: timeout_sec?, on_timeout: next? }))
            }
            (None, Some(on_timeout)) if self.is_meant(block, "timeoutSec") => {
                self.state_ref(&on_timeout, "STA-005");
                None
            }
            (None, Some(on_timeout)) => {
                let fault = shape::does_not_fit("`onTimeout` needs `timeoutSec`").rule("STA-062");
                self.report_key(&on_timeout, fault);
                None
            }
        }
    }
}
