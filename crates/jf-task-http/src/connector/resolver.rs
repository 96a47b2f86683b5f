//! Name resolution that never leads into a private network.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// Resolves names with the system's resolver and keeps only public addresses.
///
/// The client connects to what this gives and to nothing else, so a name cannot be judged by one answer and connected by another.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicResolver;

/// A name that has no other than private addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("every address of the host is private")]
pub(super) struct PrivateAddress;

/// A name without an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host has no address")]
pub(super) struct NoAddress;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is set by the client.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Addrs = Box::new(admit(found)?.into_iter());
            Ok(public)
        })
    }
}

/// Keeps the public addresses. Of a name with both kinds the public ones are used: connecting to them is harmless.
fn admit(
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let mut any = false;
    let public: Vec<SocketAddr> =
        found.inspect(|_| any = true).filter(|address| is_public(address.ip())).collect();
    match (public.is_empty(), any) {
        (false, _) => Ok(public),
        (true, true) => Err(Box::new(PrivateAddress)),
        (true, false) => Err(Box::new(NoAddress)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{NoAddress, PrivateAddress, admit};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn tsk_038_names_lead_to_public_addresses_only() {
        let admitted = admit(addresses(&["10.0.0.1", "1.1.1.1", "::1"]).into_iter()).unwrap();
        assert_eq!(admitted, addresses(&["1.1.1.1"]));
        let refused = admit(addresses(&["10.0.0.1", "fd00::1"]).into_iter()).unwrap_err();
        assert!(refused.is::<PrivateAddress>());
        assert!(admit(std::iter::empty()).unwrap_err().is::<NoAddress>());
    }
}
