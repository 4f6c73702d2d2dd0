//! What a simulated policy would have done, beside what was done.

use std::collections::HashMap;

use domain::{
    ClientId, LimitName, RouteId, Timestamp,
    what_if::{Breach, Candidate, OfLimit, Pair, Refusals, Replayed},
};
use projections::queries::seconds::{HappenedRow, Seconds};
use serde::Serialize;
use utoipa::ToSchema;

/// What a policy would have refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Simulated {
    /// Those that may have been refused most first, then by client and route.
    items: Vec<SimulatedPair>,
    /// Whether there were more than `limit`.
    truncated: bool,
    /// Rates first.
    limits: Vec<SimulatedLimit>,
    /// Calls that were replayed.
    calls: u64,
    /// Calls that met limits and were allowed, or refused by those of that time.
    allowed_then: u64,
    refused_then: u64,
    refused_at_least: u64,
    refused_at_most: u64,
    refused_estimate: u64,
    /// Calls of these that could not be replayed: their seconds are not known.
    calls_without_seconds: u64,
    /// Of these routes a header may say what a call costs. They are replayed at their own cost, and the bounds are of that.
    #[schema(value_type = Vec<String>)]
    routes_of_varying_cost: Vec<RouteId>,
    /// What was replayed: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
    /// How it was found, and within which bound it holds.
    method: &'static str,
}

/// The calls of one client by one route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimulatedPair {
    /// Null where there were too many to tell apart.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// Null where no route matched, and likewise.
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    /// Calls that were replayed.
    calls: u64,
    allowed_then: u64,
    refused_then: u64,
    /// Whatever the moments within the seconds.
    refused_at_least: u64,
    refused_at_most: u64,
    /// Had calls been spread evenly within each second.
    refused_estimate: u64,
    /// The second in which one of these was first refused; null where none was.
    first_breach_at: Option<Timestamp>,
    /// The limit that had the least room then.
    #[schema(value_type = Option<String>)]
    limit: Option<LimitName>,
}

/// What one limit would have refused, had calls been spread evenly within each second. A call that two limits refuse is with both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimulatedLimit {
    #[schema(value_type = String)]
    limit: LimitName,
    /// `rate` or `quota`.
    kind: &'static str,
    refused_estimate: u64,
    first_breach_at: Option<Timestamp>,
}

const METHOD: &str = "Calls that met limits were replayed second by second, as one gateway judges them from full buckets and \
    unused quotas, at the cost that their routes have today. Whatever their moments within the seconds, it would have refused at \
    least `refused_at_least` and at most `refused_at_most` of them, of all and of each item; the two are equal where only quotas \
    limit and all calls of a counter cost the same. `refused_estimate` takes calls to be spread evenly within each second.";

/// What answers are made of.
pub(super) struct Answer<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) seconds: Seconds,
    pub(super) varying: &'a [RouteId],
    /// Items.
    pub(super) limit: u32,
}

impl Answer<'_> {
    pub(super) fn of(self, replayed: Replayed) -> Simulated {
        let Self { candidate, seconds, varying, limit } = self;
        let Seconds { from, until, batch_no, rows: _, happened } = seconds;
        let mut then: HashMap<(Option<ClientId>, Option<RouteId>), Then> = HashMap::new();
        let mut all = Then::default();
        for row in happened {
            if candidate.binds(row.client_id, row.route_id, &row.environment) {
                all.add(&row);
                then.entry((row.client_id, row.route_id)).or_default().add(&row);
            }
        }
        let Replayed { calls, refused, pairs, limits } = replayed;
        let Refusals { at_least, at_most, if_even } = refused;
        let varies = |route_id: &&RouteId| pairs.iter().any(|pair| pair.route_id == Some(**route_id));
        let routes_of_varying_cost = varying.iter().filter(varies).copied().collect();
        let items_max = usize::try_from(limit).unwrap_or(usize::MAX);
        let truncated = pairs.len() > items_max;
        let item = |pair: Pair| {
            let then = then.get(&(pair.client_id, pair.route_id)).copied().unwrap_or_default();
            SimulatedPair::new(pair, then)
        };
        Simulated {
            items: pairs.into_iter().take(items_max).map(item).collect(),
            truncated,
            limits: limits.into_iter().map(SimulatedLimit::from).collect(),
            calls,
            allowed_then: all.allowed,
            refused_then: all.refused,
            refused_at_least: at_least,
            refused_at_most: at_most,
            refused_estimate: if_even,
            calls_without_seconds: all.allowed.saturating_add(all.refused).saturating_sub(calls),
            routes_of_varying_cost,
            from,
            until,
            batch_no,
            method: METHOD,
        }
    }
}

/// What became of calls.
#[derive(Clone, Copy, Debug, Default)]
struct Then {
    allowed: u64,
    refused: u64,
}

impl Then {
    fn add(&mut self, row: &HappenedRow) {
        self.allowed = self.allowed.saturating_add(row.allowed);
        self.refused = self.refused.saturating_add(row.refused);
    }
}

impl SimulatedPair {
    fn new(pair: Pair, then: Then) -> Self {
        let Pair { client_id, route_id, calls, refused, first_breach } = pair;
        let Refusals { at_least, at_most, if_even } = refused;
        let first_breach_at = first_breach.as_ref().and_then(|Breach { second, .. }| moment(*second));
        Self {
            client_id,
            route_id,
            calls,
            allowed_then: then.allowed,
            refused_then: then.refused,
            refused_at_least: at_least,
            refused_at_most: at_most,
            refused_estimate: if_even,
            first_breach_at,
            limit: first_breach.map(|breach| breach.limit),
        }
    }
}

impl From<OfLimit> for SimulatedLimit {
    fn from(of: OfLimit) -> Self {
        let OfLimit { limit, kind, refused_if_even, first_breach } = of;
        let first_breach_at = first_breach.and_then(moment);
        Self { limit, kind: kind.as_str(), refused_estimate: refused_if_even, first_breach_at }
    }
}

fn moment(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
