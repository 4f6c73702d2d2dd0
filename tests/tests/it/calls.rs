//! Who gets through Envoy, and what everyone else is told.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tollgate_tests::{Answer, DoorKind, EnvoyProxy, World, at_both_doors, now};

at_both_doors! {
    a_valid_key_gets_through_and_the_upstream_sees_who_but_not_the_secret,
    whoever_is_not_proven_is_told_the_same,
    a_genuine_key_that_may_not_is_told_why,
    a_key_works_in_its_own_environment_only,
    the_route_judged_is_the_route_served,
    only_the_headers_that_are_asked_for_tell_of_a_decision,
}

/// What a caller can tell two refusals apart by: all but the identifiers of the single call.
fn tells(answer: &Answer) -> (u16, Value, Option<String>) {
    let mut body = answer.json.clone();
    for unique in ["decision_id", "request_id", "instance"] {
        body.as_object_mut().map(|fields| fields.remove(unique));
    }
    (answer.status, body, answer.header("www-authenticate"))
}

/// The secret with another random part and the checksum that belongs to it: known by its locator, and wrong.
fn guessed(secret: &str) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let (locator, _) = secret.split_at(secret.len() - 38);
    let signed = format!("{locator}{}", "x".repeat(32));
    let mut crc = !0_u32;
    for byte in signed.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = usize::try_from(rest % 62).map_or(b'0', |at| ALPHABET[at]);
        rest /= 62;
    }
    signed + &String::from_utf8_lossy(&digits)
}

async fn a_valid_key_gets_through_and_the_upstream_sees_who_but_not_the_secret(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    let client = world.client("Acme", &["orders:read"]).await?;
    let route = world.route("/orders/{id}", &["orders:read"]).await?;
    let key = world.key(&client, &json!({})).await?;

    let answer = world.call("/orders/7?full=1", &key.secret).await?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bearer = format!("Bearer {}", key.secret);
    let forged = [("authorization", bearer.as_str()), ("x-tollgate-client-id", "cli_forged")];
    assert_eq!(world.envoy.call("GET", "/orders/8", &forged).await?.status, 200);

    let received = world.upstream.take_requests();
    assert_eq!(received.len(), 2);
    for call in &received {
        assert_eq!(call.header("x-tollgate-client-id"), Some(client.as_str()));
        assert_eq!(call.header("x-tollgate-key-id"), Some(key.key_id.as_str()));
        assert_eq!(call.header("x-tollgate-scopes"), Some("orders:read"));
        assert_eq!(call.header("x-tollgate-environment"), Some("prod"));
        assert!(!call.mentions(&key.secret), "the secret went upstream: {call:?}");
    }
    let verified = json!({ "secret": key.secret, "method": "GET", "path": "/orders/9" });
    let verified = world.verify(&verified).await?.json;
    assert_eq!((&verified["outcome"], &verified["route_id"]), (&json!("allowed"), &json!(route)));
    Ok(())
}

async fn whoever_is_not_proven_is_told_the_same(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let other = world.key(&client, &json!({})).await?;
    world.command(&format!("/keys/{}/revoke", other.key_id), &json!({ "reason": "leaked" })).await?;

    // A genuine form of a secret that was never issued, and one with a known locator: both from a second product.
    let elsewhere = World::start().await?;
    let foreign = elsewhere.client("Other", &[]).await?;
    let unknown = elsewhere.key(&foreign, &json!({})).await?.secret;

    let missing = tells(&world.envoy.call("GET", "/orders", &[]).await?);
    assert_eq!(missing.0, 401);
    let mut malformed = key.secret.clone();
    malformed.pop();
    let wrong = guessed(&key.secret);
    let presented = [
        ("malformed", malformed.as_str()),
        ("unknown", &unknown),
        ("wrong", &wrong),
        ("revoked", &other.secret),
        ("rubbish", "x"),
    ];
    for (what, secret) in presented {
        assert_eq!(tells(&world.call("/orders", secret).await?), missing, "{what}");
    }
    assert_eq!(
        tells(&world.call("/nowhere", &unknown).await?),
        missing,
        "no probing of routes without a key"
    );
    assert!(world.upstream.requests().is_empty(), "nothing got through");
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    Ok(())
}

async fn a_genuine_key_that_may_not_is_told_why(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    let client = world.client("Acme", &["orders:read"]).await?;
    world.route("/orders", &["orders:read"]).await?;
    world.route("/admin", &["admin"]).await?;
    let key = world.key(&client, &json!({})).await?;
    let elsewhere = world.key(&client, &json!({ "allowed_cidrs": ["203.0.113.0/24"] })).await?;
    let here = world.key(&client, &json!({ "allowed_cidrs": ["127.0.0.0/8"] })).await?;

    let check = async |path: &str, secret: &str, status: u16, code: &str| -> Result<()> {
        let answer = world.call(path, secret).await?;
        let told = answer.json["code"].as_str().unwrap_or_default();
        assert_eq!((answer.status, told), (status, code), "{path}: {}", answer.body);
        Ok(())
    };
    check("/admin", &key.secret, 403, "missing_scope").await?;
    check("/nowhere", &key.secret, 403, "unknown_route").await?;
    check("/orders", &elsewhere.secret, 403, "address_not_allowed").await?;
    assert_eq!(world.call("/orders", &here.secret).await?.status, 200);

    world.command(&format!("/keys/{}/suspend", key.key_id), &json!({ "reason": "checking" })).await?;
    check("/orders", &key.secret, 403, "key_suspended").await?;
    world.command(&format!("/keys/{}/reinstate", key.key_id), &json!({ "reason": "fine" })).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);

    world.command(&format!("/clients/{client}/suspend"), &json!({ "reason": "unpaid" })).await?;
    check("/orders", &key.secret, 403, "client_suspended").await?;
    Ok(())
}

