//! Which subprotocol a handshake gets (SP-1 to SP-3, SP-6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use jf_core::{EngineError, EngineErrorKind};

use crate::config::OnMismatch;
use crate::credential::Credential;

/// The protocol of this binding, and the subprotocol of paths whose definitions name none.
pub(crate) const PROTOCOL: &str = "journeyforge.v1";
/// Entries that carry a bearer token instead of naming a protocol.
const CARRIER: &str = "base64url.bearer.journeyforge.";

/// What a client offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    protocols: Vec<String>,
    /// From a carrier entry.
    pub(crate) credential: Option<Credential>,
}

/// What a client gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// The entry to echo, if any.
    Accept(Option<String>),
    /// Accept with the entry echoed, then close with 4406 (SP-1 `close`).
    AcceptAndClose(Option<String>),
}

impl Offer {
    /// Reads the offer; the header may be repeated or joined. Carrier entries are taken out, so that they are never echoed or
    /// shown to anybody.
    ///
    /// # Errors
    /// `invalid-input` for a carrier that cannot be used; its text is not repeated.
    pub(crate) fn read(headers: &HeaderMap, carrier: bool) -> Result<Self, EngineError> {
        let mut offer = Self::default();
        for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
            let entries = value
                .to_str()
                .map_err(|_| EngineError::invalid_input("the offered subprotocols are not ASCII"))?;
            for entry in entries.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
                match entry.strip_prefix(CARRIER).filter(|_| carrier) {
                    None => offer.protocols.push(entry.to_owned()),
                    Some(_) if offer.credential.is_some() => {
                        return Err(EngineError::invalid_input("the handshake offers two tokens"));
                    }
                    Some(text) => offer.credential = Some(bearer(text)?),
                }
            }
        }
        if offer.credential.is_some() && headers.contains_key(http::header::AUTHORIZATION) {
            return Err(EngineError::invalid_input(
                "the handshake offers a token beside its `Authorization` header",
            ));
        }
        if offer.credential.is_some() && offer.protocols.is_empty() {
            return Err(EngineError::invalid_input(
                "the handshake offers a token without a subprotocol beside it",
            ));
        }
        Ok(offer)
    }

    fn contains(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|offered| offered == protocol)
    }

    /// Chooses for a path whose definitions name `wanted` (SP-1), or none (SP-2). Only what was offered is ever selected.
    ///
    /// # Errors
    /// `subprotocol-required`.
    pub(crate) fn select(
        &self,
        wanted: Option<&str>,
        on_mismatch: OnMismatch,
    ) -> Result<Selection, EngineError> {
        let protocol = wanted.unwrap_or(PROTOCOL);
        if self.contains(protocol) {
            return Ok(Selection::Accept(Some(protocol.to_owned())));
        }
        let absent = self.protocols.is_empty();
        match (wanted, on_mismatch) {
            (None, _) | (Some(_), OnMismatch::Allow) if absent => Ok(Selection::Accept(None)),
            // Browsers fail a handshake that selects nothing from their offer, and then hide the close code.
            (Some(_), OnMismatch::Close) => Ok(Selection::AcceptAndClose(self.protocols.first().cloned())),
            _ => {
                let detail = format!("the handshake must offer the subprotocol `{protocol}`");
                Err(EngineError::new(EngineErrorKind::SubprotocolRequired).with_detail(detail))
            }
        }
    }
}

fn bearer(text: &str) -> Result<Credential, EngineError> {
    let unusable =
        || EngineError::invalid_input("the offered token is not unpadded base64url of a bearer token");
    let token = URL_SAFE_NO_PAD.decode(text).map_err(|_| unusable())?;
    std::str::from_utf8(&token).ok().and_then(Credential::of_token).ok_or_else(unusable)
}

