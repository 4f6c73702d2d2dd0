//! The usage report, as JSON and as CSV.

mod pages;

use std::time::Duration;

use domain::{
    ClientId, Timestamp,
    decision::{LimitKind, Outcome},
    rate_limit_policy::Counting,
    secret::Peppers,
    usage::{
        AddressFact, AddressSketch, DecisionsLeftOut, Durations, QuotaLevel, ResponseFact, ShadowFact,
        StatusClass, ThrottleFact, UsageBatch, UsageFact,
    },
};
use serde_json::json;

use super::harness::{World, content_type};

/// Lets a gateway report so many calls, an hour before now, of a known client.
#[expect(clippy::too_many_lines, reason = "one fact after the other")]
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
    let minute = "2026-03-01T11:00:00Z".parse::<domain::Timestamp>().unwrap();
    let throttled = ThrottleFact {
        minute: minute.as_second(),
        client_id: Some(client_id),
        key_id: None,
        route_id: None,
        environment: "prod".parse().unwrap(),
        policy_id: "pol_00000000000000000000000001".parse().unwrap(),
        policy_revision: 2,
        limit: "burst".parse().unwrap(),
        kind: LimitKind::Rate,
        calls: 4,
        first_at: minute,
        last_at: minute,
    };
    let answered = ResponseFact {
        minute: minute.as_second(),
        client_id: Some(client_id),
        key_id: None,
        secret_version: None,
        route_id: None,
        environment: "prod".parse().unwrap(),
        outcome: Outcome::Allowed,
        status: StatusClass::ServerError,
        calls: 1,
        upstream_errors: 1,
        request_bytes: 10,
        response_bytes: 20,
        duration_us: 300,
        durations: Durations::of([0, 1]),
    };
    let level = QuotaLevel {
        policy_id: "pol_00000000000000000000000001".parse().unwrap(),
        policy_revision: 2,
        limit: "daily".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        counting: Counting::Client,
        client_id: Some(client_id),
        key_id: None,
        route_id: None,
        window_start: "2026-03-01T00:00:00Z".parse().unwrap(),
        window_end: "2026-03-02T00:00:00Z".parse().unwrap(),
        epoch: domain::Position::START,
        used: 75,
        allowed: 100,
    };
    let batch = UsageBatch {
        node: "n".to_owned(),
        boot: "b".to_owned(),
        sequence: 1,
        flushed_at,
        facts,
        throttled: vec![throttled],
        responses: vec![answered],
        shadow,
        quota_levels: vec![level],
        sightings: vec![],
        addresses: addresses(client_id, minute),
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    world.usage.append(Some(batch), vec![]).await.unwrap();
    assert!(world.door.api().visibility.wait_for_usage(1, Duration::from_secs(10)).await);
}

/// Two of one environment, and one of them of another.
fn addresses(client_id: ClientId, at: Timestamp) -> Vec<AddressFact> {
    let peppers = Peppers::new([(1, zeroize::Zeroizing::new([7; 32]))]).unwrap();
    let fact = |environment: &str, addresses: &[&str]| {
        let mut sketch = AddressSketch::default();
        addresses.iter().for_each(|address| sketch.add(address.parse().unwrap(), &peppers));
        let day = at.as_second().div_euclid(86_400) * 86_400;
        AddressFact { day, client_id, environment: environment.parse().unwrap(), sketch }
    };
    vec![fact("prod", &["192.0.2.1", "192.0.2.2"]), fact("sandbox", &["192.0.2.2"])]
}

