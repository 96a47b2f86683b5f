//! The cookie jar of a run (TSK-070 to TSK-076), and what of it is left when the run has ended (HTTP-060 to HTTP-062).

use std::sync::Arc;

use jf_core::spi::{CookieChange, JarCookie};
use jf_core::{ClientCookie, TerminationKind};
use jf_dsl::{ReturnMode, ReturnToClient};
use jiff::Timestamp;

use crate::machine::Machine;
use crate::{Program, Run};

impl Program {
    /// Whether clients may be owed cookies when a run has ended.
    #[must_use]
    pub fn returns_cookies(&self) -> bool {
        self.returned().is_some()
    }

    fn returned(&self) -> Option<&ReturnToClient> {
        let returned = self.definition().spec.cookies.return_to_client.as_ref();
        returned.filter(|returned| returned.mode != ReturnMode::None)
    }
}

impl Run {
    /// Whether it has ended and its client has not been given its cookies yet. Some may have expired.
    #[must_use]
    pub fn owes_cookies(&self) -> bool {
        self.end.is_some() && self.cookies.is_some()
    }

    /// The cookies it owes its client as of `now`, selected by its definition (HTTP-061). They are owed until
    /// [`Input::CookiesTaken`](crate::Input::CookiesTaken) is applied.
    #[must_use]
    pub fn owed_cookies(&self, now: Timestamp) -> Vec<ClientCookie> {
        let jar = self.cookies.as_ref().filter(|_| self.end.is_some());
        jar.map(|jar| jar.to_client(now)).unwrap_or_default()
    }
}

impl Machine<'_> {
    /// What the responses to a call have set and deleted.
    pub(crate) fn keep_cookies(&mut self, changes: Vec<CookieChange>) {
        if changes.is_empty() || self.program.definition().spec.cookies.jar.is_none() {
            return;
        }
        let limits = self.limits().jar;
        let jar = Arc::make_mut(self.run.cookies.get_or_insert_default());
        changes.into_iter().for_each(|change| jar.apply(change, limits));
        if jar.is_empty() {
            self.run.cookies = None;
        }
    }

    /// The run comes to its end: its jar goes with it, save what its client is to get (TSK-070, HTTP-060).
    pub(crate) fn close_jar(&mut self, termination: TerminationKind) {
        let Some(jar) = self.run.cookies.take() else { return };
        let returned = self.program.returned().filter(|_| termination == TerminationKind::Success);
        let Some(returned) = returned else { return };
        let mut jar = Arc::unwrap_or_clone(jar);
        jar.retain(|cookie| selects(returned, cookie));
        self.run.cookies = (!jar.is_empty()).then(|| Arc::new(jar));
    }

    pub(crate) fn cookies_taken(&mut self) {
        if self.run.owes_cookies() {
            self.run.cookies = None;
            self.set_changed();
        }
    }
}

/// HTTP-061. What is in the jar comes from allowed domains (TSK-072).
fn selects(returned: &ReturnToClient, cookie: &JarCookie) -> bool {
    let include = &returned.include;
    match returned.mode {
        ReturnMode::None => false,
        ReturnMode::AllFromAllowedDomains => true,
        ReturnMode::Filtered => {
            include.names.contains(&cookie.name)
                || include.name_patterns.iter().any(|pattern| pattern.is_found_in(&cookie.name))
        }
    }
}
