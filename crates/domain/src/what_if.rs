//! What a policy would have refused: limits replayed over calls of which the second is known, and not the moment in it.
//!
//! A replay begins with full buckets and unused quotas, as a gateway begins with a policy that is new, and asks the limits about
//! every call that is given, whatever became of it. Where in its second a call came is not known, so the answer is an interval:
//! **whatever the moments, one gateway would have refused at least and at most so many.** How that is reached, and why it holds, is
//! told in [`account`]. In short:
//!
//! * Windows of quotas turn between seconds. As long as all calls of a counter cost the same and no rate limit stands beside the
//!   quotas, nothing depends on the moment within the second, and at least = at most.
//! * A rate whose burst is more than two seconds of its flow never overflows between the calls of two seconds that keep it busy:
//!   then the interval of a counter is not wider than two seconds of flow and a call for each time that it is busy, however long.
//!   With a smaller burst, calls that come at the end of one second and the beginning of the next may find as little as half of the rate.
//! * Where calls of one counter cost different amounts, which of them come first decides. The interval holds, and it is wide.
//!
//! Of calls by several clients or routes that share a counter, it is known how many are refused and less well which.

pub mod account;
mod course;
mod level;
mod limits;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use self::{
    account::{Account, Asked, OfPair},
    limits::Limits,
};
use crate::{
    ClientId, Environment, KeyId, LimitName, RouteId,
    decision::LimitKind,
    rate_limit_policy::{Assignment, Counting, QuotaLimit, RateLimit},
};

/// A policy that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub rates: Vec<RateLimit>,
    pub quotas: Vec<QuotaLimit>,
    pub counting: Counting,
    /// Whom it would bind: calls that fit one of them.
    pub targets: Vec<Target>,
}

/// Calls as an assignment names them: all of what is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
}

impl From<&Assignment> for Target {
    fn from(assignment: &Assignment) -> Self {
        let Assignment { assignment_id: _, client_id, route_id, environment, from: _, until: _ } = assignment;
        Self { client_id: *client_id, route_id: *route_id, environment: environment.clone() }
    }
}

/// Calls of one second that agree in all else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Since 1970.
    pub second: i64,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub calls: u64,
    /// What each of them takes from every limit.
    pub cost: u64,
}

/// How many calls would have been refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Whatever their moments.
    pub at_least: u64,
    pub at_most: u64,
    /// Had they been spread evenly within each second.
    pub if_even: u64,
}

/// When a limit first refused, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub second: i64,
    pub limit: LimitName,
}

/// The calls of one client by one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub calls: u64,
    pub refused: Refusals,
    /// Had they been spread evenly; for certain at the latest then, where none is.
    pub first_breach: Option<Breach>,
}

/// What one limit would have refused of evenly spread calls. A call that two limits refuse is with both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfLimit {
    pub limit: LimitName,
    pub kind: LimitKind,
    pub refused_if_even: u64,
    pub first_breach: Option<i64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Those that the candidate would have bound.
    pub calls: u64,
    pub refused: Refusals,
    /// Those that may have been refused most first, then by client and route.
    pub pairs: Vec<Pair>,
    /// Rates first, as the policy has them.
    pub limits: Vec<OfLimit>,
}

/// Whose calls are counted together, as a gateway has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct AccountKey {
    environment: usize,
    /// Where the target names the route.
    route_id: Option<RouteId>,
    subject: Subject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Client(Option<ClientId>),
    /// Keys that there were too many of to tell apart are told apart by their clients still.
    Key(Option<ClientId>, Option<KeyId>),
    All,
}

/// Calls that agree in this are of one account and one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Caller {
    environment: usize,
    client_id: Option<ClientId>,
    key_id: Option<KeyId>,
    route_id: Option<RouteId>,
}

/// Where calls are counted, by the numbers of their account and pair.
#[derive(Clone, Copy, Debug)]
struct Place {
    account: usize,
    pair: usize,
}

/// A replay that goes on.
#[derive(Debug)]
pub struct Replay {
    limits: Limits,
    counting: Counting,
    targets: HashSet<Target>,
    /// There are few.
    environments: Vec<Environment>,
    /// None where no target fits.
    places: HashMap<Caller, Option<Place>>,
    numbers: HashMap<AccountKey, usize>,
    accounts: Vec<Account>,
    pair_numbers: HashMap<(Option<ClientId>, Option<RouteId>), usize>,
}

impl Replay {
    /// Of limits that a policy may have: [`crate::rate_limit_policy::DefinePolicy`] refuses others.
    #[must_use]
    pub fn new(candidate: &Candidate) -> Self {
        let Candidate { rates, quotas, counting, targets } = candidate;
        Self {
            limits: Limits::new(rates, quotas),
            counting: *counting,
            targets: targets.iter().cloned().collect(),
            environments: vec![],
            places: HashMap::new(),
            numbers: HashMap::new(),
            accounts: vec![],
            pair_numbers: HashMap::new(),
        }
    }

