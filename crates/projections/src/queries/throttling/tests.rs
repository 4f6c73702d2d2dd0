//! Refused calls in, spikes out.

use domain::{
    AssignmentId, Position,
    decision::{Outcome, RefusalReason},
    rate_limit_policy::Mode,
    usage::{DecisionRecord, DecisionsLeftOut, UsageBatch, UsageFact},
};
use eventlog::usage::ArrivedBatch;

use super::*;
use crate::{
    testing::{Engine, at, client, key, on_every_engine, policy, read_model},
    usage::{OWNER, apply},
};

on_every_engine!(
    callers_are_told_that_are_refused_often,
    the_limit_that_refused_most_is_named_where_it_is_known
);

fn fact(minute: i64, of: u64, environment: &str, outcome: Outcome, calls: u64) -> UsageFact {
    UsageFact {
        minute: at(minute * 60).as_second(),
        client_id: Some(client(of)),
        key_id: Some(key(of)),
        secret_version: Some(1),
        route_id: None,
        environment: environment.parse().unwrap(),
        outcome,
        calls,
        last_at: at(minute * 60 + 1),
        seconds: vec![],
    }
}

fn refusal(number: u64, limit: &str, kind: LimitKind) -> DecisionRecord {
    let status = |name: &str, refused| LimitStatus {
        name: name.parse().unwrap(),
        kind,
        policy_id: policy(1),
        policy_revision: 1,
        assignment_id: AssignmentId::from_u128(1),
        assigned_at: Position::new(1),
        mode: Mode::Enforce,
        requests: 1,
        window_seconds: 60,
        remaining: 0,
        reset_seconds: 1,
        refused,
    };
    let taken_at = at(i64::try_from(number).unwrap());
    DecisionRecord {
        id: DecisionId::from_parts(u64::try_from(taken_at.as_millisecond()).unwrap(), number.into()),
        at: taken_at,
        environment: "prod".parse().unwrap(),
        outcome: Outcome::RateLimited,
        reason: Some(RefusalReason::RateLimited),
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(1),
        route_id: None,
        method: "GET".to_owned(),
        network: None,
        limits: vec![status(limit, true), status("other", false)],
        retry_after_seconds: None,
        position: Position::new(3),
        stale: false,
    }
}

async fn given(
    on: Engine,
    facts: Vec<UsageFact>,
    decisions: Vec<DecisionRecord>,
) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    model.reset(OWNER).await.unwrap();
    let batch = UsageBatch {
        node: "node".to_owned(),
        boot: "boot".to_owned(),
        sequence: 1,
        flushed_at: at(0),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions,
        left_out: DecisionsLeftOut::default(),
    };
    apply(&model, Position::START, &[ArrivedBatch { batch_no: 1, batch }]).await.unwrap();
    (dir, model)
}

async fn callers_are_told_that_are_refused_often(on: Engine) {
    let facts = vec![
        fact(1, 1, "prod", Outcome::Allowed, 50),
        fact(1, 1, "prod", Outcome::RateLimited, 6),
        fact(2, 1, "prod", Outcome::QuotaExceeded, 5),
        fact(2, 1, "prod", Outcome::Forbidden, 100),
        fact(2, 1, "test", Outcome::RateLimited, 9),
        fact(2, 2, "prod", Outcome::RateLimited, 20),
        fact(3, 2, "prod", Outcome::RateLimited, 1_000),
        UsageFact { client_id: None, key_id: None, ..fact(2, 3, "prod", Outcome::RateLimited, 1_000) },
    ];
    let (_dir, model) = given(on, facts, vec![]).await;
    let told = async |from: i64, until: i64, refused_min| {
        let spikes = spikes(&model, at(from * 60), at(until * 60), refused_min).await.unwrap();
        let told =
            |spike: &Spike| (spike.client_id, spike.environment.to_string(), spike.calls, spike.refused);
        spikes.iter().map(told).collect::<Vec<_>>()
    };
    let prod = || "prod".to_owned();
    assert_eq!(told(1, 3, 10).await, [(client(2), prod(), 20, 20), (client(1), prod(), 161, 11)]);
    assert_eq!(told(1, 2, 6).await, [(client(1), prod(), 56, 6)]);
    assert_eq!(told(1, 2, 7).await, []);
    assert_eq!(told(4, 9, 0).await, []);
}

async fn the_limit_that_refused_most_is_named_where_it_is_known(on: Engine) {
    let facts =
        vec![fact(0, 1, "prod", Outcome::RateLimited, 60), fact(0, 1, "test", Outcome::RateLimited, 60)];
    let decisions = vec![
        refusal(1, "burst", LimitKind::Rate),
        refusal(2, "daily", LimitKind::Quota),
        refusal(3, "daily", LimitKind::Quota),
        refusal(61, "burst", LimitKind::Rate),
        refusal(62, "burst", LimitKind::Rate),
    ];
    let (_dir, model) = given(on, facts, decisions).await;
    let spikes = spikes(&model, at(0), at(60), 1).await.unwrap();
    let daily = RefusingLimit { policy_id: policy(1), limit: "daily".parse().unwrap(), is_quota: true };
    let told: Vec<_> = spikes.iter().map(|spike| (spike.environment.as_str(), spike.top.clone())).collect();
    assert_eq!(told, [("prod", Some(daily)), ("test", None)]);
}
