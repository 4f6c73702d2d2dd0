//! Which policies bind calls: of each kind of limit and each mode, that of the most specific assignment. The rule that gateways
//! decide by, over assignments as they lie in a list: for reports, which have no gateway's index of the past.

#[cfg(test)]
mod tests;

use crate::{
    ClientId, Environment, Position, RouteId, Timestamp,
    decision::LimitKind,
    rate_limit_policy::{Mode, PolicySpec, findings::Bound},
};

/// Calls of one client by one route in one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls<'of> {
    pub client_id: ClientId,
    pub route_id: RouteId,
    pub environment: &'of Environment,
}

/// An assignment whose policy applies with its limits of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner<'of> {
    pub kind: LimitKind,
    pub mode: Mode,
    pub bound: &'of Bound,
}

/// How specific an assignment is; of two alike the one that was made later goes before the other.
type Rank = (bool, bool, bool, Position);

/// At most one for each mode and kind: enforced ones first, rates before quotas. The policies of all that are given are
/// taken to be active.
#[must_use]
pub fn effective<'of>(
    assigned: impl IntoIterator<Item = &'of Bound>,
    calls: Calls<'_>,
    now: Timestamp,
) -> Vec<Winner<'of>> {
    let fits = |bound: &&Bound| bound.is_open(now) && bound.fits(calls);
    let mut fitting: Vec<&Bound> = assigned.into_iter().filter(fits).collect();
    fitting.sort_by_key(|bound| std::cmp::Reverse(bound.rank()));
    let mut winners = vec![];
    for mode in [Mode::Enforce, Mode::Shadow] {
        for kind in [LimitKind::Rate, LimitKind::Quota] {
            let wins = |bound: &&&Bound| bound.spec.mode == mode && bound.spec.limits(kind);
            winners.extend(fitting.iter().find(wins).map(|bound| Winner { kind, mode, bound }));
        }
    }
    winners
}

impl PolicySpec {
    /// Whether there are limits of the kind.
    #[must_use]
    pub fn limits(&self, kind: LimitKind) -> bool {
        match kind {
            LimitKind::Rate => !self.rates.is_empty(),
            LimitKind::Quota => !self.quotas.is_empty(),
        }
    }
}

impl Bound {
    fn is_open(&self, now: Timestamp) -> bool {
        let (from, until) = (self.assignment.from, self.assignment.until);
        from.is_none_or(|from| from <= now) && until.is_none_or(|until| now < until)
    }

    /// What an assignment does not name does not matter.
    fn fits(&self, calls: Calls<'_>) -> bool {
        let of = &self.assignment;
        of.client_id.is_none_or(|id| id == calls.client_id)
            && of.route_id.is_none_or(|id| id == calls.route_id)
            && of.environment.as_ref().is_none_or(|name| name == calls.environment)
    }

    /// Client and route go before client, that before route, before neither; at each of these, one that names the environment
    /// goes before one that does not.
    fn rank(&self) -> Rank {
        let of = &self.assignment;
        (of.client_id.is_some(), of.route_id.is_some(), of.environment.is_some(), self.assigned_at)
    }
}
