//! From an HTTP request to a conversation: the checks of §15 in the order of HS-1, then the upgrade.

mod caps;
mod capture;
mod subprotocol;
mod upgrade;

use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Response};
use hyper::upgrade::OnUpgrade;
use jf_core::{EngineError, EngineErrorKind, Principal};

use self::caps::Counted;
use self::subprotocol::{Offer, Selection};
use crate::binding::Shared;
use crate::close::Close;
use crate::problem::refusal;
use crate::routing::Endpoint;
use crate::socket;

pub(crate) use caps::Census;
pub(crate) use subprotocol::PROTOCOL;

/// Answers a request for a path of ours: with 101, and a conversation that begins once the connection is handed over; or with a
/// Problem document.
pub(crate) fn answer(
    shared: &Arc<Shared>,
    path: String,
    endpoint: &Endpoint,
    mut parts: Parts,
) -> Response<Body> {
    match check(shared, endpoint, &parts) {
        Err(response) => *response,
        Ok(Accepted { key, protocol, close, authorization, counted }) => {
            let response = upgrade::switching(&key, protocol.as_deref());
            match parts.extensions.remove::<OnUpgrade>() {
                Some(upgrade) => {
                    let caller = capture::capture(&mut parts, authorization);
                    let conversation =
                        socket::converse(upgrade, Arc::clone(shared), path, caller, close, counted);
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

/// What an accepted handshake comes to.
struct Accepted {
    key: HeaderValue,
    protocol: Option<String>,
    /// Close at once with this.
    close: Option<Close>,
    authorization: Option<HeaderValue>,
    counted: Counted,
}

fn check(shared: &Shared, endpoint: &Endpoint, parts: &Parts) -> Result<Accepted, Box<Response<Body>>> {
    let refused = |error: EngineError| Box::new(refusal(error));
    let key = upgrade::key(&parts.method, parts.version, &parts.headers)?;
    if !shared.origins.admit(&parts.headers, jf_core::rests_on_ambient_identity(parts)) {
        return Err(refused(
            EngineError::new(EngineErrorKind::Forbidden).with_detail("this origin may not connect"),
        ));
    }
    if shared.config.drain.is_begun() {
        return Err(refused(
            EngineError::new(EngineErrorKind::Draining).with_retry_after(shared.config.drain_window),
        ));
    }
    let address = capture::address(parts).map(|address| address.ip());
    let principal = parts.extensions.get::<Principal>().map(|principal| Arc::clone(principal.id()));
    let counted = shared.census.admit(address, principal).ok_or_else(|| {
        let limited = EngineError::new(EngineErrorKind::RateLimited).with_detail("too many connections");
        refused(limited.with_retry_after(shared.config.heartbeat.interval))
    })?;
    let offer = Offer::read(&parts.headers, shared.config.subprotocol_token).map_err(refused)?;
    let selection =
        offer.select(endpoint.subprotocol.as_deref(), shared.config.on_mismatch).map_err(refused)?;
    let (protocol, close) = match selection {
        Selection::Accept(protocol) => (protocol, None),
        Selection::AcceptAndClose(protocol) => (protocol, Some(Close::Subprotocol)),
    };
    Ok(Accepted { key, protocol, close, authorization: offer.authorization, counted })
}
