//! Tells what would be decided and what applies, and takes nothing.

use domain::{
    ClientId, Environment, RouteId, Timestamp,
    explain::{Claim, EffectivePolicies, Explanation, InForce, Question},
    ids::DecisionId,
    rate_limit_policy::Counting,
};

use super::Gateway;
use crate::{
    Call, Subject,
    decide::{Asked, Caller, Findings, go_through},
    explain::{self, Explaining, Scales, Who, candidates},
    index::{
        Index,
        assignments::Target,
        keys::KeyEntry,
        micros,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
    },
    quota::shared::Patience,
};

/// Moments that are looked at to find out what applies next.
const TURNS_MAX: usize = 100;

impl Gateway {
    /// Whose secret it is, if it is genuine: what stands for it where a secret must not go.
    #[must_use]
    pub fn identify(&self, secret: Option<&str>) -> Claim {
        let index = self.index.read();
        match Caller::prove(&self.grounds(&index, false), secret) {
            Ok(caller) => Claim::Proven { key_id: caller.key.id, secret_version: caller.version },
            Err(reason) => Claim::Refused(reason),
        }
    }

    /// What would be decided about a call, and why. Of a shared quota, what all gateways have reserved is what `total`
    /// answers to the name of its account, or what this one heard last. None when no such key or client is known.
    #[must_use]
    pub fn explain(&self, question: &Question, total: impl Fn(&str) -> Option<i64>) -> Option<Explanation> {
        let Question { claim, method, host, path, environment, address, cost, at } = question;
        let call = Call {
            secret: None,
            method,
            host: host.as_deref(),
            path,
            environment,
            address: *address,
            user_agent: None,
            cost: *cost,
            // Nobody in front has said anything yet.
            trusted_headers: None,
        };
        let stale = self.is_stale(*at);
        let index = self.index.read();
        let environment = index.environments.find_or_none_such(environment);
        let grounds = self.grounds(&index, stale);
        let open_key = unbound_key(claim, &index, environment);
        let who = who(claim, &index, open_key.as_ref())?;
        let asked = Asked {
            id: DecisionId::from_u128(0),
            call: &call,
            environment,
            now: *at,
            patience: Patience::Shadow,
        };
        let mut explaining = Explaining::new(who, &total);
        let found = go_through(&grounds, &asked, &mut explaining);
        let client = found.caller.map_or(ClientSlot::NONE, |caller| caller.key.client);
        let target = Target { client, route: found.route_slot(), environment };
        let (candidates, candidates_left_out) = candidates(&explaining.scales, target, &index);
        let only_client = open_key.is_some();
        Some(Explanation {
            node: self.settings.node.clone(),
            position: index.position,
            counted: true,
            stale,
            at: *at,
            environment: call.environment.clone(),
            outcome: found.decision.outcome,
            reason: found.decision.reason,
            checks: explaining.checks(),
            caller: explain::standing(who, only_client, &index),
            scopes: explain::scopes(&found),
            route_id: found.decision.route_id,
            routes: explain::routes(&grounds, call.host, method, path),
            cost: cost_of(&found, *cost),
            candidates,
            candidates_left_out,
            limits: found.decision.limits.into_vec(),
            retry_after_seconds: found.decision.retry_after_seconds,
        })
    }

    /// Which policies apply to the calls of a client on a route in an environment; what is not given is whatever no
    /// assignment names. None when no such client or route is known.
    #[must_use]
    pub fn effective(
        &self,
        client: Option<ClientId>,
        route: Option<RouteId>,
        environment: &Environment,
        at: Timestamp,
    ) -> Option<EffectivePolicies> {
        let index = self.index.read();
        let environment = index.environments.find_or_none_such(environment);
        let client = match client {
            Some(id) => index.clients.find(id)?,
            None => ClientSlot::NONE,
        };
        let route = match route {
            Some(id) => index.routes.slot_if_known(id)?,
            None => RouteSlot::NONE,
        };
        let target = Target { client, route, environment };
        let scales = weigh(&index, target, micros(at));
        let (candidates, candidates_left_out) = candidates(&scales, target, &index);
        let in_force = in_force(&index, target, &scales);
        Some(EffectivePolicies { position: index.position, at, candidates, candidates_left_out, in_force })
    }

