//! How often one address may try to sign in. Accounts have their own, lasting count in `service::session`.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use api::ProblemCode;

use super::{Answer, Failure};

/// Attempts that one address has in [`WINDOW`]. A school's staff may sit behind one address.
const ATTEMPTS: u32 = 60;

const WINDOW: Duration = Duration::from_secs(60);

/// Addresses remembered at most. Beyond that the oldest windows are forgotten.
const REMEMBERED: usize = 10_000;

/// Attempts of each address within its present window.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Attempts {
    /// Counts an attempt.
    ///
    /// # Errors
    ///
    /// `too-many-attempts` when there were too many.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> Answer<()> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.retain(|_, (began, _)| now.duration_since(*began) < WINDOW);
        }
        let (began, count) = seen.entry(network(address)).or_insert((now, 0));
        if now.duration_since(*began) >= WINDOW {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        if *count <= ATTEMPTS {
            return Ok(());
        }
        let seconds = WINDOW.saturating_sub(now.duration_since(*began)).as_secs() + 1;
        Err(Failure::new(ProblemCode::TooManyAttempts, [("seconds", seconds.to_string())]))
    }
}

/// One IPv6 network counts as one address: whoever has one has 2⁶⁴ addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_tries_too_often_must_wait_and_others_need_not() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let (one, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..ATTEMPTS {
            attempts.count(one, now).unwrap();
        }
        assert!(attempts.count(one, now).is_err());
        assert!(attempts.count(other, now).is_ok());
        assert!(attempts.count(one, now + WINDOW).is_ok());
    }
}
