//! Transport errors as failures of a call, in fixed sentences: the errors of the client may quote the URL.

use std::error::Error;
use std::io;
use std::time::Duration;

use jf_core::spi::{HttpFailure, HttpFailureKind};

use super::egress;
use super::resolver::PrivateAddress;

/// Classifies what went wrong between connect and last body byte.
pub(super) fn classify(error: &reqwest::Error) -> HttpFailure {
    if find::<PrivateAddress>(error).is_some() {
        return egress::private();
    }
    if error.is_dns() {
        return network("the name of the host does not resolve");
    }
    if error.is_timeout() {
        return HttpFailure::new(HttpFailureKind::Timeout, "the connection was not established in time");
    }
    if error.is_connect() {
        return match find::<io::Error>(error).map(innermost_kind) {
            Some(io::ErrorKind::ConnectionRefused) => network("the connection was refused"),
            // The TLS library reports through the socket that it reads from.
            Some(io::ErrorKind::InvalidData) => network("the TLS handshake failed"),
            _ => network("the connection could not be established"),
        };
    }
    if error.is_body() || error.is_decode() {
        return network("the connection broke before the response was complete");
    }
    if error.is_builder() {
        return network("the request cannot be sent as HTTP");
    }
    network("the connection broke before a response arrived")
}

/// No complete response within the time-out (TSK-055).
pub(super) fn timed_out(after: Duration) -> HttpFailure {
    let message = format!("no complete response within {} ms", after.as_millis());
    HttpFailure::new(HttpFailureKind::Timeout, message)
}

/// The body is beyond the limit (TSK-044).
pub(super) fn too_large(limit: usize) -> HttpFailure {
    HttpFailure::new(HttpFailureKind::TooLarge, format!("the response body is longer than {limit} bytes"))
}

/// Any other trouble of the transport.
pub(super) fn network(message: &str) -> HttpFailure {
    HttpFailure::new(HttpFailureKind::Network, message)
}

fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// I/O errors that wrap others do not name them as their source.
fn innermost_kind(error: &io::Error) -> io::ErrorKind {
    let mut error = error;
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        error = inner;
    }
    error.kind()
}
