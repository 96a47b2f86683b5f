//! `spec.cookies` (DEF-155 to DEF-160).

use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::CookieDomain;
use crate::model::cookies::{CookieJar, Cookies, IncludedCookies, JarDomain, ReturnMode, ReturnToClient};
use crate::rules::{policies as rules, shape};
use crate::value::pattern::Pattern;

impl Decoder<'_> {
    pub(super) fn cookies(&mut self, place: &Place<'_>) -> Cookies {
        if self.object(place, "DEF-157").is_none() {
            return Cookies::default();
        }
        self.known(place, &["jar", "returnToClient"]);
        let jar = place.get("jar");
        let has_jar = jar.is_some();
        let jar = jar.and_then(|place| self.cookie_jar(&place));
        let returned = place.get("returnToClient");
        if let Some(returned) = returned.as_ref().filter(|_| !has_jar) {
            self.report_key(returned, shape::does_not_fit("`returnToClient` needs `jar`").rule("DEF-158"));
        }
        let return_to_client = returned.and_then(|place| self.return_to_client(&place));
        Cookies { jar, return_to_client }
    }

    fn cookie_jar(&mut self, place: &Place<'_>) -> Option<CookieJar> {
        self.object(place, "DEF-157")?;
        self.known(place, &["domains"]);
        let Some(domains) = place.get("domains") else { return Some(CookieJar::default()) };
        self.array(&domains, "DEF-155")?;
        let domains = domains.items().filter_map(|item| {
            self.object(&item, "DEF-155")?;
            self.known(&item, &["pattern"]);
            let pattern = self.required(&item, "pattern", "DEF-155")?;
            Some(JarDomain { pattern: self.name(&pattern, "DEF-155", CookieDomain::parse)? })
        });
        Some(CookieJar { domains: domains.collect() })
    }

    fn return_to_client(&mut self, place: &Place<'_>) -> Option<ReturnToClient> {
        self.object(place, "DEF-158")?;
        self.known(place, &["mode", "include"]);
        let modes = [
            ("none", ReturnMode::None),
            ("allFromAllowedDomains", ReturnMode::AllFromAllowedDomains),
            ("filtered", ReturnMode::Filtered),
        ];
        let mode = self.required(place, "mode", "DEF-158");
        let mode = mode.and_then(|place| self.one_of(&place, "DEF-158", &modes));
        let include_place = place.get("include");
        let include = include_place.as_ref().map(|place| self.included_cookies(place)).unwrap_or_default();
        let selects = |name: &str| {
            let list = include_place.as_ref().and_then(|include| include.get(name).map(|list| list.node));
            list.is_some_and(|list| !list.items().is_empty())
        };
        match (mode, &include_place) {
            (Some(ReturnMode::Filtered), _) if !selects("names") && !selects("namePatterns") => {
                self.report_member(place, "include", rules::include_without_effect(true));
            }
            (Some(ReturnMode::None | ReturnMode::AllFromAllowedDomains), Some(include)) => {
                self.report_key(include, rules::include_without_effect(false));
            }
            _ => {}
        }
        Some(ReturnToClient { mode: mode?, include })
    }

    fn included_cookies(&mut self, place: &Place<'_>) -> IncludedCookies {
        let mut include = IncludedCookies::default();
        if self.object(place, "DEF-159").is_none() {
            return include;
        }
        self.known(place, &["names", "namePatterns"]);
        if let Some(names) = place.get("names")
            && self.array(&names, "DEF-159").is_some()
        {
            let names = names.items().filter_map(|item| self.text(&item, "DEF-159"));
            include.names = names.map(|name| name.as_ref().to_owned()).collect();
        }
        if let Some(patterns) = place.get("namePatterns")
            && self.array(&patterns, "DEF-159").is_some()
        {
            include.name_patterns = patterns.items().filter_map(|item| self.pattern(&item)).collect();
        }
        include
    }

    fn pattern(&mut self, place: &Place<'_>) -> Option<Pattern> {
        let text = self.text(place, "DEF-159")?;
        if !self.pattern_fits(place, text) {
            return None;
        }
        match Pattern::parse(Arc::clone(text)) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.report(place, rules::bad_pattern(&error.to_string()));
                None
            }
        }
    }
}
