//! No member of a batch takes more than it was weighed.

use domain::{
    AssignmentId, ClientId, KeyId, PolicyId, Position, RouteId, Timestamp,
    decision::{LimitKind, LimitStatus, Outcome, RefusalReason},
    ids::DecisionId,
    rate_limit_policy::{Counting, Mode},
    usage::{AddressSketch, BUCKETS, Durations, StatusClass},
};
use serde::Serialize;

use super::*;
use crate::testing::read;

const ENVIRONMENT: &str = "environment1";
const LIMIT: &str = "a_name_of_all_thirty-two_letters";

fn ids() -> (ClientId, KeyId, RouteId, PolicyId) {
    let number = u128::MAX;
    (
        ClientId::from_u128(number),
        KeyId::from_u128(number),
        RouteId::from_u128(number),
        PolicyId::from_u128(number),
    )
}

fn check(thing: &(impl Weighed + Serialize)) {
    let text = serde_json::to_string(thing).unwrap();
    assert!(text.len() < thing.bytes_max(), "{} bytes weigh {}: {text}", text.len(), thing.bytes_max());
}

fn limit() -> LimitStatus {
    LimitStatus {
        name: read(LIMIT),
        kind: LimitKind::Quota,
        policy_id: ids().3,
        policy_revision: u32::MAX,
        assignment_id: AssignmentId::from_u128(u128::MAX),
        assigned_at: Position::new(u64::MAX),
        mode: Mode::Enforce,
        requests: u64::MAX,
        window_seconds: u64::MAX,
        remaining: u64::MAX,
        reset_seconds: u64::MAX,
        refused: false,
    }
}

#[test]
fn decisions_of_any_number_of_limits() {
    let (client, key, route, _) = ids();
    for limits in [0, 1, 16, 32] {
        check(&DecisionRecord {
            id: DecisionId::from_u128(u128::MAX),
            at: Timestamp::MAX,
            environment: read(ENVIRONMENT),
            outcome: Outcome::Unauthenticated,
            reason: Some(RefusalReason::StaleConfiguration),
            client_id: Some(client),
            key_id: Some(key),
            secret_version: Some(u32::MAX),
            route_id: Some(route),
            method: "A".repeat(16),
            network: Some(read("2001:dddd:bbbb::/48")),
            limits: vec![limit(); limits],
            retry_after_seconds: Some(u64::MAX),
            position: Position::new(u64::MAX),
            stale: false,
        });
    }
}

#[test]
fn facts_of_calls_and_of_answers() {
    let (client, key, route, _) = ids();
    let (minute, environment, outcome) = (i64::MIN, read(ENVIRONMENT), Outcome::Unauthenticated);
    check(&UsageFact {
        minute,
        client_id: Some(client),
        key_id: Some(key),
        secret_version: Some(u32::MAX),
        route_id: Some(route),
        environment,
        outcome,
        calls: u64::MAX,
        last_at: Timestamp::MAX,
        seconds: vec![(59, u64::MAX); 60],
    });
    check(&ResponseFact {
        minute,
        client_id: Some(client),
        key_id: Some(key),
        secret_version: Some(u32::MAX),
        route_id: Some(route),
        environment: read(ENVIRONMENT),
        outcome,
        status: StatusClass::ServerError,
        calls: u64::MAX,
        upstream_errors: u64::MAX,
        request_bytes: u64::MAX,
        response_bytes: u64::MAX,
        duration_us: u64::MAX,
        durations: Durations::of([u64::MAX; BUCKETS]),
    });
}

#[test]
fn facts_of_limits_and_levels_of_quotas() {
    let (client, key, route, policy) = ids();
    let environment = read(ENVIRONMENT);
    check(&ThrottleFact {
        minute: i64::MIN,
        client_id: Some(client),
        key_id: Some(key),
        route_id: Some(route),
        environment,
        policy_id: policy,
        policy_revision: u32::MAX,
        limit: read(LIMIT),
        kind: LimitKind::Quota,
        calls: u64::MAX,
        first_at: Timestamp::MAX,
        last_at: Timestamp::MAX,
    });
    check(&ShadowFact {
        minute: i64::MIN,
        client_id: Some(client),
        route_id: Some(route),
        environment: read(ENVIRONMENT),
        policy_id: policy,
        policy_revision: u32::MAX,
        limit: Some(read(LIMIT)),
        calls: u64::MAX,
        refused: u64::MAX,
    });
    check(&QuotaLevel {
        policy_id: policy,
        policy_revision: u32::MAX,
        limit: read(LIMIT),
        environment: read(ENVIRONMENT),
        counting: Counting::Client,
        client_id: Some(client),
        key_id: Some(key),
        route_id: Some(route),
        window_start: Timestamp::MAX,
        window_end: Timestamp::MAX,
        epoch: Position::new(u64::MAX),
        used: u64::MAX,
        allowed: u64::MAX,
    });
}

#[test]
fn sightings_and_addresses() {
    let seen = Seen { value: "\u{1}".repeat(128), calls: u64::MAX, last_at: Timestamp::MAX };
    check(&Sighting {
        key_id: ids().1,
        secret_version: u32::MAX,
        calls: u64::MAX,
        addresses: vec![seen.clone(); 8],
        user_agents: vec![seen; 8],
    });
    check(&AddressFact {
        day: i64::MIN,
        client_id: ids().0,
        environment: read(ENVIRONMENT),
        sketch: AddressSketch::default(),
    });
}

#[test]
fn what_fits_is_taken_from_the_first_on() {
    let fact = ShadowFact {
        minute: 0,
        client_id: None,
        route_id: None,
        environment: read(ENVIRONMENT),
        policy_id: ids().3,
        policy_revision: 1,
        limit: None,
        calls: 1,
        refused: 0,
    };
    let facts = vec![fact; 3];
    for (before, taken, after) in [(599, 0, 599), (600, 1, 0), (1_799, 2, 599), (5_000, 3, 3_200)] {
        let mut room = before;
        assert_eq!((fitting(&facts, &mut room), room), (taken, after), "into {before}");
    }
}
