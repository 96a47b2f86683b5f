//! What is told of calls that the rules of the platform refuse: a run sees `BLOCKED` only, and who operates the platform can open the way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jf_core::spi::HttpFailure;
use tokio::time::Instant;
use url::Url;

use super::egress;

/// How long a host is not told of again.
const SILENCE: Duration = Duration::from_secs(60);
/// Hosts that are remembered; what is called may be chosen by callers of a journey, and they could name any number.
const MOST_HOSTS: usize = 256;
/// Longer ones are no names of hosts, and are not told.
const LONGEST: usize = 253;

/// A log of refused hosts that no number of calls can flood.
#[derive(Debug, Default)]
pub(super) struct Blocked(Mutex<HashMap<String, Instant>>);

impl Blocked {
    /// Tells that a rule has refused a request to `target`: its host, the reason and what would allow it, and nothing else of the request.
    pub(super) fn tell(&self, target: &str, failure: &HttpFailure) {
        let Some(host) = Url::parse(target).ok().and_then(|url| shown(url.host_str()?)) else { return };
        if self.is_news(&host, Instant::now()) {
            let (reason, remedy) = (failure.message(), egress::remedy(failure));
            tracing::warn!(host, reason, remedy, "an outbound call was blocked");
        }
    }

    fn is_news(&self, host: &str, now: Instant) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(host).is_some_and(|at| now < *at + SILENCE) {
            return false;
        }
        if told.len() >= MOST_HOSTS {
            told.retain(|_, at| now < *at + SILENCE);
        }
        let is_room = told.len() < MOST_HOSTS;
        if is_room {
            told.insert(host.to_owned(), now);
        }
        is_room
    }
}

fn shown(host: &str) -> Option<String> {
    (host.len() <= LONGEST).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::Instant;
    use tracing_subscriber::fmt::MakeWriter;

    use super::super::egress;
    use super::{Blocked, MOST_HOSTS, SILENCE};

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Lines {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn tsk_038_a_refusal_tells_the_host_and_the_key_and_nothing_else_of_the_request() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let blocked = Blocked::default();
            for _ in 0..2 {
                blocked.tell("http://user:s3cr3t@127.0.0.1:9555/s3cr3t?q=s3cr3t", &egress::private());
            }
        });
        let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(told.lines().count(), 1, "{told}");
        for part in ["WARN", "127.0.0.1", "connectors.http.rewrite", "denyPrivateNetworks"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("s3cr3t") && !told.contains("user"), "{told}");
    }

    #[test]
    fn tsk_038_a_refused_host_is_told_once_a_minute() {
        let (blocked, start) = (Blocked::default(), Instant::now());
        assert!(blocked.is_news("a.example", start));
        assert!(blocked.is_news("b.example", start), "each for itself");
        assert!(!blocked.is_news("a.example", start + SILENCE - Duration::from_millis(1)));
        assert!(blocked.is_news("a.example", start + SILENCE));
    }

    #[test]
    fn tsk_038_any_number_of_hosts_is_remembered_and_told_within_bounds() {
        let (blocked, start) = (Blocked::default(), Instant::now());
        let told = (0..10 * MOST_HOSTS).filter(|n| blocked.is_news(&format!("h{n}.example"), start)).count();
        assert_eq!(told, MOST_HOSTS);
        assert_eq!(blocked.0.lock().unwrap().len(), MOST_HOSTS);
        assert!(blocked.is_news("later.example", start + SILENCE), "what was told makes room");
    }
}
