//! What a gateway that asks over HTTP is answered.

use domain::{
    Timestamp,
    api_key::{ApiKeyEvent, Revoked},
    rate_limit_policy::Mode,
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::world::{NOW, Open, World, environment};

async fn ask(open: &Open, body: &Value) -> (StatusCode, Value) {
    send(open, "application/json", body.to_string()).await
}

async fn send(open: &Open, content_type: &str, body: String) -> (StatusCode, Value) {
    let request = Client::new().post(open.url("/v1/verify")).header("content-type", content_type).body(body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_verification_is_a_real_call() {
    let (world, (client, key, route, policy, secret)) = World::after(|log| {
        let route = log.route("GET", "/orders/{id}", Some("orders:read"));
        let client = log.client(&["orders:read"]);
        let policy = log.limit(client, Mode::Enforce, 2, 1000);
        let (key, secret) = log.key(client, |_| {});
        (client, key, route, policy, secret)
    });
    let open = world.open().await;
    let body = json!({ "secret": secret, "method": "GET", "path": "//orders/./7?x=1", "cost": 2 });
    let (status, mut answer) = ask(&open, &body).await;
    assert_eq!(status, 200);
    assert!(answer["decision_id"].take().as_str().unwrap().starts_with("dec_"));
    let limit = |name: &str, kind: &str, [requests, window, remaining, reset]: [u64; 4]| {
        json!({
            "name": name, "kind": kind, "policy_id": policy.to_string(), "policy_revision": 1,
            "requests": requests, "window_seconds": window, "remaining": remaining, "reset_seconds": reset,
            "refused": false, "mode": "enforce",
        })
    };
    let expected = json!({
        "outcome": "allowed", "client_id": client.to_string(), "key_id": key.to_string(), "secret_version": 1,
        "route_id": route.to_string(), "environment": "prod", "scopes": ["orders:read"],
        "limits": [limit("burst", "rate", [2, 60, 0, 60]), limit("daily", "quota", [1000, 86_400, 998, 68_033])],
        "decision_id": null, "position": 5, "stale": false,
    });
    assert_eq!(answer, expected);

    let (status, answer) = ask(&open, &body).await;
    assert_eq!(
        (status, &answer["outcome"], &answer["reason"]),
        (StatusCode::OK, &json!("rate_limited"), &json!("rate_limited"))
    );
    assert_eq!((&answer["retry_after_seconds"], &answer["limits"][0]["refused"]), (&json!(60), &json!(true)));
}

#[tokio::test]
async fn who_holds_no_live_secret_is_told_nothing_else() {
    let (world, (live, revoked)) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&["orders:read"]);
        let (id, revoked) = log.key(client, |_| {});
        let revoked_at = Timestamp::from_second(NOW).unwrap();
        log.key_event(id, ApiKeyEvent::Revoked(Revoked { revoked_at, reason: "leaked".parse().unwrap() }));
        (log.key(client, |_| {}).1, revoked)
    });
    let open = world.open().await;
    for secret in ["", "rubbish", &format!("{live}x"), &revoked] {
        let (status, mut answer) =
            ask(&open, &json!({ "secret": secret, "method": "GET", "path": "/orders/7" })).await;
        answer["decision_id"].take();
        let expected = json!({
            "outcome": "unauthenticated", "reason": "unauthenticated", "environment": "prod", "scopes": [],
            "limits": [], "decision_id": null, "position": 5, "stale": false,
        });
        assert_eq!((status, answer), (StatusCode::OK, expected), "{secret}");
    }
}

#[tokio::test]
async fn the_asker_names_environment_and_address() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        let issued = log.key(client, |key| {
            key.environment = environment("sandbox");
            key.allowed_cidrs = vec!["203.0.113.0/24".parse().unwrap()];
        });
        issued.1
    });
    let open = world.open().await;
    let mut body = json!({ "secret": secret, "method": "GET", "path": "/orders/7", "host": null });
    assert_eq!(ask(&open, &body).await.1["reason"], "wrong_environment");
    body["environment"] = json!("sandbox");
    assert_eq!(ask(&open, &body).await.1["reason"], "address_not_allowed");
    body["address"] = json!("::ffff:203.0.113.9");
    assert_eq!(ask(&open, &body).await.1["outcome"], "allowed");
    body["path"] = json!("/orders%2f7");
    assert_eq!(ask(&open, &body).await.1["reason"], "bad_path");
    body["path"] = json!("/elsewhere");
    assert_eq!(ask(&open, &body).await.1["reason"], "unknown_route");
}

