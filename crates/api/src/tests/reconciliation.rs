//! Usage counted again, and how much of such is done at once.

use std::time::Duration;

use domain::{
    Timestamp,
    usage::{DecisionsLeftOut, UsageBatch},
};
use serde_json::json;

use super::{
    harness::{Answer, World},
    reports::count_calls,
};

const PATH: &str = "/v1/reports/reconciliation";

/// A batch that tells nothing.
async fn flushed(world: &World, sequence: u64) {
    let batch = UsageBatch {
        node: "later".to_owned(),
        boot: "boot".to_owned(),
        sequence,
        flushed_at: world.door.now(),
        facts: vec![],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    world.usage.append(Some(batch), vec![]).await.unwrap();
    assert!(world.door.api().visibility.wait_for_usage(2, Duration::from_secs(10)).await);
}

/// The first batch is not kept any more.
pub(super) async fn gone() -> Answer {
    let world = World::new().await;
    count_calls(&world, 3).await;
    flushed(&world, 1).await;
    assert_eq!(world.usage.forget_batches(Timestamp::MAX, 1, 10).await.unwrap(), 1);
    world.get(PATH).send().await
}

#[tokio::test]
async fn what_reports_add_up_is_what_gateways_told() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let told = world.get(PATH).expect(200).await.json();
    assert_eq!((&told["equal"], &told["differences_total"]), (&json!(true), &json!(0)), "{told}");
    assert_eq!(
        (&told["from"], &told["until"]),
        (&json!("2026-02-28T00:00:00Z"), &json!("2026-03-02T00:00:00Z"))
    );
    assert_eq!(told["batch_no"], 1);
    assert_eq!((&told["grains"][2]["grain"], &told["grains"][2]["calls_again"]), (&json!("day"), &json!(6)));
    assert_eq!(gone().await.json()["code"], "reconciliation_impossible");
    for query in ["from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "colour=red"] {
        world.get(format!("{PATH}?{query}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn the_sums_of_all_are_for_those_who_see_all() {
    let world = World::new().await;
    world.get(PATH).holder("viewer").expect(200).await;
    world.get(PATH).holder("viewer@Payments").expect(403).await;
}

#[tokio::test]
async fn of_what_reads_much_only_some_run_at_once() {
    let world = World::new().await;
    let busy = [world.door.replays.enter().unwrap(), world.door.replays.enter().unwrap()];
    world.get(PATH).refused(429, "replays_busy").await;
    let policy = json!({ "policy": { "rates": [{ "name": "burst", "requests": 1, "per_seconds": 1 }] } });
    world.post("/v1/policies/simulate", &policy).refused(429, "replays_busy").await;
    drop(busy);
    world.get(PATH).expect(200).await;
    world.post("/v1/policies/simulate", &policy).expect(200).await;
}