    /// The environment of a key; of others none, since their calls may be in several.
    #[must_use]
    pub fn environment_of(&self, claim: &Claim) -> Option<Environment> {
        let (Claim::Proven { key_id, secret_version: _ } | Claim::Key(key_id)) = claim else { return None };
        let index = self.index.read();
        let found = index.keys.version(*key_id, None)?;
        index.environments.name(found.key.environment).cloned()
    }

    /// The environments that a client may use, or that of a key. None when no such client or key is known.
    #[must_use]
    pub fn environments_of(&self, subject: Subject) -> Option<Vec<Environment>> {
        let client = match subject {
            Subject::Key(key_id) => return self.environment_of(&Claim::Key(key_id)).map(|only| vec![only]),
            Subject::Client(client_id) => client_id,
        };
        let index = self.index.read();
        let client = index.clients.get(index.clients.find(client)?)?;
        let names = client.environments().iter().filter_map(|slot| index.environments.name(*slot));
        Some(names.cloned().collect())
    }
}

fn weigh(index: &Index, target: Target, at: i64) -> Scales {
    let mut scales = Scales::default();
    let client = index.clients.get(target.client);
    drop(index.assignments.resolve(&index.policies, target, client, at, &mut scales));
    scales
}

fn in_force(index: &Index, target: Target, scales: &Scales) -> Vec<InForce> {
    let mut in_force: Vec<InForce> = vec![];
    for winner in scales.winners(index) {
        let policy = index.policies.find(winner.policy_id);
        let counting = policy.map_or(Counting::Client, |policy| policy.counting);
        in_force.push(InForce { winner, counting, changes_at: None, then: None });
    }
    for turn in scales.turns().into_iter().take(TURNS_MAX) {
        let later = weigh(index, target, turn).winners(index);
        for InForce { winner, changes_at, then, counting: _ } in &mut in_force {
            let next = explain::same_place(&later, winner.kind, winner.mode);
            if changes_at.is_none() && next.map(|next| next.assignment_id) != Some(winner.assignment_id) {
                (*changes_at, *then) = (explain::moment(turn), next.cloned());
            }
        }
    }
    in_force
}

/// The key that a client alone is explained with.
fn unbound_key(claim: &Claim, index: &Index, environment: EnvironmentSlot) -> Option<KeyEntry> {
    match claim {
        Claim::Client(id) => Some(KeyEntry::unbound(index.clients.find(*id)?, environment)),
        Claim::Refused(_) | Claim::Proven { .. } | Claim::Key(_) => None,
    }
}

fn who<'a>(claim: &Claim, index: &'a Index, open_key: Option<&'a KeyEntry>) -> Option<Who<'a>> {
    let version = |key_id, version| {
        let found = index.keys.version(key_id, version)?;
        Some(Caller {
            slot: found.slot,
            key: found.key,
            client: index.clients.get(found.key.client),
            version: found.version,
            retired_at: found.retired_at,
        })
    };
    match claim {
        Claim::Refused(reason) => Some(Who::Nobody(*reason)),
        // A version that is forgotten here was genuine where it was proven: it is retired for longer.
        Claim::Proven { key_id, secret_version } => version(*key_id, Some(*secret_version)).map(Who::Proven),
        Claim::Key(key_id) => version(*key_id, None).map(Who::Named),
        Claim::Client(_) => {
            let key = open_key?;
            let client = index.clients.get(key.client);
            Some(Who::Named(Caller { slot: KeySlot::NONE, key, client, version: 0, retired_at: None }))
        }
    }
}

/// None of a call that did not come as far as its limits.
fn cost_of(found: &Findings<'_>, asked: Option<u32>) -> Option<u64> {
    let route = found.route.map(|(_, route)| route.cost);
    let reached = !found.decision.limits.is_empty() || found.decision.reason.is_none();
    reached.then(|| u64::from(asked.or(route).unwrap_or(1)))
}
