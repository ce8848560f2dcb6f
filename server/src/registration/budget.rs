//! The budget of mails: who may use how much of the hour's limit, so that nobody uses up all of it.
//!
//! Half of the limit is for whoever comes first. Of the other half, each network and each network's surroundings may
//! have taken only a small share of what is left: whoever floods the server runs dry first, and others still get their
//! mail. A last part is for mailboxes that are known already. A domain that is not a public provider's gets no more
//! than its own limit.
//!
//! Counted in memory, by the hour; the number of all mails comes from the database.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::clock::MINUTE_MS;
use crate::domain::{AddressBlock, EmailAddress, is_public_provider};

const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A smaller limit is not shared out: the shares would be less than a mail.
const LEAST_SHARED: u32 = 100;
/// The share of the limit that is for known mailboxes: one part in so many.
const RESERVE: u32 = 5;
/// The share of what is left that one block of addresses may have taken, by its size for IPv4 and IPv6: one part in so
/// many. The larger ones are what a provider holds.
const NARROW: (u8, u8, u32) = (24, 48, 25);
const WIDE: (u8, u8, u32) = (16, 32, 5);

/// The limits.
#[derive(Clone, Copy, Debug)]
pub struct MailLimits {
    /// Most mails to all mailboxes within an hour.
    pub per_hour: u32,
    /// Most mails to one domain within an hour, except public providers'.
    pub per_domain: u32,
}

impl MailLimits {
    /// How many mails are for known mailboxes only.
    pub(super) fn reserve(self) -> u32 {
        if self.per_hour < LEAST_SHARED { 0 } else { self.per_hour / RESERVE }
    }
}

/// What networks and domains have taken within this hour and the one before.
#[derive(Debug)]
pub(super) struct Budget {
    limits: MailLimits,
    hour: i64,
    now: HashMap<Taker, u32>,
    before: HashMap<Taker, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Taker {
    Block(AddressBlock),
    Domain(String),
}

impl Budget {
    pub(super) fn new(limits: MailLimits) -> Self {
        Self { limits, hour: 0, now: HashMap::new(), before: HashMap::new() }
    }

    /// Whether a mail to this address may be sent for this client, if `left` of the limit without the reserve are left
    /// for everybody. A client without an address is not limited.
    pub(super) fn allows(&mut self, to: &EmailAddress, client: Option<IpAddr>, left: u32, now_ms: i64) -> bool {
        self.turn(now_ms);
        let in_domain = || self.taken(&Taker::Domain(to.domain().to_owned()), now_ms);
        let has_limit = self.limits.per_domain < self.limits.per_hour && !is_public_provider(to.domain());
        if has_limit && in_domain() >= f64::from(self.limits.per_domain) {
            return false;
        }
        let common = self.limits.per_hour - self.limits.reserve();
        let is_short = self.limits.per_hour >= LEAST_SHARED && left < common / 2;
        let may = |client: IpAddr, (v4, v6, part): (u8, u8, u32)| {
            self.taken(&Taker::Block(block(client, v4, v6)), now_ms) < f64::from((left / part).max(1))
        };
        left > 0 && (!is_short || client.is_none_or(|client| may(client, NARROW) && may(client, WIDE)))
    }

    /// Counts a mail.
    pub(super) fn take(&mut self, to: &EmailAddress, client: Option<IpAddr>, now_ms: i64) {
        self.turn(now_ms);
        for taker in takers(to, client) {
            *self.now.entry(taker).or_default() += 1;
        }
    }

