//! `httpCall:v1` as a whole (04 §2): what goes with what. The target, the request and the error mapping have files of their
//! own.

use super::call_target::Target;
use super::optional;
use crate::capabilities::PolicyKind;
use crate::decode::{Decoder, Place};
use crate::ids::VarName;
use crate::model::task::{CallAuth, CallCookies, CallMode, ErrorMapping, HttpCall};
use crate::rules::{calls as rules, shape};

const MEMBERS: [&str; 14] = [
    "mode",
    "operationRef",
    "method",
    "url",
    "params",
    "headers",
    "body",
    "accept",
    "timeoutMs",
    "resultVar",
    "resiliencePolicyRef",
    "auth",
    "errorMapping",
    "cookies",
];

impl Decoder<'_> {
    pub(super) fn http_call(&mut self, block: &Place<'_>) -> Option<HttpCall> {
        let known: Vec<&str> = ["kind"].into_iter().chain(MEMBERS).collect();
        self.known(block, &known);
        let mode = optional(block.get("mode").map(|place| self.call_mode(&place)));
        let outcome = self.call_outcome(block, mode.map(Option::unwrap_or_default));
        let Target { target, method, operation } = self.call_target(block);
        let request = self.call_request(block, method, operation.as_deref());
        let timeout_ms = optional(block.get("timeoutMs").map(|place| self.positive(&place, "TSK-025")));
        let resilience = block.get("resiliencePolicyRef");
        let resilience_policy_ref =
            optional(resilience.map(|place| self.policy_ref(&place, PolicyKind::HttpResilience, "TSK-029")));
        let auth = optional(block.get("auth").map(|place| self.call_auth(&place)));
        self.replaced_authorization(block);
        let cookies = optional(block.get("cookies").map(|place| self.call_cookies(&place)));
        let (request, (result_var, error_mapping)) = (request?, outcome?);
        Some(HttpCall {
            mode: mode?.unwrap_or_default(),
            target: target?,
            params: request.params,
            headers: request.headers,
            body: request.body,
            accept: request.accept,
            timeout_ms: timeout_ms?,
            result_var,
            resilience_policy_ref: resilience_policy_ref?,
            auth: auth?,
            error_mapping,
            cookies: cookies?.unwrap_or_default(),
        })
    }

    fn call_mode(&mut self, place: &Place<'_>) -> Option<CallMode> {
        let modes = [("requestResponse", CallMode::RequestResponse), ("notify", CallMode::Notify)];
        self.one_of(place, "TSK-024", &modes)
    }

    /// `resultVar` and `errorMapping`, which depend on the mode (TSK-024). Where that is at fault they are read for their own
    /// faults.
    fn call_outcome(
        &mut self,
        block: &Place<'_>,
        mode: Option<CallMode>,
    ) -> Option<(Option<VarName>, Option<ErrorMapping>)> {
        if mode == Some(CallMode::Notify) {
            let mut sound = true;
            for name in ["resultVar", "errorMapping"] {
                if let Some(member) = block.get(name) {
                    self.mentions(&member);
                    let fault = shape::does_not_fit(format!("`{name}` does not go with `mode: notify`"));
                    let help = "a notification has no result: remove it, or remove `mode`";
                    self.report_key(&member, fault.rule("TSK-024").help(help));
                    sound = false;
                }
            }
            return sound.then_some((None, None));
        }
        let result_var = match block.get("resultVar") {
            Some(place) => self.result_var(&place, "STA-006").map(Some),
            None if mode.is_none() => None,
            None => {
                self.missing(block, "resultVar", "TSK-024");
                None
            }
        };
        let error_mapping = optional(block.get("errorMapping").map(|place| self.error_mapping(&place)));
        Some((result_var?, error_mapping?))
    }

    fn call_auth(&mut self, place: &Place<'_>) -> Option<CallAuth> {
        self.object(place, "TSK-029")?;
        self.known(place, &["policyRef"]);
        let policy = self.required(place, "policyRef", "TSK-029")?;
        let policy_ref = self.policy_ref(&policy, PolicyKind::HttpClientAuth, "TSK-029")?;
        Some(CallAuth { policy_ref })
    }

    /// TSK-035: outbound auth is the last layer, so an `Authorization` header below it is never sent.
    fn replaced_authorization(&mut self, block: &Place<'_>) {
        let auth = block.get("auth");
        let Some(policy) = auth.as_ref().and_then(|auth| auth.get("policyRef")) else { return };
        if !policy.text().is_some_and(|id| self.references.sets_authorization(id)) {
            return;
        }
        let mut found = false;
        let params = block.get("params");
        for owner in [Some(*block), params].into_iter().flatten() {
            let headers = owner.get("headers");
            for (name, header) in headers.iter().flat_map(Place::entries) {
                if name.eq_ignore_ascii_case("authorization") {
                    self.report_key(&header, rules::replaced_authorization());
                    found = true;
                }
            }
        }
        if !found && self.references.has_default_header("authorization") {
            self.report(&policy, rules::replaced_default_authorization());
        }
    }

    fn call_cookies(&mut self, place: &Place<'_>) -> Option<CallCookies> {
        self.object(place, "TSK-030")?;
        self.known(place, &["useJar"]);
        let use_jar = optional(place.get("useJar").map(|place| self.boolean(&place, "TSK-030")))?;
        Some(CallCookies { use_jar: use_jar.unwrap_or(true) })
    }
}
