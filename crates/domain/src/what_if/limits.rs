//! A candidate's limits, made ready to be replayed.

use jiff::tz::TimeZone;

use super::OfLimit;
use crate::{
    LimitName,
    decision::LimitKind,
    rate_limit_policy::{Period, QuotaLimit, QuotaWindow, RateLimit, rolling_part_seconds},
};

/// All limits of the candidate: those whose level is known from their time first, rolling quotas last.
#[derive(Debug)]
pub(super) struct Limits {
    all: Vec<Limit>,
    /// How many are not rolling.
    timely: usize,
    /// How the policy has them, by their places here.
    order: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Limit {
    name: LimitName,
    pub(super) kind: LimitKind,
    pub(super) rule: Rule,
    /// The units of one token, see [`Tank`].
    pub(super) token: u128,
}

#[derive(Debug)]
pub(super) enum Rule {
    Bucket(Tank),
    Calendar { period: Period, zone: TimeZone, allowed: u128 },
    Rolling { part_seconds: i64, allowed: u128 },
}

/// A bucket. A token is `per_seconds` units, so that whole units flow back in each second and nothing is rounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tank {
    pub(super) holds: u128,
    /// Units that flow back in a second.
    pub(super) flow: u128,
}

impl Tank {
    /// The bucket that grants no more than the whole one, wherever in their seconds the calls of the whole one lie: see
    /// [`super::account`].
    pub(super) fn careful(self) -> Self {
        let flow = self.flow.min(self.holds / 2);
        Self { holds: self.holds - flow, flow }
    }
}

/// What one limit did in one account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touched {
    pub(super) refused_if_even: u64,
    pub(super) first: Option<i64>,
}

impl Touched {
    pub(super) fn add(&mut self, other: Self) {
        self.refused_if_even = self.refused_if_even.saturating_add(other.refused_if_even);
        self.first = [self.first, other.first].into_iter().flatten().min();
    }
}

impl Limits {
    pub(super) fn new(rates: &[RateLimit], quotas: &[QuotaLimit]) -> Self {
        let said = rates.iter().map(Limit::of_rate).chain(quotas.iter().map(Limit::of_quota));
        let mut numbered: Vec<_> = said.enumerate().collect();
        // Stable: each half keeps its order.
        numbered.sort_by_key(|(_, limit)| limit.is_rolling());
        let timely = numbered.iter().filter(|(_, limit)| !limit.is_rolling()).count();
        let mut order: Vec<_> =
            numbered.iter().enumerate().map(|(place, (said, _))| (*said, place)).collect();
        order.sort_unstable();
        Self {
            timely,
            order: order.into_iter().map(|(_, place)| place).collect(),
            all: numbered.into_iter().map(|(_, limit)| limit).collect(),
        }
    }

    pub(super) fn all(&self) -> &[Limit] {
        &self.all
    }

    /// Those that are not rolling.
    pub(super) fn timely(&self) -> &[Limit] {
        self.all.get(..self.timely).unwrap_or_default()
    }

    pub(super) fn name(&self, place: usize) -> Option<LimitName> {
        self.all.get(place).map(|limit| limit.name.clone())
    }

    pub(super) fn untouched(&self) -> Vec<Touched> {
        vec![Touched::default(); self.all.len()]
    }

    /// In the policy's order.
    pub(super) fn told(&self, touched: &[Touched]) -> Vec<OfLimit> {
        let told = |place: &usize| {
            let (limit, touched) = (self.all.get(*place)?, touched.get(*place)?);
            let Touched { refused_if_even, first } = *touched;
            let (limit, kind) = (limit.name.clone(), limit.kind);
            Some(OfLimit { limit, kind, refused_if_even, first_breach: first })
        };
        self.order.iter().filter_map(told).collect()
    }
}

impl Limit {
    fn of_rate(limit: &RateLimit) -> Self {
        let RateLimit { name, requests, per_seconds, burst } = limit;
        let token = u128::from((*per_seconds).max(1));
        let holds = u128::from(*burst).saturating_mul(token);
        let tank = Tank { holds, flow: u128::from((*requests).max(1)) };
        Self { name: name.clone(), kind: LimitKind::Rate, rule: Rule::Bucket(tank), token }
    }

    fn of_quota(limit: &QuotaLimit) -> Self {
        let QuotaLimit { name, requests, period, window, time_zone } = limit;
        let allowed = u128::from(*requests);
        let rule = match window {
            QuotaWindow::Calendar => Rule::Calendar { period: *period, zone: time_zone.zone(), allowed },
            QuotaWindow::Rolling => Rule::Rolling { part_seconds: rolling_part_seconds(*period), allowed },
        };
        Self { name: name.clone(), kind: LimitKind::Quota, rule, token: 1 }
    }

    pub(super) fn is_rolling(&self) -> bool {
        matches!(self.rule, Rule::Rolling { .. })
    }

    /// In units.
    pub(super) fn price(&self, cost: u128) -> u128 {
        cost.saturating_mul(self.token)
    }

    /// What flows back within one second.
    pub(super) fn flow(&self) -> u128 {
        match self.rule {
            Rule::Bucket(tank) => tank.flow,
            Rule::Calendar { .. } | Rule::Rolling { .. } => 0,
        }
    }

    /// The bucket, where it is one.
    pub(super) fn tank(&self) -> Tank {
        match self.rule {
            Rule::Bucket(tank) => tank,
            Rule::Calendar { .. } | Rule::Rolling { .. } => Tank { holds: 0, flow: 0 },
        }
    }
}
