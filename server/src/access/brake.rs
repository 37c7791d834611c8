use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::neighbourhood;

/// Addresses remembered at most, so that a flood of them costs a bounded memory.
const MOST_ADDRESSES: usize = 100_000;

/// Slows down addresses that fail to authenticate: after `limit` failures within `window`
/// they wait until the window has passed.
///
/// It counts in memory: with several nodes each has its own count.
pub struct FailureBrake {
    limit: u32,
    window: Duration,
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

struct Failures {
    count: u32,
    since: Instant,
}

impl FailureBrake {
    /// A brake for `limit` failures within `window`.
    pub fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, failures: Mutex::default() }
    }

    /// How long `address` has to wait before it may try again, if it has to.
    pub fn wait(&self, address: IpAddr) -> Option<Duration> {
        let failures = self.failures.lock();
        let found = failures.get(&neighbourhood(address))?;
        let left = self.window.checked_sub(found.since.elapsed())?;
        (found.count >= self.limit).then_some(left)
    }

    /// Counts a failed authentication.
    pub fn failed(&self, address: IpAddr) {
        let mut failures = self.failures.lock();
        if failures.len() >= MOST_ADDRESSES {
            failures.retain(|_, f| f.since.elapsed() < self.window);
        }
        if failures.len() >= MOST_ADDRESSES {
            failures.clear();
        }
        let now = Instant::now();
        let entry =
            failures.entry(neighbourhood(address)).or_insert(Failures { count: 0, since: now });
        if entry.since.elapsed() >= self.window {
            *entry = Failures { count: 0, since: now };
        }
        entry.count = entry.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn bar_04_brakes_at_the_limit_and_releases_after_the_window() {
        let brake = FailureBrake::new(2, Duration::from_millis(50));
        let address: IpAddr = [192, 0, 2, 1].into();
        brake.failed(address);
        assert_eq!(brake.wait(address), None);
        brake.failed(address);
        assert!(brake.wait(address).is_some());
        assert_eq!(brake.wait([192, 0, 2, 2].into()), None);
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(brake.wait(address), None);
    }

    #[test]
    fn bar_04_rotating_ipv6_addresses_of_one_network_does_not_help() {
        let brake = FailureBrake::new(2, Duration::from_secs(60));
        for last in 1..=2 {
            brake.failed(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last).into());
        }
        assert!(brake.wait(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9).into()).is_some());
    }
}
