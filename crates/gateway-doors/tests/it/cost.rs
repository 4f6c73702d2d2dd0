//! What a call costs: said by its route, and by a header where the door trusts its proxies with it.

use domain::{rate_limit_policy::Mode, route::CostFromHeader};
use reqwest::Client;
use serde_json::{Value, json};

use super::{
    client::{Envoy, http, question},
    world::{Open, World},
};

const HEADER: &str = "x-call-cost";

/// `GET /orders/{id}` costs 1, or up to 5 as its header says; a thousand a minute are granted.
fn priced() -> (World, String) {
    World::after(|log| {
        let header = CostFromHeader { name: HEADER.parse().unwrap(), max: 5 };
        log.priced_route("GET", "/orders/{id}", None, Some(header));
        let client = log.client(&[]);
        log.limit(client, Mode::Enforce, 1_000, 1_000);
        log.key(client, |_| {}).1
    })
}

/// What is left of the day's quota, as JSON is answered it; the question itself takes 1.
async fn left(open: &Open, secret: &str) -> u64 {
    let body = json!({ "secret": secret, "method": "GET", "path": "/orders/7" });
    verified(open, &[], &body).await
}

async fn verified(open: &Open, headers: &[(&str, &str)], body: &Value) -> u64 {
    let request = Client::new().post(open.url("/v1/verify")).json(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let limits = answer["limits"].as_array().unwrap();
    limits.iter().find(|limit| limit["name"] == "daily").unwrap()["remaining"].as_u64().unwrap()
}

/// How much a call with these headers takes at the door for Envoy, and at the one for sub-requests.
async fn costs(open: &Open, secret: &str, said: &[&str]) -> (u64, u64) {
    let before = left(open, secret).await;
    let mut asked = question(&[("x-api-key", secret)]);
    let given = said.iter().map(|value| (HEADER, *value));
    for (name, value) in given.clone() {
        let entry =
            tollgate_gateway_doors::wire::ext_authz::Entry { key: name.to_owned(), value: value.to_owned() };
        http(&mut asked).headers.push(entry);
    }
    Envoy::connect(open).await.pass(asked).await;
    let between = left(open, secret).await;
    let request = Client::new().get(open.url("/v1/forward-auth"));
    let call = [("x-original-method", "GET"), ("x-original-uri", "/orders/7"), ("x-api-key", secret)];
    let request =
        call.into_iter().chain(given).fold(request, |request, (name, value)| request.header(name, value));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let after = left(open, secret).await;
    (before - between - 1, between - after - 1)
}

#[tokio::test]
async fn a_caller_does_not_set_its_own_price() {
    let (world, secret) = priced();
    let open = world.open().await;
    for said in [&["3"][..], &["0"], &["nothing"], &["1", "2"]] {
        assert_eq!(costs(&open, &secret, said).await, (1, 1), "{said:?}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_what_a_call_costs_and_what_is_unclear_costs_the_most() {
    let (world, secret) = priced();
    let open = world.open_trusting_cost().await;
    for (said, cost) in [
        (&[][..], 1),
        (&["3"], 3),
        (&["5"], 5),
        (&["6"], 5),
        (&["0"], 5),
        (&["nothing"], 5),
        (&["1", "1"], 5),
    ] {
        assert_eq!(costs(&open, &secret, said).await, (cost, cost), "{said:?}");
    }
}

#[tokio::test]
async fn whoever_asks_in_json_says_the_cost_there_and_no_header_does() {
    let (world, secret) = priced();
    let open = world.open_trusting_cost().await;
    let before = left(&open, &secret).await;
    let body = json!({ "secret": secret, "method": "GET", "path": "/orders/7" });
    assert_eq!(verified(&open, &[(HEADER, "4")], &body).await, before - 1);
    let body = json!({ "secret": secret, "method": "GET", "path": "/orders/7", "cost": 7 });
    assert_eq!(verified(&open, &[(HEADER, "4")], &body).await, before - 8);
}
