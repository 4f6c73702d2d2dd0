//! The same calls by both doors, of one installation: every answer to the letter, what the upstream gets, what Envoy's log says.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tollgate_tests::{Answer, DoorKind, EnvoyProxy, World};

/// What differs from call to call, or from Envoy to Envoy.
const UNIQUE: [&str; 3] = ["date", "x-envoy-upstream-service-time", "x-request-id"];

/// An answer without what names the single call.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !UNIQUE.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    let mut body = answer.json.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("decision_id");
        if let Some(Value::Object(headers)) = body.get_mut("headers") {
            headers.retain(|name, _| is_compared(name));
        }
    }
    // The upstream's echo tells of headers whose lengths differ.
    if body.get("headers").is_some() {
        headers.retain(|(name, _)| name != "content-length");
    }
    (answer.status, headers, body)
}

fn is_compared(name: &str) -> bool {
    !UNIQUE.contains(&name) && name != "x-tollgate-decision-id" && name != "host"
}

/// What Envoy's own log says of a call, by the metadata that the door has set.
fn logged(line: &Value) -> Value {
    json!([line["status"], line["client_id"], line["key_id"], line["decision_id"].is_string()])
}

struct Keys {
    good: String,
    elsewhere: String,
    limited: String,
    revoked: String,
}

async fn keys(world: &World) -> Result<Keys> {
    let client = world.client("Acme", &["orders:read"]).await?;
    world.route("/orders/{id}", &["orders:read"]).await?;
    world.route("/admin", &["admin"]).await?;
    let limited = world.client("Limited", &["orders:read"]).await?;
    let shadow = json!([{ "name": "seen", "requests": 1, "per_seconds": 86400, "burst": 1 }]);
    let shadow = json!({ "name": "shadow", "mode": "shadow", "rates": shadow, "quotas": [] });
    world.policy(&shadow, &json!({ "client_id": client })).await?;
    let rates = json!([{ "name": "burst", "requests": 1, "per_seconds": 86400, "burst": 2 }]);
    let quotas = json!([{ "name": "yearly", "requests": 1000, "period": "year" }]);
    let policy = json!({ "name": "limits", "rates": rates, "quotas": quotas });
    world.policy(&policy, &json!({ "client_id": limited })).await?;
    let revoked = world.key(&client, &json!({})).await?;
    world.command(&format!("/keys/{}/revoke", revoked.key_id), &json!({ "reason": "leaked" })).await?;
    Ok(Keys {
        good: world.key(&client, &json!({})).await?.secret,
        elsewhere: world.key(&client, &json!({ "allowed_cidrs": ["203.0.113.0/24"] })).await?.secret,
        limited: world.key(&limited, &json!({})).await?.secret,
        revoked: revoked.secret,
    })
}

#[tokio::test]
async fn a_call_is_answered_passed_on_and_logged_the_same_by_either_door() -> Result<()> {
    // The world's own Envoy has the filter inside; the other asks the product's door.
    let world = World::start_at(DoorKind::Module).await?;
    let outside = EnvoyProxy::start(world.product.gateway_port(), world.upstream.port()).await?;
    let Keys { good, elsewhere, limited, revoked } = keys(&world).await?;
    let (bearer, forged) = (format!("Bearer {good}"), ("x-tollgate-scopes", "admin"));
    let calls: [(&str, &[(&str, &str)]); 16] = [
        ("/orders/7?full=1", &[("x-api-key", &good)]),
        ("/orders/8", &[("authorization", &bearer), forged]),
        ("/orders/9", &[("x-api-key", &good), ("authorization", &bearer)]),
        ("/orders/10", &[("x-api-key", &good), ("authorization", "Basic czE6")]),
        ("/orders/11?status=500", &[("x-api-key", &good), ("user-agent", "orders-sync/2.4")]),
        ("/orders/7", &[]),
        ("/orders/7", &[("x-api-key", "rubbish")]),
        ("/orders/7", &[("x-api-key", &good), ("authorization", "Bearer other")]),
        ("/orders/7", &[("x-api-key", &good), ("x-api-key", &good)]),
        ("/orders/7", &[("x-api-key", &revoked)]),
        ("/orders/7", &[("x-api-key", &elsewhere)]),
        ("/admin", &[("x-api-key", &good)]),
        ("/nowhere", &[("x-api-key", &good)]),
        ("/orders/1", &[("x-api-key", &limited)]),
        ("/orders/2", &[("x-api-key", &limited)]),
        ("/orders/3", &[("x-api-key", &limited)]),
    ];
    for (path, headers) in calls {
        let theirs = outside.call("GET", path, headers).await?;
        let ours = world.envoy.call("GET", path, headers).await?;
        assert_eq!(told(&ours), told(&theirs), "{path} {headers:?}");
        let mut received = world.upstream.take_requests();
        for call in &mut received {
            call.headers.retain(|(name, _)| is_compared(name));
            call.headers.sort();
        }
        match received.as_slice() {
            [] => assert_ne!(ours.status, 200),
            [theirs, ours] => assert_eq!(ours, theirs, "{path}"),
            other => anyhow::bail!("{path} reached the upstream as {other:?}"),
        }
    }
    let theirs = outside.access_log(calls.len()).await?;
    let ours = world.envoy.access_log(calls.len()).await?;
    let of = |lines: &[Value]| lines.iter().map(logged).collect::<Vec<_>>();
    assert_eq!(of(&ours), of(&theirs));
    let last = ours.last().context("the last call was logged")?;
    assert_eq!((&last["status"], last["decision_id"].is_string()), (&json!(429), true));
    Ok(())
}
