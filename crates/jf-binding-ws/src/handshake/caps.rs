//! How many connections there are (LIM-4): in all, from one address (see [`client_network`]), of one principal.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jf_core::client_network;

use crate::config::Caps;

/// Counts open connections.
#[derive(Debug, Clone)]
pub(crate) struct Census {
    caps: Caps,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    addresses: HashMap<IpAddr, usize>,
    principals: HashMap<Arc<str>, usize>,
}

/// A counted connection; it counts until dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    census: Census,
    address: Option<IpAddr>,
    principal: Option<Arc<str>>,
}

impl Census {
    pub(crate) fn new(caps: Caps) -> Self {
        Self { caps, counts: Arc::default() }
    }

    /// Counts one more, if no cap is in the way.
    pub(crate) fn admit(&self, address: Option<IpAddr>, principal: Option<Arc<str>>) -> Option<Counted> {
        let address = address.map(client_network);
        let mut counts = self.lock();
        let fits = counts.all < self.caps.connections
            && address.is_none_or(|key| below(&counts.addresses, &key, self.caps.per_address))
            && principal.as_ref().is_none_or(|key| below(&counts.principals, key, self.caps.per_principal));
        if !fits {
            return None;
        }
        counts.all += 1;
        if let Some(address) = address {
            *counts.addresses.entry(address).or_default() += 1;
        }
        if let Some(principal) = &principal {
            *counts.principals.entry(Arc::clone(principal)).or_default() += 1;
        }
        drop(counts);
        Some(Counted { census: self.clone(), address, principal })
    }

    // Every critical section leaves the counts whole, so a poisoned lock is as good as a clean one.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Counts for a principal, too, who has become known; `None`, and not counted any more, if his cap is in the way.
    pub(crate) fn of(mut self, principal: &Arc<str>) -> Option<Self> {
        let mut counts = self.census.lock();
        if !below(&counts.principals, principal, self.census.caps.per_principal) {
            return None;
        }
        *counts.principals.entry(Arc::clone(principal)).or_default() += 1;
        drop(counts);
        self.principal = Some(Arc::clone(principal));
        Some(self)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.census.lock();
        counts.all -= 1;
        if let Some(address) = &self.address {
            leave(&mut counts.addresses, address);
        }
        if let Some(principal) = &self.principal {
            leave(&mut counts.principals, principal);
        }
    }
}

fn below<K: Hash + Eq>(counts: &HashMap<K, usize>, key: &K, cap: usize) -> bool {
    counts.get(key).copied().unwrap_or(0) < cap
}

fn leave<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Census;
    use crate::config::Caps;
    use std::net::IpAddr;

    #[test]
    fn lim_4_each_cap_counts_on_its_own_and_places_are_given_back() {
        let census = Census::new(Caps { connections: 3, per_address: 2, per_principal: 1 });
        let (a, b): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = census.admit(Some(a), Some("p".into())).unwrap();
        assert!(census.admit(Some(b), Some("p".into())).is_none(), "per principal");
        let second = census.admit(Some(a), None).unwrap();
        assert!(census.admit(Some(a), None).is_none(), "per address");
        let wrapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert!(census.admit(Some(wrapped), None).is_none(), "the same address in another form");
        let third = census.admit(None, None).unwrap();
        assert!(census.admit(None, None).is_none(), "in all");
        drop((first, second, third));
        assert!(census.admit(Some(a), Some("p".into())).is_some());
        let network = [1_u16, 2, 3].map(|host| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, host]));
        let hosts: Vec<_> = network.iter().map(|host| census.admit(Some(*host), None)).collect();
        assert!(hosts[1].is_some() && hosts[2].is_none(), "the addresses of one network are one");
        drop(hosts);
        let known = census.admit(None, None).unwrap().of(&"p".into()).unwrap();
        assert!(census.admit(None, None).unwrap().of(&"p".into()).is_none(), "per principal, found later");
        drop(known);
        let counts = census.lock();
        assert_eq!((counts.all, counts.addresses.len(), counts.principals.len()), (0, 0, 0));
    }
}