    /// Goes on by calls that are not before those given before. Whether the candidate would have bound them.
    pub fn add(&mut self, calls: &Calls) -> bool {
        let Calls { second, client_id, key_id, route_id, environment, calls: asked, cost } = calls;
        let known = self.environments.iter().position(|name| name == environment);
        let environment = known.unwrap_or_else(|| {
            self.environments.push(environment.clone());
            self.environments.len() - 1
        });
        let caller = Caller { environment, client_id: *client_id, key_id: *key_id, route_id: *route_id };
        let place = match self.places.get(&caller) {
            Some(place) => *place,
            None => {
                let place = self.place(caller);
                self.places.insert(caller, place);
                place
            }
        };
        let Some(Place { account, pair }) = place else { return false };
        if let Some(account) = self.accounts.get_mut(account) {
            account.add(&self.limits, *second, Asked { pair, calls: *asked, cost: *cost });
        }
        true
    }

    fn place(&mut self, caller: Caller) -> Option<Place> {
        let Caller { environment, client_id, key_id, route_id } = caller;
        let on_route = on_route(&self.targets, client_id, route_id, self.environments.get(environment)?)?;
        let subject = match self.counting {
            Counting::Client => Subject::Client(client_id),
            Counting::Key => Subject::Key(client_id, key_id),
            Counting::Shared => Subject::All,
        };
        let key = AccountKey { environment, route_id: route_id.filter(|_| on_route), subject };
        let (accounts, limits) = (&mut self.accounts, &self.limits);
        let account = *self.numbers.entry(key).or_insert_with(|| {
            accounts.push(Account::new(limits));
            accounts.len() - 1
        });
        let next = self.pair_numbers.len();
        let pair = *self.pair_numbers.entry((client_id, route_id)).or_insert(next);
        Some(Place { account, pair })
    }

    /// What came of it.
    #[must_use]
    pub fn finish(self) -> Replayed {
        let Self { limits, accounts, pair_numbers, .. } = self;
        let mut named: Vec<_> = pair_numbers.into_iter().collect();
        named.sort_unstable_by_key(|(_, number)| *number);
        let nothing = |((client_id, route_id), _)| Pair {
            client_id,
            route_id,
            calls: 0,
            refused: Refusals::default(),
            first_breach: None,
        };
        let mut pairs: Vec<Pair> = named.into_iter().map(nothing).collect();
        let (mut calls, mut refused) = (0_u64, Refusals::default());
        let mut by_limit = limits.untouched();
        for account in accounts {
            let closed = account.close(&limits);
            calls = calls.saturating_add(closed.calls);
            refused.add(closed.refused);
            by_limit.iter_mut().zip(&closed.by_limit).for_each(|(limit, more)| limit.add(*more));
            for of in &closed.pairs {
                if let Some(pair) = pairs.get_mut(of.pair) {
                    pair.add(of, &limits);
                }
            }
        }
        pairs.sort_by_key(|pair| (Reverse(pair.refused.at_most), pair.client_id, pair.route_id));
        Replayed { calls, refused, pairs, limits: limits.told(&by_limit) }
    }
}

impl Candidate {
    /// Whether it would bind such calls.
    #[must_use]
    pub fn binds(
        &self,
        client_id: Option<ClientId>,
        route_id: Option<RouteId>,
        environment: &Environment,
    ) -> bool {
        self.targets.iter().any(|target| {
            target.client_id.is_none_or(|id| Some(id) == client_id)
                && target.route_id.is_none_or(|id| Some(id) == route_id)
                && target.environment.as_ref().is_none_or(|name| name == environment)
        })
    }
}

/// Whether the most specific target that fits names the route; none where none fits. Client and route go before client, that before
/// route, before neither; at each of these, one that names the environment goes before one that does not.
fn on_route(
    targets: &HashSet<Target>,
    client_id: Option<ClientId>,
    route_id: Option<RouteId>,
    environment: &Environment,
) -> Option<bool> {
    let by = [(client_id, route_id), (client_id, None), (None, route_id), (None, None)];
    by.into_iter().find_map(|(client_id, route_id)| {
        let all = Target { client_id, route_id, environment: None };
        let one = Target { environment: Some(environment.clone()), ..all.clone() };
        let fits = targets.contains(&one) || targets.contains(&all);
        fits.then_some(route_id.is_some())
    })
}

impl Refusals {
    fn add(&mut self, other: Self) {
        let Self { at_least, at_most, if_even } = other;
        self.at_least = self.at_least.saturating_add(at_least);
        self.at_most = self.at_most.saturating_add(at_most);
        self.if_even = self.if_even.saturating_add(if_even);
    }
}

impl Pair {
    fn add(&mut self, of: &OfPair, limits: &Limits) {
        self.calls = self.calls.saturating_add(of.calls);
        self.refused.add(of.refused);
        let earlier = |second: i64| self.first_breach.as_ref().is_none_or(|first| second < first.second);
        if let Some((second, limit)) = of.first.filter(|(second, _)| earlier(*second)) {
            self.first_breach = limits.name(limit).map(|limit| Breach { second, limit });
        }
    }
}