#[cfg(test)]
mod tests {
    use super::{Offer, Selection};
    use crate::config::OnMismatch;
    use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
    use http::{HeaderMap, HeaderValue};

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    fn select(lines: &[&str], wanted: Option<&str>, on_mismatch: OnMismatch) -> String {
        let offer = Offer::read(&headers(lines), false).unwrap();
        match offer.select(wanted, on_mismatch) {
            Ok(Selection::Accept(None)) => "accept".to_owned(),
            Ok(Selection::Accept(Some(protocol))) => format!("accept {protocol}"),
            Ok(Selection::AcceptAndClose(protocol)) => format!("close {}", protocol.unwrap_or_default()),
            Err(error) => error.kind().slug().to_owned(),
        }
    }

    #[test]
    fn sp_1_a_named_subprotocol_by_offer_and_mode() {
        use OnMismatch::{Allow, Close, Reject};
        for (offer, mode, expected) in [
            (&["shop.v2"][..], Reject, "accept shop.v2"),
            (&["shop.v2"], Close, "accept shop.v2"),
            (&["a, shop.v2 ,journeyforge.v1"], Reject, "accept shop.v2"),
            (&["a", "shop.v2"], Reject, "accept shop.v2"),
            (&[], Reject, "subprotocol-required"),
            (&[], Close, "close "),
            (&[], Allow, "accept"),
            (&["journeyforge.v1"], Reject, "subprotocol-required"),
            (&["journeyforge.v1"], Close, "close journeyforge.v1"),
            (&["journeyforge.v1"], Allow, "subprotocol-required"),
            (&["SHOP.V2"], Reject, "subprotocol-required"),
        ] {
            assert_eq!(select(offer, Some("shop.v2"), mode), expected, "{offer:?} {mode:?}");
        }
    }

    #[test]
    fn sp_2_without_a_named_subprotocol() {
        for mode in [OnMismatch::Reject, OnMismatch::Close, OnMismatch::Allow] {
            assert_eq!(select(&["journeyforge.v1"], None, mode), "accept journeyforge.v1");
            assert_eq!(select(&["x, journeyforge.v1"], None, mode), "accept journeyforge.v1");
            assert_eq!(select(&[], None, mode), "accept");
            assert_eq!(select(&["x"], None, mode), "subprotocol-required");
            assert_eq!(select(&["JourneyForge.v1"], None, mode), "subprotocol-required");
        }
    }

    #[test]
    fn sp_6_a_carrier_entry_becomes_the_credential_and_is_never_selected() {
        let carrier = "base64url.bearer.journeyforge.czNjcjN0"; // s3cr3t
        let offer = Offer::read(&headers(&[&format!("{carrier}, journeyforge.v1")]), true).unwrap();
        assert_eq!(offer.credential.as_ref().unwrap().token(), "s3cr3t");
        assert_eq!(
            offer.select(None, OnMismatch::Reject).unwrap(),
            Selection::Accept(Some("journeyforge.v1".into()))
        );
        assert!(!format!("{offer:?}").contains("s3cr3t"), "SP-7");
        let close = offer.select(Some("other"), OnMismatch::Close).unwrap();
        assert_eq!(close, Selection::AcceptAndClose(Some("journeyforge.v1".into())));
    }

    #[test]
    fn sp_6_unusable_carriers_are_refused_without_being_repeated() {
        let prefix = "base64url.bearer.journeyforge.";
        for bad in [
            format!("{prefix}czNjcjN0"),
            format!("{prefix}czNjcjN0, {prefix}czNjcjN0, journeyforge.v1"),
            format!("{prefix}, journeyforge.v1"),
            format!("{prefix}czNjcjN0==, journeyforge.v1"),
            format!("{prefix}!!, journeyforge.v1"),
            format!("{prefix}AAEC, journeyforge.v1"),
        ] {
            let error = Offer::read(&headers(&[&bad]), true).unwrap_err();
            assert_eq!(error.kind().slug(), "invalid-input", "{bad}");
            assert!(!error.to_string().contains("czNj"), "{error}");
        }
        let mut both = headers(&[&format!("{prefix}czNjcjN0, journeyforge.v1")]);
        both.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert!(Offer::read(&both, true).is_err());
        let off = Offer::read(&headers(&[&format!("{prefix}czNjcjN0")]), false).unwrap();
        assert!(
            off.credential.is_none() && off.select(None, OnMismatch::Reject).is_err(),
            "off unless configured"
        );
    }
}
