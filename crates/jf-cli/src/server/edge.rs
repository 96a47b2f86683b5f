//! What a request has to be before anything is made of it.

use std::net::IpAddr;

use http::header::TRANSFER_ENCODING;
use http::{HeaderMap, Request};
use jf_binding_http::{Hosts, TrustedProxies};
use jf_core::EngineError;

/// Whom the server answers to, and whom it believes.
#[derive(Debug, Default)]
pub(super) struct Edge {
    pub(super) hosts: Hosts,
    pub(super) proxies: Option<TrustedProxies>,
}

impl Edge {
    /// Judges a request whose framing is sound, and notes who is behind it.
    ///
    /// # Errors
    /// What it is to be refused with.
    pub(super) fn admit<B>(&self, request: &mut Request<B>, peer: IpAddr) -> Result<(), EngineError> {
        self.hosts.judge(request)?;
        match &self.proxies {
            Some(proxies) => proxies.identify(request, Some(peer)),
            None => Ok(()),
        }
    }
}

/// hyper reads a body as chunked if that is its last encoding. What came before it would be left undone, and a proxy that reads the list
/// otherwise would see the end of the request elsewhere (RFC 9112, 6.1).
///
/// # Errors
/// InvalidInput; nothing of the connection can be believed after such a request.
pub(super) fn check_framing(headers: &HeaderMap) -> Result<(), EngineError> {
    let mut lines = headers.get_all(TRANSFER_ENCODING).iter();
    let is_plain = match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(line), None) => line.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    if is_plain {
        return Ok(());
    }
    Err(EngineError::invalid_input("the only transfer encoding taken is `chunked`, alone"))
}

#[cfg(test)]
mod tests {
    use super::check_framing;
    use http::HeaderMap;
    use http::header::TRANSFER_ENCODING;

    #[test]
    fn http_026_one_transfer_encoding_is_taken() {
        let judged = |lines: &[&'static str]| {
            let headers: HeaderMap =
                lines.iter().map(|line| (TRANSFER_ENCODING, line.parse().unwrap())).collect();
            check_framing(&headers).is_ok()
        };
        assert!(judged(&[]) && judged(&["chunked"]) && judged(&["Chunked"]));
        for bad in [
            &["gzip, chunked"][..],
            &["chunked, chunked"],
            &["identity"],
            &["chunked;q=1"],
            &["chunked", "chunked"],
            &[""],
        ] {
            assert!(!judged(bad), "{bad:?}");
        }
    }
}
