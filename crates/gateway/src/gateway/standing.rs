//! Tells what is used of limits, and where this gateway's counters stand.

use std::collections::BTreeSet;

use domain::{
    Environment, Timestamp,
    decision::LimitKind,
    explain::{CounterStanding, LimitUse, NodeStanding},
    rate_limit_policy::Counting,
};

use super::Gateway;
use crate::{
    PoolKey, Subject, Tracked,
    counters::{AccountKey, Counter, Moment, account_text, find_key, key_text},
    decide::account,
    index::{
        Index,
        assignments::{Binding, Target},
        limits::{Limit, Rule},
        micros,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
    },
    quota::CalendarCount,
};

/// Keys of a client that are looked at one by one.
const KEYS_MAX: usize = 100;
/// Routes with assignments of their own that are looked at.
const ROUTES_MAX: usize = 200;

impl Gateway {
    /// The limits that apply to the calls of a client or a key in an environment: those for all routes, and those of
    /// routes that are counted by themselves. None when no such client or key is known.
    #[must_use]
    pub fn tracked(
        &self,
        subject: Subject,
        environment: &Environment,
        now: Timestamp,
    ) -> Option<Vec<Tracked>> {
        let index = self.index.read();
        let environment = index.environments.find_or_none_such(environment);
        let (client, keys) = subject_of(subject, &index, environment)?;
        let mut tracked: Vec<Tracked> = vec![];
        for route in routes_of(client, &index) {
            let call = Target { client, route, environment };
            let of = index.clients.get(client);
            let bindings = index.assignments.resolve(&index.policies, call, of, micros(now), &mut ());
            // What is not counted for the route by itself is met with every route.
            let here = bindings.enforced.iter().chain(&bindings.shadowed);
            for binding in here.filter(|binding| binding.route == route) {
                for key in keys_of(binding, subject, &keys) {
                    let account = account(binding, environment, client, key);
                    tracked.extend(self.limits_of(binding, &account, key, &index, now));
                }
            }
        }
        Some(tracked)
    }

    fn limits_of(
        &self,
        binding: &Binding<'_>,
        account: &AccountKey,
        key: KeySlot,
        index: &Index,
        now: Timestamp,
    ) -> Vec<Tracked> {
        let tracked = |limit: &Limit| {
            let epoch = index.resets.epoch(account, limit.slot);
            let window = window(limit, binding.policy.revision, now);
            let shared = window.is_some() && self.counters.pooled().is_some();
            let counter = key_text(account, limit.slot, index)?;
            let name = account_text(account, limit.slot, epoch, index)?;
            let unused = LimitUse {
                name: limit.name.clone(),
                kind: binding.kind,
                policy_id: binding.policy.id,
                policy_revision: binding.policy.revision,
                assignment_id: binding.assignment_id,
                assigned_at: binding.assigned_at,
                mode: binding.policy.mode,
                counting: binding.policy.counting,
                environment: index.environments.name(account.environment)?.clone(),
                key_id: index.keys.get(key).map(|key| key.id).filter(|_| account.counting == Counting::Key),
                route_id: index.routes.get(account.route).map(|route| route.id),
                limit: capacity(limit),
                used: 0,
                remaining: capacity(limit),
                window: window.and_then(|(start, end)| Some((second(start)?, second(end)?))),
                resets_at: now,
                reset_at: Some(epoch).filter(|epoch| epoch.get() > 0),
                shares: vec![],
                shared,
            };
            let pool = window.filter(|_| shared).map(|window| PoolKey { account: name, window });
            Some(Tracked { unused, counter, epoch, pool })
        };
        binding.limits().filter_map(tracked).collect()
    }

    /// The names in the pool of the shared quotas that a call would be held against.
    #[must_use]
    pub fn pools_of(&self, explanation: &domain::explain::Explanation) -> Vec<PoolKey> {
        let key = explanation.caller.as_ref().and_then(|caller| caller.key.as_ref()).map(|key| key.key_id);
        let client = explanation.caller.as_ref().and_then(|caller| caller.client_id);
        let subject = key.map(Subject::Key).or(client.map(Subject::Client));
        let tracked =
            subject.and_then(|subject| self.tracked(subject, &explanation.environment, explanation.at));
        let asked = |tracked: &Tracked| {
            let of = (tracked.unused.assignment_id, &tracked.unused.name);
            explanation.limits.iter().any(|limit| (limit.assignment_id, &limit.name) == of)
        };
        tracked.unwrap_or_default().into_iter().filter(asked).filter_map(|tracked| tracked.pool).collect()
    }

