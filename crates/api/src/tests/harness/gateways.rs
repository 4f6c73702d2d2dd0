//! Gateways that answer as told: the real ones are asked in the tests of the whole system.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use domain::{
    AssignmentId, ClientId, KeyId, Position,
    decision::{LimitKind, LimitStatus, Outcome, RefusalReason},
    explain::{
        Candidate, Check, CheckOutcome, Checked, EffectivePolicies, Explanation, Fate, InForce, LimitUse,
        Specificity,
    },
    rate_limit_policy::{Counting, Mode},
};

use crate::{Answering, CallAsked, EffectiveAsked, Gateways, GatewaysAway, UsageOf, Who};

/// Answers with the assignment that it is told of.
#[derive(Default)]
pub(in crate::tests) struct ToldGateways {
    /// Position of the assignment and its policy.
    pub(in crate::tests) assigned: Mutex<Option<(Position, domain::PolicyId)>>,
    pub(in crate::tests) reset_at: Mutex<Option<Position>>,
    pub(in crate::tests) reason: Mutex<Option<RefusalReason>>,
    /// Where clients have limits beside `prod`.
    pub(in crate::tests) also_in: Mutex<Vec<domain::Environment>>,
    pub(in crate::tests) away: AtomicBool,
    /// What was asked last, as it prints.
    pub(in crate::tests) asked: Mutex<String>,
}

/// The identifier of what is not there.
fn is_gone(number: u128) -> bool {
    number == 0
}

impl ToldGateways {
    fn told<T>(&self, asked: String, answer: Option<T>) -> Result<Option<T>, GatewaysAway> {
        *self.asked.lock().unwrap() = asked;
        if self.away.load(Ordering::Relaxed) { Err(GatewaysAway) } else { Ok(answer) }
    }

    fn set(&self) -> (Position, domain::PolicyId) {
        self.assigned.lock().unwrap().unwrap_or((Position::START, domain::PolicyId::from_u128(1)))
    }

    fn candidate(&self) -> Candidate {
        let (assigned_at, policy_id) = self.set();
        Candidate {
            kind: LimitKind::Rate,
            assignment_id: AssignmentId::from_u128(1),
            policy_id,
            policy_revision: 1,
            mode: Mode::Enforce,
            specificity: Specificity::Client,
            client_id: None,
            route_id: None,
            environment: None,
            from: None,
            until: None,
            assigned_at,
            fate: Fate::Won,
            than: None,
        }
    }

    fn limit(&self) -> LimitStatus {
        let Candidate { kind, assignment_id, policy_id, policy_revision, mode, assigned_at, .. } =
            self.candidate();
        LimitStatus {
            name: "burst".parse().unwrap(),
            kind,
            policy_id,
            policy_revision,
            assignment_id,
            assigned_at,
            mode,
            requests: 10,
            window_seconds: 1,
            remaining: 0,
            reset_seconds: 1,
            refused: true,
        }
    }
}

impl Gateways for ToldGateways {
    fn explain(&self, asked: CallAsked) -> Answering<'_, Explanation> {
        let gone = match &asked.who {
            Who::Key(id) => is_gone(id.to_u128()),
            Who::Client(id) => is_gone(id.to_u128()),
            Who::Secret(_) | Who::Nobody => false,
        };
        let caller = match &asked.who {
            Who::Key(id) => Some(standing(None, Some(*id))),
            Who::Client(id) => Some(standing(Some(*id), None)),
            Who::Secret(_) | Who::Nobody => None,
        };
        let reason = *self.reason.lock().unwrap();
        let explanation = Explanation {
            node: "told".to_owned(),
            position: Position::new(1_000),
            counted: true,
            stale: false,
            at: asked.at,
            environment: asked.environment.clone().unwrap_or_else(|| "prod".parse().unwrap()),
            outcome: reason.map_or(Outcome::Allowed, RefusalReason::outcome),
            reason,
            checks: vec![Checked { check: Check::Secret, outcome: CheckOutcome::Passed, reason: None }],
            caller,
            scopes: None,
            route_id: None,
            routes: vec![],
            cost: Some(1),
            candidates: vec![self.candidate()],
            candidates_left_out: 0,
            limits: vec![self.limit()],
            retry_after_seconds: None,
        };
        let answer = self.told(format!("{asked:?}"), (!gone).then_some(explanation));
        Box::pin(async move { answer })
    }

    fn effective(&self, asked: EffectiveAsked) -> Answering<'_, EffectivePolicies> {
        let gone = asked.client_id.is_some_and(|id| is_gone(id.to_u128()));
        let winner = self.candidate();
        let in_force = vec![InForce { winner, counting: Counting::Client, changes_at: None, then: None }];
        let policies = EffectivePolicies {
            position: Position::new(1_000),
            at: asked.at,
            candidates: vec![self.candidate()],
            candidates_left_out: 0,
            in_force,
        };
        let answer = self.told(format!("{asked:?}"), (!gone).then_some(policies));
        Box::pin(async move { answer })
    }

    fn usage(&self, of: UsageOf, environment: Option<domain::Environment>) -> Answering<'_, Vec<LimitUse>> {
        let gone = match of {
            UsageOf::Client(id) => is_gone(id.to_u128()),
            UsageOf::Key(id) => is_gone(id.to_u128()),
        };
        let LimitStatus { name, kind, policy_id, policy_revision, assignment_id, assigned_at, mode, .. } =
            self.limit();
        let limit = LimitUse {
            name,
            kind,
            policy_id,
            policy_revision,
            assignment_id,
            assigned_at,
            mode,
            counting: Counting::Client,
            environment: "prod".parse().unwrap(),
            key_id: None,
            route_id: None,
            limit: 10,
            used: 4,
            remaining: 6,
            window: None,
            resets_at: "2026-03-01T12:00:01Z".parse().unwrap(),
            reset_at: *self.reset_at.lock().unwrap(),
            shares: vec![],
            shared: false,
        };
        let environments = environment.map_or_else(
            || [vec!["prod".parse().unwrap()], self.also_in.lock().unwrap().clone()].concat(),
            |only| vec![only],
        );
        let limits = environments.into_iter().map(|environment| LimitUse { environment, ..limit.clone() });
        let answer = self.told(format!("{of:?}"), (!gone).then(|| limits.collect()));
        Box::pin(async move { answer })
    }
}

fn standing(client_id: Option<ClientId>, key_id: Option<KeyId>) -> domain::explain::CallerStanding {
    let key = key_id.map(|key_id| domain::explain::KeyState {
        key_id,
        secret_version: 1,
        standing: "active".to_owned(),
        environment: None,
        not_before: None,
        expires_at: None,
        revoke_at: None,
        retired_at: None,
        allowed_cidrs: vec![],
    });
    let client = domain::api_client::ClientStanding::Active;
    domain::explain::CallerStanding { client_id, client, environments: vec![], key }
}
