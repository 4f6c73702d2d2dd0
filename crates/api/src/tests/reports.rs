//! The usage report, as JSON and as CSV.

use std::time::Duration;

use domain::{
    decision::Outcome,
    usage::{DecisionsLeftOut, ShadowFact, UsageBatch, UsageFact},
};
use serde_json::json;

use super::harness::{World, content_type};

/// Lets a gateway report so many calls, an hour before now, of a known client.
pub(super) async fn count_calls(world: &World, calls: u64) {
    let client_id = "cli_00000000000000000000000001".parse().unwrap();
    let fact = |outcome, client_id| UsageFact {
        minute: "2026-03-01T11:00:00Z".parse::<domain::Timestamp>().unwrap().as_second(),
        client_id,
        key_id: None,
        secret_version: None,
        route_id: None,
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: "2026-03-01T11:00:30Z".parse().unwrap(),
        seconds: vec![],
    };
    let facts = vec![fact(Outcome::Allowed, Some(client_id)), fact(Outcome::Unauthenticated, None)];
    let flushed_at = "2026-03-01T11:00:31Z".parse().unwrap();
    let trial = |limit: Option<&str>, refused| ShadowFact {
        minute: "2026-03-01T11:00:00Z".parse::<domain::Timestamp>().unwrap().as_second(),
        client_id: Some(client_id),
        route_id: None,
        environment: "prod".parse().unwrap(),
        policy_id: "pol_00000000000000000000000001".parse().unwrap(),
        policy_revision: 2,
        limit: limit.map(|name| name.parse().unwrap()),
        calls,
        refused,
    };
    let shadow = vec![trial(None, 2), trial(Some("burst"), 2), trial(Some("daily"), 1)];
    let batch = UsageBatch {
        node: "n".to_owned(),
        boot: "b".to_owned(),
        sequence: 1,
        flushed_at,
        facts,
        throttled: vec![],
        responses: vec![],
        shadow,
        quota_levels: vec![],
        sightings: vec![],
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    world.usage.append(Some(batch), vec![]).await.unwrap();
    assert!(world.door.api().visibility.wait_for_usage(1, Duration::from_secs(10)).await);
}

#[tokio::test]
async fn usage_of_the_last_day_is_reported_by_the_hour() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let report = world.get("/v1/reports/usage").expect(200).await.json();
    assert_eq!(
        (&report["from"], &report["until"]),
        (&json!("2026-02-28T12:00:00Z"), &json!("2026-03-01T12:00:00Z"))
    );
    assert_eq!((&report["granularity"], &report["batch_no"]), (&json!("hour"), &json!(1)));
    let expected = json!([{
        "window_start": "2026-03-01T11:00:00Z", "window_end": "2026-03-01T12:00:00Z", "client_id": null, "key_id": null,
        "secret_version": null, "route_id": null, "environment": null, "allowed": 3, "rate_limited": 0,
        "quota_exceeded": 0, "unauthenticated": 3, "forbidden": 0, "total": 6,
    }]);
    assert_eq!(report["items"], expected);
}

#[tokio::test]
async fn what_a_policy_on_trial_would_have_refused_is_reported() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let report = world.get("/v1/reports/shadow").expect(200).await.json();
    let expected = json!([{
        "window_start": "2026-02-28T12:00:00Z", "window_end": "2026-03-01T12:00:00Z",
        "policy_id": "pol_00000000000000000000000001", "policy_revision": 2, "limit": null, "client_id": null,
        "route_id": null, "environment": null, "calls": 3, "refused": 2,
    }]);
    assert_eq!((&report["items"], &report["batch_no"]), (&expected, &json!(1)));
    let path =
        "/v1/reports/shadow?granularity=hour&group_by=limit,client&client_id=cli_00000000000000000000000001";
    let csv = world.get(path).header("accept", "text/csv").expect(200).await;
    let expected = "window_start,window_end,limit,client_id,calls,refused\r\n\
        2026-03-01T11:00:00Z,2026-03-01T12:00:00Z,burst,cli_00000000000000000000000001,3,2\r\n\
        2026-03-01T11:00:00Z,2026-03-01T12:00:00Z,daily,cli_00000000000000000000000001,3,1\r\n";
    assert_eq!(csv.text(), expected);
    for query in ["group_by=key", "from=2027-01-01T00:00:00Z", "policy_id=x", "limit=burst"] {
        world.get(format!("/v1/reports/shadow?{query}")).refused(400, "query_invalid").await;
    }
    let other = "/v1/reports/shadow?policy_id=pol_00000000000000000000000002";
    assert_eq!(world.get(other).expect(200).await.json()["items"], json!([]));
}

#[tokio::test]
async fn usage_is_told_apart_and_filtered() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let total = |query: &'static str| {
        let call = world.get(format!("/v1/reports/usage?{query}"));
        async move {
            let items = call.expect(200).await.json()["items"].clone();
            items.as_array().unwrap().iter().map(|item| item["total"].as_u64().unwrap()).collect::<Vec<_>>()
        }
    };
    assert_eq!(total("group_by=client,environment&granularity=minute").await, [3, 3]);
    assert_eq!(total("client_id=cli_00000000000000000000000001&granularity=total").await, [3]);
    assert_eq!(total("environment=sandbox").await, Vec::<u64>::new());
    assert_eq!(total("from=2026-03-01T11:30:00Z").await, Vec::<u64>::new());
}

#[tokio::test]
async fn usage_can_be_had_as_csv() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let call = world.get("/v1/reports/usage?granularity=day&group_by=environment,client");
    let answer = call.header("accept", "text/csv").expect(200).await;
    assert_eq!(content_type(&answer), "text/csv; charset=utf-8; header=present");
    let expected = "window_start,window_end,client_id,environment,\
        allowed,rate_limited,quota_exceeded,unauthenticated,forbidden,total\r\n\
        2026-03-01T00:00:00Z,2026-03-01T12:00:00Z,,prod,0,0,0,3,0,3\r\n\
        2026-03-01T00:00:00Z,2026-03-01T12:00:00Z,cli_00000000000000000000000001,prod,3,0,0,0,0,3\r\n";
    assert_eq!(answer.text(), expected);
}

#[tokio::test]
async fn a_report_that_nobody_can_mean_is_refused() {
    let world = World::new().await;
    for query in [
        "from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:00Z",
        "from=2027-01-01T00:00:00Z",
        "granularity=second",
        "group_by=colour",
        "group_by=",
        "client_id=x",
        "secret_version=-1",
        "limit=5",
    ] {
        world.get(format!("/v1/reports/usage?{query}")).refused(400, "query_invalid").await;
    }
}
