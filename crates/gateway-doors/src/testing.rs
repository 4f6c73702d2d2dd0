//! Decisions for tests of what becomes of them.

use domain::{
    AssignmentId, ClientId, KeyId, PolicyId, Position, RouteId, decision::RefusalReason, ids::DecisionId,
    rate_limit_policy::Mode,
};
use gateway::{Decision, LimitKind, LimitStatus};

/// An allowed call by a key with one scope, on a route without limits.
pub(crate) fn allowed() -> Decision {
    Decision {
        id: DecisionId::from_parts(1_700_000_000_000, 1),
        outcome: domain::decision::Outcome::Allowed,
        reason: None,
        client_id: Some(ClientId::from_parts(1_700_000_000_000, 2)),
        key_id: Some(KeyId::from_parts(1_700_000_000_000, 3)),
        secret_version: Some(2),
        scopes: ["orders:read".parse().unwrap()].into_iter().collect(),
        environment: "prod".parse().unwrap(),
        route_id: Some(RouteId::from_parts(1_700_000_000_000, 4)),
        limits: [].into_iter().collect(),
        retry_after_seconds: None,
        position: Position::new(77),
        stale: false,
    }
}

/// The same call refused.
pub(crate) fn refused(reason: RefusalReason) -> Decision {
    Decision { outcome: reason.outcome(), reason: Some(reason), ..allowed() }
}

/// An enforced limit of `requests` per `window_seconds`, with `remaining` left and all back in `reset_seconds`.
pub(crate) fn limit(
    name: &str,
    kind: LimitKind,
    [requests, window, remaining, reset]: [u64; 4],
) -> LimitStatus {
    LimitStatus {
        name: name.parse().unwrap(),
        kind,
        policy_id: PolicyId::from_parts(1_700_000_000_000, 5),
        policy_revision: 3,
        assignment_id: AssignmentId::from_parts(1_700_000_000_000, 6),
        assigned_at: Position::new(12),
        mode: Mode::Enforce,
        requests,
        window_seconds: window,
        remaining,
        reset_seconds: reset,
        refused: false,
    }
}

pub(crate) fn burst() -> LimitStatus {
    limit("burst", LimitKind::Rate, [100, 60, 50, 30])
}

pub(crate) fn daily() -> LimitStatus {
    limit("daily", LimitKind::Quota, [1000, 86_400, 900, 3600])
}
