//! What changes nothing is on record all the same, and floods nothing.

use std::net::SocketAddr;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::harness::{World, client_body};

async fn observed(world: &World, action: &str) -> Vec<Value> {
    world.observed().await;
    let list = world.get(format!("/v1/audit?action=observation.{action}")).expect(200).await.json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn denials_are_on_record_once_a_minute_with_their_number() {
    let world = World::new().await;
    for n in 0..3 {
        let call = world.post("/v1/clients", &client_body()).nobody();
        call.header("x-request-id", &format!("req-{n}")).refused(403, "permission_denied").await;
    }
    let [denied] = observed(&world, "access_denied").await.try_into().unwrap();
    assert_eq!((&denied["outcome"], &denied["actor"]["id"]), (&json!("denied"), &json!("nobody")));
    assert_eq!(
        (&denied["data"]["permission"], &denied["data"]["times"]),
        (&json!("client.write"), &json!(3))
    );
    assert_eq!((&denied["request_id"], &denied["changes"]), (&json!("req-0"), &json!([])));
    assert_eq!(denied["subject"]["type"], "observation");

    world.post("/v1/clients", &client_body()).nobody().refused(403, "permission_denied").await;
    assert_eq!(observed(&world, "access_denied").await.len(), 2, "what was taken is counted anew");
    assert_eq!(observed(&world, "access_denied").await.len(), 2, "and what is on record is not told again");
}

#[tokio::test]
async fn what_is_hidden_from_somebody_is_a_denial_that_they_are_not_told_of() {
    let world = World::new().await;
    let client = world.client().await;
    let path = format!("/v1/clients/{client}/suspend");
    let body = super::harness::because();
    world.post(&path, &body).holder("operator@Travel").refused(404, "client_not_found").await;
    world
        .post("/v1/clients/cli_01jx3v6k9q8z7m5n4p3r2s1t0v/suspend", &body)
        .refused(404, "client_not_found")
        .await;
    let [denied] = observed(&world, "access_denied").await.try_into().unwrap();
    assert_eq!((&denied["data"]["permission"], &denied["data"]["times"]), (&json!("client.read"), &json!(1)));
}

#[tokio::test]
async fn strangers_who_fail_are_counted_by_their_network() {
    let world = World::new().await;
    let peer = |host: u8| SocketAddr::from(([192, 0, 2, host], 4711));
    for host in [1, 2, 2] {
        world
            .get("/v1/clients")
            .token("tga_no-such-token")
            .from(peer(host))
            .refused(401, "unauthenticated")
            .await;
    }
    world.get("/v1/clients").without("authorization").refused(401, "unauthenticated").await;
    let [failed] = observed(&world, "authentication_failed").await.try_into().unwrap();
    assert_eq!((&failed["data"]["times"], &failed["data"]["way"]), (&json!(3), &json!("credential")));
    assert_eq!(
        (&failed["actor"]["id"], &failed["address"]),
        (&json!("system:observer"), &json!("192.0.2.1"))
    );
    assert!(!failed["data"].to_string().contains("no-such-token"), "{failed}");
}

#[tokio::test]
async fn an_export_is_on_record_with_what_went_out() {
    let world = World::new().await;
    world.fixture().await;
    world.sign().await;
    let export = world.get("/v1/audit/export").expect(200).await;
    let [exported] = observed(&world, "exported").await.try_into().unwrap();
    let hash = hex::encode(Sha256::digest(&export.bytes));
    let data = &exported["data"];
    assert_eq!(
        (&data["what"], &data["rows"], &data["complete"]),
        (&json!("audit_file"), &json!(6), &json!(true))
    );
    assert_eq!((&data["content_hash"], &data["bytes"]), (&json!(hash), &json!(export.bytes.len())));
    assert_eq!(exported["actor"]["allowed_by"], "role:admin");
}

#[tokio::test]
async fn an_export_that_nobody_reads_to_its_end_is_on_record_as_cut_off() {
    let world = World::new().await;
    world.fixture().await;
    world.sign().await;
    let request = http::Request::get("/v1/audit/export")
        .header("authorization", format!("Bearer {}", world.admin_token()))
        .body(axum::body::Body::empty())
        .unwrap();
    let (router, _) = crate::router_of(&world.door);
    let mut body = router.oneshot(request).await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    drop(body);
    let [exported] = observed(&world, "exported").await.try_into().unwrap();
    let hash = hex::encode(Sha256::digest(&first));
    assert_eq!((&exported["data"]["complete"], &exported["outcome"]), (&json!(false), &json!("failed")));
    assert_eq!((&exported["data"]["content_hash"], &exported["data"]["rows"]), (&json!(hash), &json!(0)));
}

#[tokio::test]
async fn a_report_that_is_taken_out_is_on_record_and_one_that_is_looked_at_is_not() {
    let world = World::new().await;
    world.get("/v1/reports/usage").expect(200).await;
    let report = world.get("/v1/reports/usage").header("accept", "text/csv").expect(200).await;
    let [exported] = observed(&world, "exported").await.try_into().unwrap();
    assert_eq!(
        (&exported["data"]["what"], &exported["data"]["format"]),
        (&json!("usage_report"), &json!("csv"))
    );
    assert_eq!(exported["data"]["content_hash"], hex::encode(Sha256::digest(&report.bytes)));
}

#[tokio::test]
async fn behind_a_proxy_of_ours_the_caller_s_address_counts_also_for_what_failing_costs() {
    let world = World::new().await;
    let proxy = SocketAddr::from(([10, 0, 0, 1], 4711));
    let call = world.post("/v1/clients", &client_body()).from(proxy);
    call.header("x-forwarded-for", "198.51.100.1, 203.0.113.9").expect(201).await;
    assert_eq!(world.get("/v1/audit/1").expect(200).await.json()["address"], "203.0.113.9");

    let fail = |forwarded: &str| {
        world.get("/v1/clients").token("tga_wrong").from(proxy).header("x-forwarded-for", forwarded)
    };
    for n in 0..20 {
        // Whatever a stranger writes on the left, it is the same stranger.
        fail(&format!("198.51.100.{n}, 203.0.113.9")).refused(401, "unauthenticated").await;
    }
    fail("203.0.113.9").refused(429, "too_many_failures").await;
    fail("203.0.113.10").refused(401, "unauthenticated").await;
}
