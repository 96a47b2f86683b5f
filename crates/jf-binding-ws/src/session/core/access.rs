//! Credentials in frames, and the end of credentials (AUTH-4 to AUTH-6, IDLE-2).

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context as TaskContext;
use std::time::Duration;

use jf_core::{EngineError, EngineErrorKind};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Core, Leave};
use crate::authenticator::{AuthenticationError, Identity, Revocation};
use crate::close::Close;
use crate::config::{InBandAuth, OnExpiry, WsConfig};
use crate::credential::Credential;
use crate::frames::{AuthExpiring, Authenticated, Hello, Request, to_text};
use crate::handshake::Client;
use crate::session::requests::{self, Ticket};

/// Least time between two credentials of one connection (AUTH-5).
const ATTEMPT_INTERVAL: Duration = Duration::from_secs(5);
/// What a client is told to wait at least while another credential is judged.
const LEAST_WAIT: Duration = Duration::from_secs(1);
/// How long before the end of a credential the client is told (AUTH-4).
const WARNING: Duration = Duration::from_secs(60);
/// How long a client may take that has to show a credential (IDLE-2).
const DEMAND_TIME: Duration = Duration::from_secs(10);
/// Bytes of a frame before that.
const DEMAND_BYTES: usize = 16 << 10;

/// What the platform knows about the client, and until when.
pub(super) struct Access {
    /// Frames may carry a credential.
    offered: bool,
    principal: Option<Arc<str>>,
    /// A credential has to come until then, and nothing else is done before it has.
    demanded: Option<Instant>,
    /// A credential is being judged; what arrives behind it waits.
    judging: bool,
    /// The last one could not be judged.
    trouble: bool,
    next_attempt: Option<Instant>,
    term: Option<Term>,
    /// Its time is over, and what comes of that waits for the verdict on another one.
    suspended: bool,
    leave: Leave,
    /// Nobody has looked at the present credential yet.
    fresh: bool,
    /// Ends the present credential.
    revoked: Option<Switch>,
    /// Ends what a layer in front has vouched for, whatever credential a frame has brought since.
    disowned: Option<Switch>,
}

/// The time of a credential that ends.
struct Term {
    at: Timestamp,
    /// When to tell, until it is told.
    warn: Option<Instant>,
    end: Instant,
    over: bool,
}