    /// Counts a mail that was not sent after all.
    pub(super) fn give_back(&mut self, to: &EmailAddress, client: Option<IpAddr>, now_ms: i64) {
        self.turn(now_ms);
        for taker in takers(to, client) {
            if let Some(count) = self.now.get_mut(&taker) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// What was taken within the last hour, if what was taken in the hour before was spread over all of it.
    fn taken(&self, taker: &Taker, now_ms: i64) -> f64 {
        let of = |counts: &HashMap<Taker, u32>| f64::from(counts.get(taker).copied().unwrap_or_default());
        let passed = now_ms.rem_euclid(HOUR_MS) as f64 / HOUR_MS as f64;
        of(&self.now) + of(&self.before) * (1.0 - passed)
    }

    fn turn(&mut self, now_ms: i64) {
        let hour = now_ms.div_euclid(HOUR_MS);
        if hour != self.hour {
            let last = std::mem::take(&mut self.now);
            self.before = if hour == self.hour + 1 { last } else { HashMap::new() };
            self.hour = hour;
        }
    }
}

/// Whose shares a mail counts towards.
fn takers(to: &EmailAddress, client: Option<IpAddr>) -> impl Iterator<Item = Taker> {
    let blocks =
        client.into_iter().flat_map(|client| [NARROW, WIDE].map(|(v4, v6, _)| Taker::Block(block(client, v4, v6))));
    let domain = (!is_public_provider(to.domain())).then(|| Taker::Domain(to.domain().to_owned()));
    blocks.chain(domain)
}

fn block(client: IpAddr, v4: u8, v6: u8) -> AddressBlock {
    AddressBlock::around(client, if client.to_canonical().is_ipv4() { v4 } else { v6 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: MailLimits = MailLimits { per_hour: 1000, per_domain: 500 };

    /// Lets these clients take as much as they can, in turns. Returns what is left of the common part.
    fn flood(budget: &mut Budget, clients: &[IpAddr], mut left: u32) -> u32 {
        loop {
            let before = left;
            for (n, client) in clients.iter().enumerate() {
                let to = EmailAddress::parse(&format!("{n}.{left}@gmail.com")).unwrap();
                if budget.allows(&to, Some(*client), left, 0) {
                    budget.take(&to, Some(*client), 0);
                    left -= 1;
                }
            }
            if left == before {
                return left;
            }
        }
    }

    fn addresses(count: u32, of: impl Fn(u32) -> String) -> Vec<IpAddr> {
        (0..count).map(|n| of(n).parse().unwrap()).collect()
    }

    #[test]
    fn whoever_floods_the_server_leaves_mails_for_newcomers() {
        let newcomers = addresses(30, |n| format!("{}.7.0.1", n + 20));
        for (clients, most) in [
            (addresses(24, |n| format!("2001:db8:{n:x}::1")), "one provider's /32"),
            (addresses(24, |n| format!("2001:{n:x}::1")), "24 providers"),
            (addresses(200, |n| format!("203.0.{n}.1")), "200 /24 of one /16"),
            (addresses(100, |n| format!("203.{n}.1.1")), "100 networks"),
        ] {
            let mut budget = Budget::new(LIMITS);
            let left = flood(&mut budget, &clients, 800);
            assert!(left >= 100, "{most}: {left} left");
            assert!(left - flood(&mut budget, &newcomers, left) >= 30, "{most}: newcomers get theirs");
        }
    }

    #[test]
    fn one_network_may_use_half_while_nobody_else_needs_it() {
        let mut budget = Budget::new(LIMITS);
        let left = flood(&mut budget, &addresses(1, |_| "203.0.113.7".to_owned()), 800);
        assert_eq!(left, 399);
        let small = MailLimits { per_hour: 3, per_domain: 3 };
        assert_eq!(flood(&mut Budget::new(small), &addresses(1, |_| "203.0.113.7".to_owned()), 3), 0);
    }

    #[test]
    fn a_domain_has_its_limit_and_public_providers_have_none() {
        let mut budget = Budget::new(MailLimits { per_domain: 10, ..LIMITS });
        let mut taken = |domain: &str, now_ms| {
            let mut count = 0;
            for n in 0..50 {
                let to = EmailAddress::parse(&format!("{n}@{domain}")).unwrap();
                if budget.allows(&to, None, 800, now_ms) {
                    budget.take(&to, None, now_ms);
                    count += 1;
                }
            }
            count
        };
        assert_eq!((taken("example.com", 0), taken("example.org", 0), taken("gmail.com", 0)), (10, 10, 50));
        assert_eq!(
            (taken("example.com", HOUR_MS), taken("example.com", 3 * HOUR_MS / 2)),
            (0, 5),
            "it comes back slowly"
        );
        assert_eq!(taken("example.com", 5 * HOUR_MS), 10);
    }
}
