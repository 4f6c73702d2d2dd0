//! Every door hands over from where a secret is presented, and by which program.

use domain::{Clock as _, usage::Sighting};
use reqwest::Client;
use serde_json::json;

use super::{
    client::{Envoy, question},
    world::World,
};

fn holder() -> (World, String) {
    World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.key(client, |_| {}).1
    })
}

/// The one address and the one user agent that were seen.
fn seen(world: &World) -> (String, String) {
    let batch = world.gateway.take_flush(world.clock.now()).batch.unwrap();
    let [Sighting { addresses, user_agents, calls: 1, secret_version: 1, .. }] = batch.sightings.as_slice()
    else {
        panic!("{batch:?}")
    };
    (addresses[0].value.clone(), user_agents[0].value.clone())
}

fn pair(address: &str, user_agent: &str) -> (String, String) {
    (address.to_owned(), user_agent.to_owned())
}

#[tokio::test]
async fn envoy_says_who_calls() {
    let (world, secret) = holder();
    let open = world.open_trusting().await;
    let envoy = Envoy::connect(&open).await;
    let headers = [
        ("x-api-key", secret.as_str()),
        ("user-agent", "curl/8.1"),
        ("x-envoy-external-address", "198.51.100.7"),
    ];
    envoy.pass(question(&headers)).await;
    assert_eq!(seen(&world), pair("198.51.100.7", "curl/8.1"));
    envoy.pass(question(&headers[..1])).await;
    assert_eq!(seen(&world), pair("", ""), "what is not known is not made up");
}

#[tokio::test]
async fn a_sub_request_says_who_calls() {
    let (world, secret) = holder();
    let open = world.open_trusting().await;
    let request = Client::new()
        .get(open.url("/v1/forward-auth"))
        .header("x-original-method", "GET")
        .header("x-original-uri", "/orders/7")
        .header("x-real-ip", "::ffff:203.0.113.9")
        .header("user-agent", "batch/2.0 (nightly)")
        .header("x-api-key", &secret);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(seen(&world), pair("203.0.113.9", "batch/2.0 (nightly)"));
}

#[tokio::test]
async fn a_gateway_that_asks_in_json_says_who_calls() {
    let (world, secret) = holder();
    let open = world.open().await;
    let ask = async |body: serde_json::Value| {
        let request = Client::new().post(open.url("/v1/verify")).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let mut body = json!({
        "secret": secret, "method": "GET", "path": "/orders/7", "address": "2001:db8::7", "user_agent": "Orders/1 größe",
    });
    assert_eq!(ask(body.clone()).await, 200);
    assert_eq!(seen(&world), pair("2001:db8::7", "Orders/1 größe"));
    for bad in [json!("a\u{1b}[2J"), json!("x".repeat(1_025)), json!(7)] {
        body["user_agent"] = bad;
        assert_eq!(ask(body.clone()).await, 422, "{body}");
    }
    body["user_agent"] = json!(null);
    assert_eq!(ask(body).await, 200);
    assert_eq!(seen(&world), pair("2001:db8::7", ""));
}
