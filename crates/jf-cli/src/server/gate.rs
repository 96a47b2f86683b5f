//! How many connections there may be, and how often one address may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jf_core::client_network;
use tokio::time::Instant;

use super::ServerLimits;

/// Counts connections, in all and per address.
#[derive(Debug)]
pub(super) struct Gate {
    connections: usize,
    per_address: usize,
    rate: Option<Rate>,
    open: AtomicUsize,
    handshakes: usize,
    shaking: AtomicUsize,
    refusing: AtomicUsize,
    visitors: Mutex<HashMap<IpAddr, Arc<Visitor>>>,
}

/// What is known of an address ([`client_network`]) that has connections, or had some a moment ago.
#[derive(Debug, Default)]
pub(super) struct Visitor {
    open: AtomicUsize,
    shaking: AtomicUsize,
    /// When the requests so far would have come at the allowed pace, in nanoseconds since the start of the gate.
    paid_until: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Rate {
    start: Instant,
    /// Nanoseconds between two requests.
    pace: u64,
}

/// The place of one connection; leaves when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Arc<Gate>,
    visitor: Arc<Visitor>,
    address: IpAddr,
}

/// The place of one handshake of TLS; leaves when dropped.
#[derive(Debug)]
pub(super) struct Handshake<'p>(&'p Permit);

/// The place of one connection that is being turned away.
#[derive(Debug)]
pub(super) struct RefusalPermit(Arc<Gate>);

/// A connection that is not taken; without a permit it is not even answered.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) why: Why,
    pub(super) permit: Option<RefusalPermit>,
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There are too many in all.
    Full,
    /// There are too many from this address.
    Address,
}

impl Why {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "too many connections",
            Self::Address => "too many connections from this address",
        }
    }
}

/// Connections that are answered a refusal at the same time.
const REFUSALS: usize = 64;
/// Which part of all handshakes at a time one address may have, so that none keeps all others out.
const HANDSHAKE_SHARE: usize = 4;
/// From this many addresses on, those without connections are looked for and forgotten.
const MANY_VISITORS: usize = 4096;

impl Gate {
    pub(super) fn new(limits: &ServerLimits) -> Arc<Self> {
        let rate = (limits.requests_per_second > 0).then(|| Rate {
            start: Instant::now(),
            pace: 1_000_000_000 / u64::from(limits.requests_per_second),
        });
        Arc::new(Self {
            connections: limits.connections,
            per_address: limits.connections_per_address,
            rate,
            open: AtomicUsize::new(0),
            handshakes: limits.handshakes,
            shaking: AtomicUsize::new(0),
            refusing: AtomicUsize::new(0),
            visitors: Mutex::default(),
        })
    }

    /// Lets a connection in.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Refusal> {
        let address = client_network(address);
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.connections {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(self.refuse(Why::Full));
        }
        let mut visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        if visitors.len() >= MANY_VISITORS {
            visitors.retain(|_, visitor| !self.is_forgettable(visitor));
        }
        let visitor = Arc::clone(visitors.entry(address).or_default());
        if visitor.open.fetch_add(1, Ordering::Relaxed) >= self.per_address {
            visitor.open.fetch_sub(1, Ordering::Relaxed);
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(self.refuse(Why::Address));
        }
        drop(visitors);
        Ok(Permit { gate: Arc::clone(self), visitor, address })
    }

    fn refuse(self: &Arc<Self>, why: Why) -> Refusal {
        let free = self.refusing.fetch_add(1, Ordering::Relaxed) < REFUSALS;
        // The permit takes its count back when dropped.
        let permit = RefusalPermit(Arc::clone(self));
        Refusal { why, permit: free.then_some(permit) }
    }

    /// Whether nothing would be lost with it.
    fn is_forgettable(&self, visitor: &Visitor) -> bool {
        let now = self.rate.map_or(0, |rate| rate.now());
        visitor.open.load(Ordering::Relaxed) == 0 && visitor.paid_until.load(Ordering::Relaxed) <= now
    }
}

impl Rate {
    fn now(self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Permit {
    /// Counts a request; how long to wait when it comes too early (HTTP-026). A second's worth may come at once.
    pub(super) fn request(&self) -> Result<(), Duration> {
        const SECOND: u64 = 1_000_000_000;
        let Some(rate) = self.gate.rate else { return Ok(()) };
        let now = rate.now();
        let paid = |until: u64| until.max(now) + rate.pace;
        let step = |until| (paid(until) <= now + SECOND).then(|| paid(until));
        match self.visitor.paid_until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(_) => Ok(()),
            Err(until) => Err(Duration::from_nanos(paid(until) - (now + SECOND))),
        }
    }

    /// Counts a handshake of TLS; `None` when there are too many at the moment, in all or of this address.
    pub(super) fn handshake(&self) -> Option<Handshake<'_>> {
        // Leaves with whatever was counted.
        let handshake = Handshake(self);
        let own = self.visitor.shaking.fetch_add(1, Ordering::Relaxed);
        let all = self.gate.shaking.fetch_add(1, Ordering::Relaxed);
        let is_free = all < self.gate.handshakes && own < self.gate.handshakes.div_ceil(HANDSHAKE_SHARE);
        is_free.then_some(handshake)
    }
}