async fn a_key_works_in_its_own_environment_only(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    let body = json!({
        "name": "Acme", "kind": "partner", "owner": { "team": "partners", "email": "partners@example.com" },
        "contacts": [], "environments": ["prod", "sandbox"], "scopes": [], "labels": {},
    });
    let client = world.command("/clients", &body).await?.json["id"].as_str().unwrap_or_default().to_owned();
    world.route("/sandbox/orders", &[]).await?;
    world.route("/orders", &[]).await?;
    let test_key = world.key(&client, &json!({ "environment": "sandbox" })).await?;
    let key = world.key(&client, &json!({})).await?;

    let refused = world.call("/orders", &test_key.secret).await?;
    assert_eq!((refused.status, &refused.json["code"]), (403, &json!("wrong_environment")));
    // The recommended bootstraps judge /sandbox in the environment `sandbox`, as the route says.
    assert_eq!(world.call("/sandbox/orders", &test_key.secret).await?.status, 200);
    assert_eq!(world.call("/sandbox/orders", &key.secret).await?.status, 403);
    Ok(())
}

async fn the_route_judged_is_the_route_served(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders/{id}", &[]).await?;
    world.route("/admin", &["admin"]).await?;
    let key = world.key(&client, &json!({})).await?;

    for path in ["/orders/../admin", "/orders/%2e%2e/admin", "//admin", "/orders/..\\admin"] {
        assert_eq!(world.call(path, &key.secret).await?.status, 403, "{path}");
    }
    for path in ["/orders/..%2fadmin", "/orders%2F7", "/orders/%5c7"] {
        assert_eq!(world.call(path, &key.secret).await?.status, 400, "{path}");
    }
    assert!(world.upstream.requests().is_empty());
    assert_eq!(world.call("//orders///7", &key.secret).await?.status, 200);
    let served = world.upstream.take_requests();
    assert_eq!(served.first().map(|call| call.path.as_str()), Some("/orders/7"));
    Ok(())
}

#[tokio::test]
async fn an_expired_key_is_refused_to_the_second_and_put_on_record() -> Result<()> {
    let world = World::start_with_clock().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let expires_at = now() + jiff::SignedDuration::from_hours(1);
    let key = world.key(&client, &json!({ "expires_at": expires_at })).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);

    world.product.set_clock_offset_seconds(3_601)?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 401);
    tollgate_tests::until("the expiry to be on record", std::time::Duration::from_secs(40), async || {
        let key = world.admin.get(&format!("/keys/{}", key.key_id)).await?.json;
        Ok((key["status"] == "expired").then_some(()))
    })
    .await?;
    let audit =
        world.admin.get(&format!("/audit?subject_id={}&action=api_key.expired", key.key_id)).await?.json;
    assert_eq!(audit["items"][0]["actor"]["id"], "system:scheduler", "{audit}");
    Ok(())
}

#[tokio::test]
async fn envoy_asks_over_a_unix_socket_as_over_tcp() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("gateway.sock");
    let mut world = World::start_as(|launch| launch.arg("--gateway-socket").arg(&socket)).await?;
    let envoy = EnvoyProxy::start_at_socket(&socket, world.upstream.port()).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let headers = [("x-api-key", key.secret.as_str())];
    assert_eq!(envoy.call("GET", "/orders", &headers).await?.status, 200);
    let received = world.upstream.take_requests().pop().context("the call reached the upstream")?;
    assert_eq!(received.header("x-tollgate-client-id"), Some(&*client), "{received:?}");
    assert_eq!(envoy.call("GET", "/orders", &[]).await?.status, 401);
    assert!(world.product.terminate().await?.success());
    assert!(!socket.exists(), "it goes with the process");
    assert_eq!(envoy.call("GET", "/orders", &headers).await?.status, 503);
    Ok(())
}

async fn only_the_headers_that_are_asked_for_tell_of_a_decision(door: DoorKind) -> Result<()> {
    let world = World::start_telling(door, "client_id", "ratelimit").await?;
    let client = world.client("Acme", &["orders:read"]).await?;
    world.route("/orders", &["orders:read"]).await?;
    let key = world.key(&client, &json!({})).await?;
    let quotas = json!([{ "name": "yearly", "requests": 1, "period": "year" }]);
    let policy = json!({ "name": "limits", "rates": [], "quotas": quotas });
    world.policy(&policy, &json!({ "client_id": client })).await?;

    let forged =
        [("x-api-key", key.secret.as_str()), ("x-tollgate-scopes", "admin"), ("x-tollgate-key-id", "key_1")];
    let passed = world.envoy.call("GET", "/orders", &forged).await?;
    let refused = world.envoy.call("GET", "/orders", &forged).await?;
    assert_eq!((passed.status, refused.status), (200, 429), "{} {}", passed.body, refused.body);
    for answer in [passed, refused] {
        assert!(answer.header("ratelimit").is_some() && answer.header("ratelimit-policy").is_some());
        assert_eq!(answer.header("x-ratelimit-limit"), None);
    }
    let received = world.upstream.take_requests();
    let call = received.first().context("nothing arrived")?;
    assert_eq!(call.header("x-tollgate-client-id"), Some(client.as_str()));
    for name in ["scopes", "key-id", "environment", "decision-id"] {
        assert_eq!(call.header(&format!("x-tollgate-{name}")), None, "{name}");
    }
    Ok(())
}