    /// Where the counters of these names stand here; those that have counted nothing are left out.
    #[must_use]
    pub fn standing(&self, counters: &[String], now: Timestamp) -> NodeStanding {
        let index = self.index.read();
        let standing = |name: &String| {
            // Whoever asks makes nothing: calls are judged by this index.
            let (account, limit) = find_key(name, &index)?;
            let (policy, named) = index.policies.limit_of(limit)?;
            let policy = index.policies.get(policy)?;
            let kinds = [LimitKind::Rate, LimitKind::Quota];
            let limit =
                kinds.iter().flat_map(|kind| policy.limits(*kind)).find(|limit| limit.name == *named)?;
            let (epoch, mut counter) = self.counters.held(&account, limit.slot)?;
            let (now, around) = (Moment::from(now), self.counters.unhurried(Moment::from(now)));
            counter.bring_to(limit, policy.revision, now, &around);
            let reading = counter.reading(limit, now, &around);
            let (used, held, borrowed) = counter.used(limit);
            let (counter, reset_seconds) = (name.clone(), reading.reset_seconds);
            Some(CounterStanding { counter, epoch, used, held, borrowed, reset_seconds })
        };
        NodeStanding {
            node: self.settings.node.clone(),
            position: index.position,
            live_nodes: self.counters.nodes(),
            counters: counters.iter().filter_map(standing).collect(),
        }
    }
}

/// The client, and its keys in the environment where they may be counted one by one.
fn subject_of(
    subject: Subject,
    index: &Index,
    environment: EnvironmentSlot,
) -> Option<(ClientSlot, Vec<KeySlot>)> {
    match subject {
        Subject::Client(id) => {
            let client = index.clients.find(id)?;
            let keys = index.keys.of_client(client).filter(|(_, key)| key.environment == environment);
            Some((client, keys.map(|(slot, _)| slot).take(KEYS_MAX).collect()))
        }
        Subject::Key(id) => {
            let found = index.keys.version(id, None)?;
            Some((found.key.client, vec![found.slot]))
        }
    }
}

/// None, and every route that an assignment to this client or to all names.
fn routes_of(client: ClientSlot, index: &Index) -> BTreeSet<RouteSlot> {
    let targets = index.assignments.all().map(|(target, _)| target);
    let concern = targets.filter(|target| target.client == client || target.client == ClientSlot::NONE);
    let routes: BTreeSet<_> =
        concern.map(|target| target.route).filter(|route| *route != RouteSlot::NONE).collect();
    routes.into_iter().take(ROUTES_MAX).chain([RouteSlot::NONE]).collect()
}

fn keys_of(binding: &Binding<'_>, subject: Subject, keys: &[KeySlot]) -> Vec<KeySlot> {
    match (binding.policy.counting, subject) {
        (Counting::Key, _) | (_, Subject::Key(_)) => keys.to_vec(),
        (Counting::Client | Counting::Shared, Subject::Client(_)) => vec![KeySlot::NONE],
    }
}

/// Of a rate, what its bucket holds.
fn capacity(limit: &Limit) -> u64 {
    match &limit.rule {
        Rule::Rate(rate) => rate.burst,
        Rule::Calendar(_) | Rule::Rolling(_) => limit.requests,
    }
}

/// The window of a calendar quota: first second and first after it.
fn window(limit: &Limit, revision: u32, now: Timestamp) -> Option<(i64, i64)> {
    match &limit.rule {
        Rule::Calendar(calendar) => Some(CalendarCount::unused(calendar, revision, now.as_second()).window()),
        Rule::Rate(_) | Rule::Rolling(_) => None,
    }
}

fn second(unix: i64) -> Option<Timestamp> {
    Timestamp::from_second(unix).ok()
}

impl Counter {
    /// What is taken here; of a shared quota also what is held, and what was used before it was reserved.
    fn used(&self, limit: &Limit) -> (u64, u64, u64) {
        match (self, &limit.rule) {
            (Self::Rate(bucket, nodes), Rule::Rate(rate)) => {
                let part = nodes.part_of(rate, 0);
                (part.burst.saturating_sub(bucket.remaining(&part)), 0, 0)
            }
            (Self::Calendar(count), _) => (count.used(), 0, 0),
            (Self::Rolling(count), _) => {
                (limit.requests.saturating_sub(count.remaining(limit.requests)), 0, 0)
            }
            (Self::Shared(shared), _) => (shared.count().used(), shared.held(), shared.borrowed()),
            // Brought under its rule before it is read.
            (Self::Rate(..), _) => (0, 0, 0),
        }
    }
}