#[tokio::test]
async fn every_field_has_a_bound_and_a_pointer() {
    let (world, ()) = World::after(|_| {});
    let open = world.open().await;
    let good = json!({ "secret": "s", "method": "GET", "path": "/" });
    assert_eq!(ask(&open, &good).await.0, 200);
    for (field, values) in [
        ("secret", vec![json!("s".repeat(257)), json!(1), json!(null)]),
        ("method", vec![json!(""), json!("GET "), json!("G".repeat(17)), json!("GÉT")]),
        ("path", vec![json!(""), json!("orders"), json!(format!("/{}", "a".repeat(8192)))]),
        ("host", vec![json!("a b"), json!("h".repeat(261)), json!(7)]),
        ("environment", vec![json!("Prod"), json!("p"), json!("")]),
        ("address", vec![json!("203.0.113.0/24"), json!("localhost"), json!("")]),
        ("cost", vec![json!(0), json!(1001), json!(-1), json!(1.5), json!("1")]),
    ] {
        for value in values {
            let mut body = good.clone();
            body[field] = value;
            let (status, problem) = ask(&open, &body).await;
            assert_eq!(
                (status.as_u16(), &problem["code"]),
                (422, &json!("body_invalid")),
                "{field}: {problem}"
            );
            assert_eq!(problem["pointer"], format!("/{field}"), "{problem}");
        }
    }
    for bounded in [json!("s".repeat(256)), json!("ß".repeat(256))] {
        let mut body = good.clone();
        body["secret"] = bounded;
        assert_eq!(ask(&open, &body).await.0, 200);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem() {
    let (world, ()) = World::after(|_| {});
    let open = world.open().await;
    let good = r#"{"secret":"s","method":"GET","path":"/"}"#;
    let twice = r#"{"secret":"s","secret":"t","method":"GET","path":"/"}"#;
    let long = format!("{{\"secret\":\"{}\"}}", "s".repeat(70_000));
    for (content_type, body, status, code) in [
        ("application/json", "{", 400, "body_malformed"),
        ("application/json", "", 400, "body_malformed"),
        ("application/json", &format!("{good}x"), 400, "body_malformed"),
        ("application/json", "[]", 422, "body_invalid"),
        ("application/json", r#"{"method":"GET","path":"/"}"#, 422, "body_invalid"),
        ("application/json", r#"{"secret":"s","method":"GET","path":"/","more":1}"#, 422, "body_invalid"),
        ("application/json", twice, 422, "body_invalid"),
        ("application/json", &long, 413, "body_too_large"),
        ("text/plain", good, 415, "media_type_unsupported"),
        ("application/jsonx", good, 415, "media_type_unsupported"),
    ] {
        let (answered, problem) = send(&open, content_type, body.to_owned()).await;
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &json!(code)), "{problem}");
    }
    assert_eq!(send(&open, "Application/JSON; charset=utf-8", good.to_owned()).await.0, 200);
}

#[tokio::test]
async fn a_door_that_cannot_decide_says_so() {
    let open = World::starting().open().await;
    let body = json!({ "secret": "s", "method": "GET", "path": "/" });
    let (status, problem) = ask(&open, &body).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("unavailable")));
    let (world, ()) = World::after(|_| {});
    world.clock.set(i64::MAX);
    let (status, problem) = ask(&world.open().await, &body).await;
    assert_eq!((status.as_u16(), &problem["code"]), (500, &json!("internal")));
}

#[test]
fn the_operation_is_in_the_openapi_document() {
    let document = serde_json::to_value(tollgate_gateway_doors::openapi()).unwrap();
    let operation = &document["paths"]["/v1/verify"]["post"];
    assert_eq!(operation["operationId"], "verify");
    let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "408", "413", "415", "422", "500", "503"]);
    let request = &document["components"]["schemas"]["VerifyRequest"];
    assert_eq!(request["required"], json!(["secret", "method", "path"]));
    assert_eq!(request["additionalProperties"], false);
    assert!(document["components"]["schemas"]["VerifyAnswer"]["properties"]["limits"].is_object());
}