impl Drop for Handshake<'_> {
    fn drop(&mut self) {
        self.0.gate.shaking.fetch_sub(1, Ordering::Relaxed);
        self.0.visitor.shaking.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.open.fetch_sub(1, Ordering::Relaxed);
        if self.visitor.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            let mut visitors = self.gate.visitors.lock().unwrap_or_else(PoisonError::into_inner);
            // Under the lock: no connection can enter meanwhile.
            if self.gate.is_forgettable(&self.visitor) {
                visitors.remove(&self.address);
            }
        }
    }
}

impl Drop for RefusalPermit {
    fn drop(&mut self) {
        self.0.refusing.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::super::tests::limits;
    use super::{Gate, REFUSALS, Why};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn lim_4_connections_are_bounded_in_all_and_per_address() {
        let mut limits = limits();
        (limits.connections, limits.connections_per_address) = (3, 2);
        let gate = Gate::new(&limits);
        let first = gate.enter(address("10.0.0.1")).unwrap();
        let _second = gate.enter(address("::ffff:10.0.0.1")).unwrap();
        assert_eq!(gate.enter(address("10.0.0.1")).unwrap_err().why, Why::Address);
        let _third = gate.enter(address("10.0.0.2")).unwrap();
        assert_eq!(gate.enter(address("10.0.0.3")).unwrap_err().why, Why::Full);
        drop(first);
        assert!(gate.enter(address("10.0.0.1")).is_ok());
    }

    #[test]
    fn lim_4_a_host_cannot_go_round_the_bound_with_the_addresses_of_its_network() {
        let mut limits = limits();
        (limits.connections_per_address, limits.requests_per_second) = (2, 1);
        let gate = Gate::new(&limits);
        let first = gate.enter(address("2001:db8:0:1::1")).unwrap();
        let second = gate.enter(address("2001:db8:0:1:ffff::2")).unwrap();
        assert_eq!(gate.enter(address("2001:db8:0:1::3")).unwrap_err().why, Why::Address);
        assert!(first.request().is_ok() && second.request().is_err(), "one rate for both");
        assert!(gate.enter(address("2001:db8:0:2::1")).is_ok(), "a neighbour is another");
        drop((first, second));
        assert_eq!(gate.open.load(std::sync::atomic::Ordering::Relaxed), 0);
    }

    #[test]
    fn lim_4_handshakes_are_bounded_in_all_and_per_address() {
        let mut limits = limits();
        limits.handshakes = 6;
        let gate = Gate::new(&limits);
        let permits: Vec<_> =
            (1..=4).map(|last| gate.enter(address(&format!("10.0.0.{last}"))).unwrap()).collect();
        let neighbour = gate.enter(address("10.0.0.1")).unwrap();
        let [first, second] = [permits[0].handshake().unwrap(), neighbour.handshake().unwrap()];
        assert!(permits[0].handshake().is_none(), "a quarter, rounded up");
        let _others: Vec<_> = [1, 1, 2, 2].map(|of| permits[of].handshake().unwrap()).into();
        assert!(permits[3].handshake().is_none(), "all there may be");
        drop(first);
        assert!(permits[3].handshake().is_some(), "what was refused has left nothing behind");
        drop(second);
        assert!(neighbour.handshake().is_some());
    }

    #[test]
    fn refusals_are_bounded_too_and_nothing_is_kept_of_those_who_left() {
        let mut limits = limits();
        limits.connections = 0;
        let gate = Gate::new(&limits);
        let refusals: Vec<_> = (0..=REFUSALS).map(|_| gate.enter(address("10.0.0.1")).unwrap_err()).collect();
        assert_eq!(refusals.iter().filter(|refusal| refusal.permit.is_some()).count(), REFUSALS);
        drop(refusals);
        assert!(gate.enter(address("10.0.0.1")).unwrap_err().permit.is_some());
        assert!(gate.visitors.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn http_026_a_seconds_worth_may_come_at_once_and_then_the_pace_holds() {
        let mut limits = limits();
        limits.requests_per_second = 10;
        let gate = Gate::new(&limits);
        let permit = gate.enter(address("10.0.0.1")).unwrap();
        for _ in 0..10 {
            assert_eq!(permit.request(), Ok(()));
        }
        assert_eq!(permit.request(), Err(Duration::from_millis(100)));
        // A new connection is no fresh start.
        drop(permit);
        let permit = gate.enter(address("10.0.0.1")).unwrap();
        assert!(permit.request().is_err());
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(permit.request(), Ok(()));
        assert!(permit.request().is_err());
        // Who has waited long enough is forgotten when he leaves.
        tokio::time::advance(Duration::from_secs(2)).await;
        drop(permit);
        assert!(gate.visitors.lock().unwrap().is_empty());
    }
}