/// The switch of a [`Revocation`].
struct Switch {
    revocation: Revocation,
    turned: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Access {
    pub(super) fn new(config: &WsConfig, client: &Client, now: Instant) -> Self {
        let Client { identity, is_vouched, .. } = client;
        let demanded = config.in_band_auth == InBandAuth::Required && identity.principal().is_none();
        // A token that nobody judges must not take the place of what somebody has said.
        let judged = config.authenticator.is_some() || identity.is_blank();
        let mut access = Self {
            offered: config.in_band_auth != InBandAuth::Off && judged,
            principal: None,
            demanded: demanded.then(|| now + DEMAND_TIME),
            judging: false,
            trouble: false,
            next_attempt: None,
            term: None,
            suspended: false,
            leave: Leave::default(),
            fresh: true,
            revoked: None,
            disowned: None,
        };
        access.accept(identity, now);
        if *is_vouched {
            access.disowned = access.revoked.take();
        }
        access
    }

    /// Frames may carry a credential.
    pub(super) const fn is_offered(&self) -> bool {
        self.offered
    }

    /// Nothing is done before a credential has come.
    pub(super) const fn is_demanded(&self) -> bool {
        self.demanded.is_some()
    }

    /// The credential is to be looked at once more before anybody sleeps.
    pub(super) const fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// What arrives has to wait for a verdict.
    pub(super) const fn is_judging(&self) -> bool {
        self.judging
    }

    /// The client has no credential that is good now.
    fn is_locked(&self, now: Instant) -> bool {
        self.is_demanded()
            || self.term.as_ref().is_some_and(|term| now >= term.end)
            || [&self.revoked, &self.disowned]
                .into_iter()
                .flatten()
                .any(|switch| switch.revocation.is_revoked())
    }

    fn accept(&mut self, identity: &Identity, now: Instant) {
        self.principal = identity.principal().map(|principal| Arc::clone(principal.id()));
        self.revoked = identity.revocation().map(Switch::of);
        self.term = identity.expires_at().map(|at| Term::new(at, now));
        self.suspended = false;
        self.leave = std::mem::take(&mut self.leave).renewed();
        self.fresh = true;
    }

    /// Whether nothing is told until a verdict is known.
    pub(super) const fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Bounds how long what the client asks with the present credential may still be done.
    pub(super) fn leave(&self) -> Leave {
        self.leave.clone()
    }

    /// How a connection ends that has no good credential any more. The platform's own trouble must not look like a fault of the
    /// client (AUTH-6).
    const fn end(&self) -> Close {
        if self.trouble { Close::TryLater } else { Close::Unauthenticated }
    }

    /// Whether the credential is of somebody else than before. One that names nobody cannot show that it is not.
    fn is_other(&self, identity: &Identity) -> bool {
        self.principal.is_some()
            && self.principal.as_ref() != identity.principal().map(jf_core::Principal::id)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let term = self.term.as_ref().filter(|term| !term.over).map(|term| term.warn.unwrap_or(term.end));
        let demanded = self.demanded.filter(|_| !self.judging);
        [term, demanded].into_iter().flatten().min()
    }
}

impl Switch {
    fn of(revocation: &Revocation) -> Self {
        Self { revocation: revocation.clone(), turned: Box::pin(revocation.revoked()) }
    }
}

impl Term {
    fn new(at: Timestamp, now: Instant) -> Self {
        let left = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO);
        // Beyond a year it does not matter, and the clock would end.
        let left = left.min(Duration::from_secs(366 * 24 * 60 * 60));
        Self { at, warn: Some(now + left.saturating_sub(WARNING)), end: now + left, over: false }
    }
}

/// What a credential came with.
pub(crate) enum Occasion {
    Hello(Hello),
    Auth,
}

impl Core {
    /// Gives a credential to the authenticator; requests behind it wait.
    pub(super) fn authenticate(
        &mut self,
        ticket: Ticket,
        credential: Credential,
        occasion: Occasion,
        now: Instant,
    ) {
        if !self.access.offered {
            return self.fail(&ticket, &EngineError::unsupported("credentials in frames"));
        }
        // Two verdicts at once would leave it to chance which credential counts, and what waits for it.
        let judged = self.access.judging.then(|| now + LEAST_WAIT);
        if let Some(next) = self.access.next_attempt.max(judged).filter(|next| *next > now) {
            let error = EngineError::new(EngineErrorKind::RateLimited).with_retry_after(next - now);
            return self.fail(&ticket, &error);
        }
        self.access.next_attempt = Some(now + ATTEMPT_INTERVAL);
        self.access.judging = true;
        self.begin(&ticket);
        let (context, id) = (self.context(), ticket.id.clone());
        self.pursue(id, Box::pin(requests::authenticate(context, ticket, credential, occasion)));
    }

    /// The verdict on a credential.
    pub(super) fn authenticated(
        &mut self,
        ticket: &Ticket,
        credential: Credential,
        occasion: Occasion,
        verdict: Result<Identity, AuthenticationError>,
        now: Instant,
    ) {
        self.finish(ticket);
        self.access.judging = false;
        self.access.trouble = matches!(verdict, Err(AuthenticationError::Unavailable));
        match verdict {
            Err(AuthenticationError::Rejected) => self.fail(ticket, &unauthenticated()),
            Err(AuthenticationError::Unavailable) => {
                tracing::warn!(connection = self.name(), "a credential could not be judged");
                self.fail(ticket, &EngineError::new(EngineErrorKind::Unavailable));
            }
            Ok(identity) if self.access.is_other(&identity) => {
                self.fail(ticket, &EngineError::new(EngineErrorKind::Forbidden));
                self.farewell = Some(Close::Forbidden);
                return self.held.clear();
            }
            Ok(identity) => {
                let principal = identity.principal().map(|principal| Arc::clone(principal.id()));
                self.access.demanded = None;
                self.access.accept(&identity, now);
                self.set_caller(self.context.caller.with_credential(credential.into_header(), principal));
                match occasion {
                    Occasion::Hello(hello) => self.greet(ticket, hello),
                    Occasion::Auth => {
                        let expires_at = identity.expires_at().map(jf_core::format_timestamp);
                        self.out.reply(to_text(&Authenticated::new(ticket.id.as_ref(), expires_at)));
                    }
                }
            }
        }
        if self.access.suspended {
            self.farewell = Some(self.access.end());
        }
        self.release(now);
    }

