use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::App;
use crate::access::{ClientAddress, neighbourhood};
use crate::api::ApiError;
use crate::config::RateLimitConfig;

/// Addresses counted one by one. While there are more, whole regions share a count, so that
/// a flood from everywhere costs a bounded memory.
const MOST_ADDRESSES: usize = 100_000;
/// After so many requests, the addresses that have been quiet are forgotten.
const TIDY_EVERY: u32 = 4096;
const NANOSECONDS: u64 = 1_000_000_000;

/// Answers 429 to an address that asks too often, before anything else is done for it.
pub(super) fn limit(router: Router<Arc<App>>, config: &RateLimitConfig) -> Router<Arc<App>> {
    let by_address = ByAddress::default();
    let mut builder = GovernorConfigBuilder::default().key_extractor(by_address.clone());
    builder.per_nanosecond(NANOSECONDS / u64::from(config.per_second)).burst_size(config.burst);
    // `None` stands for a rate or a burst of 0, which the configuration does not take.
    let Some(governor) = builder.finish().filter(|_| config.enabled) else { return router };
    let limiter = Arc::clone(governor.limiter());
    let tidy = move || {
        limiter.retain_recent();
        limiter.len()
    };
    // It was just made: nothing is in its place.
    let _ = by_address.0.tidy.set(Box::new(tidy));
    router.layer(GovernorLayer::new(governor).error_handler(refuse))
}

fn refuse(error: GovernorError) -> Response<Body> {
    match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            let wait = std::time::Duration::from_secs(wait_time.max(1));
            ApiError::too_many(wait, "Too many requests from this address.").into_response()
        }
        other => ApiError::internal(other).into_response(),
    }
}

/// What requests are counted by.
#[derive(Clone, Default)]
struct ByAddress(Arc<Count>);

#[derive(Default)]
struct Count {
    requests: AtomicU32,
    is_crowded: AtomicBool,
    /// Forgets the quiet ones and tells how many are left.
    tidy: OnceLock<Box<dyn Fn() -> usize + Send + Sync>>,
}

impl ByAddress {
    fn tidy_now_and_then(&self) {
        let before = self.0.requests.fetch_add(1, Ordering::Relaxed);
        if before % TIDY_EVERY == TIDY_EVERY - 1
            && let Some(tidy) = self.0.tidy.get()
        {
            self.0.is_crowded.store(tidy() > MOST_ADDRESSES, Ordering::Relaxed);
        }
    }
}

impl KeyExtractor for ByAddress {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        self.tidy_now_and_then();
        let client = request.extensions().get::<ClientAddress>();
        let client = client.ok_or(GovernorError::UnableToExtractKey)?;
        let address = neighbourhood(client.ip);
        let is_crowded = self.0.is_crowded.load(Ordering::Relaxed);
        Ok(if is_crowded { region(address) } else { address })
    }
}

/// An IPv4 /16 or an IPv6 /32: about what one provider has.
fn region(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            Ipv4Addr::new(a, b, 0, 0).into()
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asks(by: &ByAddress, ip: &str) -> IpAddr {
        let mut request = Request::new(());
        let client = ClientAddress { ip: ip.parse().unwrap(), through_proxy: false };
        request.extensions_mut().insert(client);
        by.extract(&request).unwrap()
    }

    #[test]
    fn bar_04_a_crowd_shares_a_count_and_its_memory_is_bounded() {
        let by = ByAddress::default();
        let held = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&held);
        let tidy = move || usize::try_from(told.load(Ordering::Relaxed)).unwrap();
        assert!(by.0.tidy.set(Box::new(tidy)).is_ok());
        assert_eq!(asks(&by, "192.0.2.1"), "192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(asks(&by, "2001:db8:1:2:3::4"), "2001:db8:1:2::".parse::<IpAddr>().unwrap());
        held.store(100_001, Ordering::Relaxed);
        (0..TIDY_EVERY).for_each(|_| drop(asks(&by, "192.0.2.1").to_string()));
        assert_eq!(asks(&by, "192.0.2.1"), "192.0.0.0".parse::<IpAddr>().unwrap());
        assert_eq!(asks(&by, "2001:db8:1:2:3::4"), "2001:db8::".parse::<IpAddr>().unwrap());
        held.store(5, Ordering::Relaxed);
        (0..TIDY_EVERY).for_each(|_| drop(asks(&by, "192.0.2.1").to_string()));
        assert_eq!(asks(&by, "192.0.2.1"), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
