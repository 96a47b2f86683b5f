//! How many event streams a caller has open (HTTP-105).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jf_core::{Caller, client_network};

/// Counts open streams by caller.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    most: usize,
    open: Arc<Mutex<HashMap<Who, usize>>>,
}

/// Whom streams are counted for: the principal, else the network the request came from, else everybody unknown together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Principal(Arc<str>),
    Network(IpAddr),
    Unknown,
}

/// A counted stream; it counts until dropped.
#[derive(Debug)]
pub(super) struct Place {
    streams: Streams,
    who: Who,
}

impl Streams {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Counts one more, unless the caller has all it may have.
    pub(super) fn admit(&self, caller: &Caller) -> Option<Place> {
        let who = match (caller.principal(), caller.remote_address()) {
            (Some(principal), _) => Who::Principal(principal.into()),
            (None, Some(address)) => Who::Network(client_network(address.ip())),
            (None, None) => Who::Unknown,
        };
        let mut open = self.lock();
        if open.get(&who).copied().unwrap_or(0) >= self.most {
            return None;
        }
        *open.entry(who.clone()).or_default() += 1;
        drop(open);
        Some(Place { streams: self.clone(), who })
    }

    // Both critical sections leave the counts whole, so a poisoned lock is as good as a clean one.
    fn lock(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Streams;
    use http::Method;
    use jf_core::Caller;

    #[test]
    fn http_105_streams_are_counted_by_principal_or_network() {
        let from = |address: &str| {
            Caller::request("http", Method::GET, "/").remote_address(address.parse().unwrap()).build()
        };
        let streams = Streams::new(1);
        let first = streams.admit(&from("[2001:db8::1]:1")).unwrap();
        assert!(streams.admit(&from("[2001:db8::2]:1")).is_none(), "the same network");
        assert!(streams.admit(&from("192.0.2.1:1")).is_some());
        let known =
            Caller::request("http", Method::GET, "/").remote_address("[2001:db8::1]:1".parse().unwrap());
        assert!(streams.admit(&known.principal("alice").build()).is_some());
        drop(first);
        assert!(streams.lock().is_empty(), "nothing is kept of who has left");
    }
}
