//! From an HTTP request to a conversation: the checks of §15 in the order of HS-1, then the upgrade.

mod caps;
mod capture;
mod subprotocol;
mod upgrade;

use std::sync::Arc;

use axum::body::Body;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, Response};
use hyper::upgrade::OnUpgrade;
use jf_core::{Caller, EngineError, EngineErrorKind, Principal};
use tokio_util::task::task_tracker::TaskTrackerToken;

use self::caps::Counted;
use self::subprotocol::{Offer, Selection};
use crate::authenticator::{AuthenticationError, Identity};
use crate::binding::Shared;
use crate::close::Close;
use crate::credential::Credential;
use crate::problem::refusal;
use crate::routing::Endpoint;
use crate::socket;

pub(crate) use caps::Census;
pub(crate) use subprotocol::PROTOCOL;

/// Answers a request for a path of ours: with 101, and a conversation that begins once the connection is handed over; or with a
/// Problem document. Dropping the future refuses the client and leaves nothing behind.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    path: String,
    endpoint: Arc<Endpoint>,
    mut parts: Parts,
) -> Response<Body> {
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    match check(&shared, &endpoint, &mut parts).await {
        Err(response) => *response,
        Ok(Accepted { key, protocol, close, client, counted, token: _token }) => {
            let response = upgrade::switching(&key, protocol.as_deref());
            match upgrade {
                Some(upgrade) => {
                    let conversation =
                        socket::converse(upgrade, Arc::clone(&shared), path, client, close, counted);
                    shared.config.drain.connections().spawn(conversation);
                    response
                }
                None => {
                    let lost = EngineError::new(EngineErrorKind::Unsupported);
                    refusal(
                        lost.with_detail("the server in front of this path does not hand over connections"),
                    )
                }
            }
        }
    }
}

/// Whoever is at the other end.
pub(crate) struct Client {
    /// The captured handshake.
    pub(crate) caller: Caller,
    /// What the platform knows about him.
    pub(crate) identity: Identity,
    /// It was a layer in front that knew, and not a token that said so.
    pub(crate) is_vouched: bool,
}

impl Client {
    /// A client whose handshake was judged elsewhere.
    pub(crate) fn of(caller: Caller) -> Self {
        let identity =
            caller.principal().map_or_else(Identity::anonymous, |id| Identity::new(Principal::new(id)));
        Self { caller, identity, is_vouched: true }
    }
}

/// What an accepted handshake comes to.
struct Accepted {
    key: HeaderValue,
    protocol: Option<String>,
    /// Close at once with this.
    close: Option<Close>,
    client: Client,
    counted: Counted,
    /// A drain waits for the handshake.
    token: TaskTrackerToken,
}

async fn check(
    shared: &Shared,
    endpoint: &Endpoint,
    parts: &mut Parts,
) -> Result<Accepted, Box<Response<Body>>> {
    let refused = |error: EngineError| Box::new(refusal(error));
    let key = upgrade::key(&parts.method, parts.version, &parts.headers)?;
    if !shared.origins.admit(&parts.headers, jf_core::rests_on_ambient_identity(parts)) {
        return Err(refused(
            EngineError::new(EngineErrorKind::Forbidden).with_detail("this origin may not connect"),
        ));
    }
    // Before the question whether a drain has begun, so that one which begins behind it waits for the answer.
    let token = shared.config.drain.connections().token();
    undrained(shared)?;
    let known = known(parts);
    let address = capture::address(parts).map(|address| address.ip());
    let principal = known.as_ref().and_then(Identity::principal).map(|principal| Arc::clone(principal.id()));
    let crowded = || {
        let limited = EngineError::new(EngineErrorKind::RateLimited).with_detail("too many connections");
        refused(limited.with_retry_after(shared.config.heartbeat.interval))
    };
    let is_counted = principal.is_some();
    let mut counted = shared.census.admit(address, principal).ok_or_else(crowded)?;
    let mut offer = Offer::read(&parts.headers, shared.config.subprotocol_token).map_err(refused)?;
    let carried = offer.credential.take();
    let shown = carried.clone().or_else(|| Credential::of_headers(&parts.headers));
    let caller = capture::capture(parts, carried.map(Credential::into_header));
    let client = authenticate(shared, caller, known, shown).await?;
    undrained(shared)?; // It may have taken a while.
    if let Some(principal) = client.identity.principal().filter(|_| !is_counted) {
        counted = counted.of(principal.id()).ok_or_else(crowded)?;
    }
    let selection =
        offer.select(endpoint.subprotocol.as_deref(), shared.config.on_mismatch).map_err(refused)?;
    let (protocol, close) = match selection {
        Selection::Accept(protocol) => (protocol, None),
        Selection::AcceptAndClose(protocol) => (protocol, Some(Close::Subprotocol)),
    };
    Ok(Accepted { key, protocol, close, client, counted, token })
}

/// Refuses while the server stops (DRAIN-1).
fn undrained(shared: &Shared) -> Result<(), Box<Response<Body>>> {
    if !shared.config.drain.is_begun() {
        return Ok(());
    }
    let error = EngineError::new(EngineErrorKind::Draining).with_retry_after(shared.config.drain_window);
    Err(Box::new(refusal(error)))
}

/// What a layer in front has found out.
fn known(parts: &Parts) -> Option<Identity> {
    let identity = parts.extensions.get::<Identity>().cloned();
    identity.or_else(|| parts.extensions.get::<Principal>().cloned().map(Identity::new))
}

/// Platform authentication: the word of a layer in front, else that of the authenticator about the token of the handshake.
async fn authenticate(
    shared: &Shared,
    caller: Caller,
    known: Option<Identity>,
    shown: Option<Credential>,
) -> Result<Client, Box<Response<Body>>> {
    let is_vouched = known.is_some();
    let (identity, credential) = match (known, shown, shared.config.authenticator.as_deref()) {
        // A layer has seen the whole handshake, the carrier of SP-6 included, and answers for it. What comes in a frame it cannot see.
        (Some(identity), _, _) => (identity, None),
        (None, Some(credential), Some(authenticator)) => {
            match credential.judge(Some(authenticator), &caller).await {
                Ok(identity) => (identity, Some(credential)),
                Err(AuthenticationError::Rejected) => {
                    let mut response = refusal(EngineError::new(EngineErrorKind::Unauthenticated));
                    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                    return Err(Box::new(response));
                }
                // A flake must not log users out (AUTH-6).
                Err(AuthenticationError::Unavailable) => {
                    let error = EngineError::new(EngineErrorKind::Unavailable);
                    return Err(Box::new(refusal(error)));
                }
            }
        }
        (None, _, _) => (Identity::anonymous(), None),
    };
    let caller = match (credential, identity.principal()) {
        (Some(credential), Some(principal)) => {
            caller.with_credential(credential.into_header(), Some(Arc::clone(principal.id())))
        }
        _ => caller,
    };
    Ok(Client { caller, identity, is_vouched })
}