#[tokio::test]
async fn distinct_addresses_are_reported_and_no_address() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let report = world.get("/v1/reports/addresses?group_by=client").expect(200).await.json();
    let expected = json!([{
        "window_start": "2026-02-28T00:00:00Z", "window_end": "2026-03-02T00:00:00Z",
        "client_id": "cli_00000000000000000000000001", "environment": null, "addresses": 2,
    }]);
    assert_eq!((&report["items"], &report["batch_no"]), (&expected, &json!(1)));
    let path = "/v1/reports/addresses?granularity=day&group_by=environment";
    let csv = world.get(path).header("accept", "text/csv").expect(200).await;
    let expected = "window_start,window_end,environment,addresses,time_zone,batch_no\r\n\
        2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,prod,2,UTC,1\r\n\
        2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,sandbox,1,UTC,1\r\n";
    assert_eq!(csv.text(), expected);
    for query in ["group_by=key", "from=2027-01-01T00:00:00Z", "client_id=x", "limit=1"] {
        world.get(format!("/v1/reports/addresses?{query}")).refused(400, "query_invalid").await;
    }
    let nobody = "/v1/reports/addresses?client_id=cli_00000000000000000000000002";
    assert_eq!(world.get(nobody).expect(200).await.json()["items"], json!([]));
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
        "window_start": "2026-03-01T11:00:00Z", "window_end": "2026-03-01T12:00:00Z", "owner_team": null, "client_id": null, "key_id": null,
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
        allowed,rate_limited,quota_exceeded,unauthenticated,forbidden,total,time_zone,batch_no,position\r\n\
        2026-03-01T00:00:00Z,2026-03-01T12:00:00Z,,prod,0,0,0,3,0,3,UTC,1,0\r\n\
        2026-03-01T00:00:00Z,2026-03-01T12:00:00Z,cli_00000000000000000000000001,prod,3,0,0,0,0,3,UTC,1,0\r\n";
    assert_eq!(answer.text(), expected);
    let again = world.get("/v1/reports/usage?granularity=day&group_by=environment,client");
    let again = again.header("accept", "text/csv").expect(200).await;
    assert_eq!(again.text(), expected, "the same at the same position, to the byte");
}

#[tokio::test]
async fn days_are_those_of_the_zone_that_was_asked_for() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let path = "/v1/reports/usage?granularity=day&time_zone=Pacific/Auckland&from=2026-02-28T00:00:00Z";
    let report = world.get(path).expect(200).await.json();
    assert_eq!((&report["time_zone"], &report["corrections"]), (&json!("Pacific/Auckland"), &json!([])));
    assert_eq!(report["items"][0]["window_start"], "2026-03-01T11:00:00Z");
    for query in
        ["time_zone=Mars/Olympus", "granularity=day&time_zone=Europe/Berlin&from=1990-01-01T00:00:00Z"]
    {
        world.get(format!("/v1/reports/usage?{query}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn endpoints_throttling_and_quotas_are_reported_in_both_forms() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let top = world.get("/v1/reports/top-endpoints?by=throttling").expect(200).await.json();
    assert_eq!((&top["endpoints"], &top["items"][0]["total"]), (&json!(1), &json!(6)));
    assert_eq!(top["items"][0]["answers"]["5xx"], json!(1));
    assert_eq!(top["items"][0]["answers"]["p95_us"], json!(297));
    let throttled = world.get("/v1/reports/throttling").expect(200).await.json();
    let item = &throttled["items"][0];
    assert_eq!(
        (&item["limit"], &item["calls"], &item["longest_minutes"]),
        (&json!("burst"), &json!(4), &json!(1))
    );
    assert_eq!((&item["kind"], &item["policy_revision"]), (&json!("rate"), &json!(2)));
    let quotas = world.get("/v1/reports/quotas").expect(200).await.json();
    let item = &quotas["items"][0];
    assert_eq!((&item["used"], &item["used_percent"]), (&json!(75), &json!(75)));
    assert_eq!(item["used_up_at"], "2026-03-01T16:00:00Z");
    for (name, lines) in [("top-endpoints", 2), ("throttling", 2), ("quotas", 2)] {
        let path = format!("/v1/reports/{name}");
        let csv = world.get(&path).header("accept", "text/csv").expect(200).await.text().to_owned();
        assert_eq!(csv.lines().count(), lines, "{csv}");
        let names = csv.lines().next().unwrap().split(',').count();
        assert_eq!(csv.lines().nth(1).unwrap().split(',').count(), names, "{csv}");
        world.get(format!("{path}?colour=red")).refused(400, "query_invalid").await;
        world.get(format!("{path}?limit=10001")).refused(400, "query_invalid").await;
    }
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
        "limit=0",
        "compare=next",
    ] {
        world.get(format!("/v1/reports/usage?{query}")).refused(400, "query_invalid").await;
    }
}
