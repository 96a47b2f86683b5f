//! `jwtValidate:v1`, `mtlsValidate:v1`, `apiKeyValidate:v1` (04 §14 to §16).

use std::sync::Arc;

use super::optional;
use crate::decode::{Decoder, Place, Special};
use crate::ids::VarName;
use crate::model::task::{
    ApiKeyLocation, ApiKeySource, ApiKeyValidate, JwtValidate, MtlsValidate, PemAnchor, SubjectAltName,
    TokenLocation, TokenSource,
};
use crate::rules::{shape, tasks as rules};
use crate::value::pem;
use crate::version::TaskKind;

/// The members that all three have: the profile, and the variable that takes the outcome.
type Common = (Option<Arc<str>>, Option<VarName>);

impl Decoder<'_> {
    pub(super) fn jwt_validate(&mut self, block: &Place<'_>, kind: &TaskKind) -> Option<JwtValidate> {
        self.auth_members(block, &["profile", "source", "authVar"]);
        let common = self.auth_common(block, kind, true);
        let source = optional(block.get("source").map(|place| self.token_source(&place)));
        let (profile, auth_var) = common?;
        Some(JwtValidate { profile, source: source?, auth_var })
    }

    pub(super) fn api_key_validate(&mut self, block: &Place<'_>, kind: &TaskKind) -> Option<ApiKeyValidate> {
        self.auth_members(block, &["profile", "source", "authVar"]);
        let common = self.auth_common(block, kind, true);
        let source = optional(block.get("source").map(|place| self.api_key_source(&place)));
        let (profile, auth_var) = common?;
        Some(ApiKeyValidate { profile, source: source?, auth_var })
    }

    pub(super) fn mtls_validate(&mut self, block: &Place<'_>, kind: &TaskKind) -> Option<MtlsValidate> {
        const RULE: &str = "TSK-140";
        let members = [
            "profile",
            "trustAnchors",
            "allowAnyFromTrusted",
            "allowSubjects",
            "allowSans",
            "allowSerials",
            "authVar",
        ];
        self.auth_members(block, &members);
        let anchors = block.get("trustAnchors");
        // With anchors of its own the task can do without any profile.
        let common = self.auth_common(block, kind, anchors.is_none());
        let trust_anchors = optional(anchors.map(|place| self.list(&place, RULE, Self::pem_anchor)));
        let any = block.get("allowAnyFromTrusted");
        let allow_any_from_trusted = optional(any.map(|place| self.boolean(&place, RULE)));
        let subjects = block.get("allowSubjects");
        let allow_subjects = optional(subjects.map(|place| self.list(&place, RULE, Self::entry)));
        let sans = block.get("allowSans");
        let allow_sans = optional(sans.map(|place| self.list(&place, RULE, Self::subject_alt_name)));
        let serials = block.get("allowSerials");
        let allow_serials = optional(serials.map(|place| self.list(&place, RULE, Self::serial)));
        let (profile, auth_var) = common?;
        Some(MtlsValidate {
            profile,
            trust_anchors: trust_anchors?,
            allow_any_from_trusted: allow_any_from_trusted?,
            allow_subjects: allow_subjects?,
            allow_sans: allow_sans?,
            allow_serials: allow_serials?,
            auth_var,
        })
    }

    /// TSK-125: what these tasks do not do is not configured either.
    fn auth_members(&mut self, block: &Place<'_>, members: &[&str]) {
        self.task_members(block, members, "TSK-125", |name| {
            matches!(name, "requiredScopes" | "requiredRoles" | "scopes" | "roles")
                .then(|| Special::Each(rules::authenticates_only(name)))
        });
    }

    /// `profile` and `authVar` (TSK-120, TSK-123).
    fn auth_common(&mut self, block: &Place<'_>, kind: &TaskKind, needs_profile: bool) -> Option<Common> {
        let profile = optional(block.get("profile").map(|place| self.non_empty(&place, "TSK-120").cloned()));
        if let Some(written) = &profile
            && (written.is_some() || needs_profile)
            && let Some(known) = self.capabilities.task_profiles(kind)
        {
            let name = written.as_deref().unwrap_or("default");
            if !known.iter().any(|profile| profile == name) {
                self.report_member(block, "profile", rules::unknown_profile(name, written.is_some(), &known));
            }
        }
        let auth_var = optional(block.get("authVar").map(|place| self.result_var(&place, "TSK-120")));
        Some((profile?, auth_var?))
    }

    /// TSK-130.
    fn token_source(&mut self, place: &Place<'_>) -> Option<TokenSource> {
        const RULE: &str = "TSK-130";
        self.source_object(place, RULE, &["location", "name", "scheme"])?;
        let locations = [
            ("header", TokenLocation::Header),
            ("query", TokenLocation::Query),
            ("cookie", TokenLocation::Cookie),
        ];
        let location = self.required(place, "location", RULE);
        let location = location.and_then(|place| self.one_of(&place, RULE, &locations));
        let name = self.source_name(place, location == Some(TokenLocation::Header), RULE);
        let scheme = optional(place.get("scheme").map(|place| self.non_empty(&place, RULE).cloned()));
        Some(TokenSource { location: location?, name: name?, scheme: scheme? })
    }

    /// TSK-145.
    fn api_key_source(&mut self, place: &Place<'_>) -> Option<ApiKeySource> {
        const RULE: &str = "TSK-145";
        self.source_object(place, RULE, &["location", "name"])?;
        let locations = [("header", ApiKeyLocation::Header), ("query", ApiKeyLocation::Query)];
        let location = self.required(place, "location", RULE);
        let location = location.and_then(|place| self.one_of(&place, RULE, &locations));
        let name = self.source_name(place, location == Some(ApiKeyLocation::Header), RULE);
        Some(ApiKeySource { location: location?, name: name? })
    }

    fn source_object(&mut self, place: &Place<'_>, rule: &'static str, members: &[&str]) -> Option<()> {
        if place.text().is_some() {
            self.report(place, rules::source_as_text());
            return None;
        }
        self.object(place, rule)?;
        self.known(place, members);
        Some(())
    }

    fn source_name(&mut self, place: &Place<'_>, is_header: bool, rule: &'static str) -> Option<Arc<str>> {
        let name = self.required(place, "name", rule)?;
        if is_header {
            return self.header(&name, rule).map(|header| header.as_str().into());
        }
        self.non_empty(&name, rule).cloned()
    }

    /// An array whose items are read one by one.
    fn list<T>(
        &mut self,
        place: &Place<'_>,
        rule: &'static str,
        read: impl Fn(&mut Self, &Place<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.array(place, rule)?;
        let items: Vec<Option<T>> = place.items().map(|item| read(self, &item)).collect();
        items.into_iter().collect()
    }

    fn entry(&mut self, place: &Place<'_>) -> Option<Arc<str>> {
        self.non_empty(place, "TSK-140").cloned()
    }

    fn pem_anchor(&mut self, place: &Place<'_>) -> Option<PemAnchor> {
        self.object(place, "TSK-140")?;
        self.known(place, &["pem"]);
        let member = self.required(place, "pem", "TSK-140")?;
        let pem = self.non_empty(&member, "TSK-140")?;
        if let Err(error) = pem::check_certificates(pem) {
            self.report(&member, shape::malformed_value(error.to_string()).rule("TSK-140"));
            return None;
        }
        Some(PemAnchor { pem: Arc::clone(pem) })
    }

    fn subject_alt_name(&mut self, place: &Place<'_>) -> Option<SubjectAltName> {
        self.object(place, "TSK-140")?;
        self.known(place, &["dns", "ip", "uri"]);
        let mut names = ["dns", "ip", "uri"].into_iter().filter_map(|name| Some((name, place.get(name)?)));
        let (first, second) = (names.next(), names.next());
        let Some((name, member)) = first else {
            self.report(place, shape::does_not_fit("a name is one of `dns`, `ip` and `uri`").rule("TSK-140"));
            return None;
        };
        if let Some((other, second)) = second {
            let message = format!("`{other}` does not go with `{name}`: an entry is one name");
            self.report_key(&second, shape::does_not_fit(message).rule("TSK-140"));
            return None;
        }
        let text = Arc::clone(self.non_empty(&member, "TSK-140")?);
        Some(match name {
            "dns" => SubjectAltName::Dns(text),
            "ip" => SubjectAltName::Ip(text),
            _ => SubjectAltName::Uri(text),
        })
    }

    /// A serial number in hexadecimal (TSK-143).
    fn serial(&mut self, place: &Place<'_>) -> Option<Arc<str>> {
        let text = self.non_empty(place, "TSK-140")?;
        let digits = text.bytes().filter(|b| *b != b':');
        if digits.clone().next().is_none() || !digits.clone().all(|b| b.is_ascii_hexdigit()) {
            let fault =
                shape::malformed(text, "serial number", "expected hexadecimal digits, like `0A:1B:2C`");
            self.report(place, fault.rule("TSK-140"));
            return None;
        }
        Some(Arc::clone(text))
    }
}
