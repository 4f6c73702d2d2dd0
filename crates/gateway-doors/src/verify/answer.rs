//! What is answered.

use domain::{decision::Outcome, rate_limit_policy::Mode};
use gateway::{Decision, LimitKind, LimitStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::refuse;

/// What was decided about one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerifyAnswer {
    #[schema(value_type = String, example = "rate_limited", pattern = "^(allowed|unauthenticated|forbidden|rate_limited|quota_exceeded)$")]
    outcome: Outcome,
    /// Why the call was refused. Of an `unauthenticated` one always that word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Like the next two: only of a secret that is genuine and live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cli_01k2m3n4p5q6r7s8t9v0w1x2y3")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "key_01k2m3n4p5q6r7s8t9v0w1x2y3")]
    key_id: Option<String>,
    /// Which of the key's secrets: counts from 1, one more with each rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "rte_01k2m3n4p5q6r7s8t9v0w1x2y3")]
    route_id: Option<String>,
    environment: String,
    /// What the key may do.
    scopes: Vec<String>,
    /// Every limit that was looked at.
    limits: Vec<VerifyLimit>,
    /// How long to wait before the same call may pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[schema(example = "dec_01k2m3n4p5q6r7s8t9v0w1x2y3")]
    decision_id: String,
    /// How much of the log the decision rests on.
    position: u64,
    /// Whether the configuration is older than allowed.
    stale: bool,
}

/// Where one limit stands after the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerifyLimit {
    #[schema(example = "burst")]
    name: String,
    #[schema(value_type = String, example = "rate", pattern = "^(rate|quota)$")]
    kind: LimitKind,
    #[schema(example = "pol_01k2m3n4p5q6r7s8t9v0w1x2y3")]
    policy_id: String,
    policy_revision: u32,
    /// What the policy grants per window.
    requests: u64,
    window_seconds: u64,
    remaining: u64,
    /// Until all of it is there again.
    reset_seconds: u64,
    /// Whether it refused the call, or would have, in shadow.
    refused: bool,
    #[schema(value_type = String, example = "enforce", pattern = "^(enforce|shadow)$")]
    mode: Mode,
}

impl From<&Decision> for VerifyAnswer {
    fn from(decision: &Decision) -> Self {
        // Not even the name of a key whose secret no longer lives.
        let known = decision.outcome != Outcome::Unauthenticated;
        Self {
            outcome: decision.outcome,
            reason: refuse::code(decision),
            client_id: decision.client_id.filter(|_| known).map(|id| id.to_string()),
            key_id: decision.key_id.filter(|_| known).map(|id| id.to_string()),
            secret_version: decision.secret_version.filter(|_| known),
            route_id: decision.route_id.filter(|_| known).map(|id| id.to_string()),
            environment: decision.environment.to_string(),
            scopes: decision.scopes.iter().filter(|_| known).map(ToString::to_string).collect(),
            limits: decision.limits.iter().filter(|_| known).map(VerifyLimit::from).collect(),
            retry_after_seconds: decision.retry_after_seconds.filter(|_| known),
            decision_id: decision.id.to_string(),
            position: decision.position.get(),
            stale: decision.stale,
        }
    }
}

impl From<&LimitStatus> for VerifyLimit {
    fn from(limit: &LimitStatus) -> Self {
        Self {
            name: limit.name.to_string(),
            kind: limit.kind,
            policy_id: limit.policy_id.to_string(),
            policy_revision: limit.policy_revision,
            requests: limit.requests,
            window_seconds: limit.window_seconds,
            remaining: limit.remaining,
            reset_seconds: limit.reset_seconds,
            refused: limit.refused,
            mode: limit.mode,
        }
    }
}