    /// Lets go on what has waited, with the present credential.
    pub(super) fn release(&mut self, now: Instant) {
        while !self.access.judging
            && !self.out.is_pressed()
            && let Some((ticket, frame_type, request)) = self.held.pop_front()
        {
            if let Some(id) = &ticket.id {
                self.ids.remove(id);
            }
            match self.unlocked(&request, now) {
                Ok(()) => {
                    let context = self.context();
                    self.dispatch(context, ticket, frame_type, request, now);
                }
                Err(error) => self.fail(&ticket, &error),
            }
        }
    }

    /// Whether the client may do this with the credential it has.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub(super) fn unlocked(&self, request: &Request, now: Instant) -> Result<(), EngineError> {
        let harmless = match request {
            // What a client says of probes asks for nothing.
            Request::Hello(_) | Request::Ping | Request::Pong => true,
            Request::Auth(_) | Request::Unsubscribe(_) | Request::Credit(_) => !self.access.is_demanded(),
            _ => false,
        };
        if harmless || !self.access.is_locked(now) { Ok(()) } else { Err(unauthenticated()) }
    }

    /// Whether a frame is larger than those before a demanded credential may be (IDLE-2).
    pub(super) fn is_too_much(&self, bytes: usize) -> bool {
        self.access.is_demanded() && bytes > DEMAND_BYTES
    }

    /// Looks whether the credential still counts. Before anything is done with it: what arrives together with its end comes too late.
    pub(crate) fn keep_access(&mut self, cx: &mut TaskContext<'_>, now: Instant) {
        self.access.fresh = false;
        let switches = [&mut self.access.revoked, &mut self.access.disowned];
        if switches.into_iter().flatten().any(|switch| switch.turned.as_mut().poll(cx).is_ready()) {
            self.close.get_or_insert(Close::Unauthenticated);
        }
        if self.access.demanded.is_some_and(|until| now >= until) && !self.access.judging {
            let close = if self.access.trouble { Close::TryLater } else { Close::HelloTimeout };
            self.close.get_or_insert(close); // AUTH-6
        }
        let Some(term) = &mut self.access.term else { return };
        if term.warn.take_if(|warn| now >= *warn).is_some() {
            self.out.reply(to_text(&AuthExpiring::new(jf_core::format_timestamp(term.at))));
        }
        if now >= term.end && !std::mem::replace(&mut term.over, true) {
            self.access.leave.end();
            match self.shared.config.on_expiry {
                OnExpiry::Degrade if self.access.offered => self.followers.end_all("auth-expired"),
                // It was sent in time, and how long the verdict takes is no fault of the client.
                OnExpiry::Close if self.access.judging => self.access.suspended = true,
                // A connection that no frame can bring a credential would stay locked for ever.
                OnExpiry::Close | OnExpiry::Degrade => {
                    self.close.get_or_insert(self.access.end());
                }
            }
        }
    }

    /// Whether what would be told to a client is told to nobody, since its credential has expired.
    pub(super) fn is_mute(&self, now: Instant) -> bool {
        self.access.is_locked(now)
    }

    pub(super) fn access_deadline(&self) -> Option<Instant> {
        self.access.next_deadline()
    }
}

pub(super) fn unauthenticated() -> EngineError {
    EngineError::new(EngineErrorKind::Unauthenticated)
}
