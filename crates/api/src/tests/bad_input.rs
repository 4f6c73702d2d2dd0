//! Every field has a bound and a clear refusal.

use serde_json::{Value, json};

use super::harness::{Fixture, World, client_body, key_body, policy_body, route_body};

/// The body with one member replaced or added.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match member.parse::<usize>() {
        Ok(at) => parent[at] = value,
        Err(_) => parent[member] = value,
    }
    body
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("t{at}")).collect()
}

async fn check(world: &World, path: &str, body: &Value, code: &str, pointer: Option<&str>) {
    let problem = world.post(path, body).refused(422, code).await;
    assert_eq!(problem["pointer"].as_str(), pointer, "{body}: {problem}");
}

/// Each value, put there, is refused with that place named.
async fn invalid(world: &World, path: &str, body: &Value, pointer: &str, values: &[Value]) {
    for value in values {
        let body = with(body.clone(), pointer, value.clone());
        let problem = world.post(path, &body).refused(422, "body_invalid").await;
        let named = problem["pointer"].as_str().unwrap();
        assert!(named.starts_with(pointer), "{value}: {problem}");
    }
}

fn wrong_names() -> Vec<Value> {
    vec![
        json!(""),
        json!(" a"),
        json!("a\n"),
        json!("a\u{202e}"),
        json!("x".repeat(121)),
        json!(1),
        json!(null),
        json!(["a"]),
    ]
}

#[tokio::test]
async fn a_clients_fields_are_bounded() {
    let world = World::new().await;
    let path = "/v1/clients";
    let emails = [
        json!(""),
        json!("ops"),
        json!("ops@host"),
        json!("a b@example.com"),
        json!(format!("{}@example.com", "a".repeat(250))),
    ];
    invalid(&world, path, &client_body(), "/name", &wrong_names()).await;
    invalid(&world, path, &client_body(), "/kind", &[json!("friend"), json!(""), json!(null)]).await;
    invalid(
        &world,
        path,
        &client_body(),
        "/owner",
        &[json!(null), json!(["Payments", "payments@example.com"]), json!({})],
    )
    .await;
    invalid(&world, path, &client_body(), "/owner/email", &emails).await;
    invalid(&world, path, &client_body(), "/contacts/0/email", &emails).await;
    invalid(&world, path, &client_body(), "/contacts/0/name", &wrong_names()).await;
    invalid(&world, path, &client_body(), "/contacts/0/role", &[json!("boss")]).await;
    invalid(
        &world,
        path,
        &client_body(),
        "/environments/0",
        &[json!("p"), json!("Prod"), json!("a_b"), json!("x".repeat(13))],
    )
    .await;
    invalid(
        &world,
        path,
        &client_body(),
        "/scopes/0",
        &[json!(""), json!(":a"), json!("a b"), json!("s".repeat(101))],
    )
    .await;
    invalid(
        &world,
        path,
        &client_body(),
        "/labels/tier",
        &[json!(""), json!("x".repeat(256)), json!(1), json!(null)],
    )
    .await;
}

#[tokio::test]
async fn a_client_has_only_so_many_of_each() {
    let (world, path) = (World::new().await, "/v1/clients");
    check(
        &world,
        path,
        &with(client_body(), "/labels", json!({ "A B": "x" })),
        "body_invalid",
        Some("/labels/A B"),
    )
    .await;
    check(&world, path, &with(client_body(), "/environments", json!([])), "client_needs_environment", None)
        .await;
    check(&world, path, &with(client_body(), "/environments", json!(texts(17))), "too_many_items", None)
        .await;
    check(&world, path, &with(client_body(), "/scopes", json!(texts(201))), "too_many_items", None).await;
    let contacts = vec![client_body()["contacts"][0].clone(); 21];
    check(&world, path, &with(client_body(), "/contacts", json!(contacts)), "too_many_items", None).await;
    let labels: Value = texts(33).into_iter().map(|key| (key, json!("x"))).collect();
    check(&world, path, &with(client_body(), "/labels", labels), "too_many_items", None).await;
}

#[tokio::test]
async fn a_keys_fields_are_bounded() {
    let world = World::new().await;
    let path = format!("/v1/clients/{}/keys", world.client().await);
    let cidrs =
        [json!("10.0.0.1"), json!("10.0.0.0/33"), json!("::/129"), json!("example.com"), json!(""), json!(8)];
    let times = [
        json!("tomorrow"),
        json!("2027-01-01"),
        json!("2027-01-01T00:00:00"),
        json!("2027-02-30T00:00:00Z"),
        json!(0),
    ];
    invalid(&world, &path, &key_body(), "/name", &wrong_names()).await;
    invalid(&world, &path, &key_body(), "/environment", &[json!("p"), json!(null), json!("pröd")]).await;
    invalid(&world, &path, &with(key_body(), "/allowed_cidrs", json!(["::/0"])), "/allowed_cidrs/0", &cidrs)
        .await;
    invalid(&world, &path, &key_body(), "/expires_at", &times).await;
    invalid(&world, &path, &key_body(), "/not_before", &times).await;
    for (field, time, code) in [
        ("/expires_at", "2026-03-01T12:00:00Z", "expiry_not_ahead"),
        ("/expires_at", "1970-01-01T00:00:00Z", "expiry_not_ahead"),
        ("/expires_at", "2100-01-01T00:00:00Z", "expiry_too_far"),
        ("/not_before", "9999-01-01T00:00:00Z", "start_out_of_bounds"),
    ] {
        check(&world, &path, &with(key_body(), field, json!(time)), code, None).await;
    }
    let body = json!({ "name": "k", "environment": "prod", "not_before": "2026-05-01T00:00:00Z", "expires_at": "2026-04-01T00:00:00Z" });
    check(&world, &path, &body, "expiry_not_after_start", None).await;
    let cidrs: Vec<_> = (0..51).map(|at| format!("10.0.{at}.0/24")).collect();
    check(&world, &path, &with(key_body(), "/allowed_cidrs", json!(cidrs)), "too_many_items", None).await;
}

#[tokio::test]
async fn a_routes_fields_are_bounded() {
    let world = World::new().await;
    let (path, body) = ("/v1/routes", route_body("/orders/{id}"));
    let paths = [
        "",
        "orders",
        "/a/../b",
        "/a%2Fb",
        "//",
        "/a//b",
        "/{a}/{a}",
        "/a b",
        "/a?b",
        &format!("/{}", "a".repeat(512)),
    ];
    invalid(&world, path, &body, "/name", &wrong_names()).await;
    invalid(&world, path, &body, "/path", &paths.map(|path| json!(path))).await;
    invalid(&world, path, &body, "/host", &[json!("A.example"), json!("a:80"), json!(""), json!("a..b")])
        .await;
    invalid(
        &world,
        path,
        &body,
        "/methods/0",
        &[json!("get"), json!(""), json!("G T"), json!("X".repeat(17))],
    )
    .await;
    invalid(&world, path, &body, "/cost", &[json!(-1), json!(1.5), json!("1"), json!(4_294_967_296_u64)])
        .await;
    for (pointer, value, code) in [
        ("/methods", json!([]), "route_needs_method"),
        (
            "/methods",
            json!((0..17).map(|at| "ABCDEFGHIJKLMNOPQ"[at..=at].repeat(3)).collect::<Vec<_>>()),
            "too_many_items",
        ),
        ("/required_scopes", json!(texts(21)), "too_many_items"),
        ("/cost", json!(0), "cost_out_of_bounds"),
        ("/cost", json!(1_001), "cost_out_of_bounds"),
    ] {
        check(&world, path, &with(body.clone(), pointer, value), code, None).await;
    }
}

#[tokio::test]
async fn a_policys_fields_are_bounded() {
    let world = World::new().await;
    let path = "/v1/policies";
    let quota = json!({ "name": "monthly", "requests": 1, "period": "month" });
    let body = with(policy_body(), "/quotas", json!([quota]));
    let counts = [json!(-1), json!(1.5), json!("5"), json!(1e30), json!(null)];
    let zones = [json!("Mars/Olympus"), json!(""), json!("+02:00"), json!(null), json!("../etc/passwd")];
    invalid(&world, path, &body, "/name", &wrong_names()).await;
    invalid(
        &world,
        path,
        &body,
        "/rates/0/name",
        &[json!(""), json!("A"), json!("a b"), json!("x".repeat(33))],
    )
    .await;
    invalid(&world, path, &body, "/rates/0/requests", &counts).await;
    invalid(&world, path, &body, "/rates/0/per_seconds", &counts).await;
    invalid(&world, path, &body, "/rates/0/burst", &counts[..4]).await;
    invalid(&world, path, &body, "/quotas/0/requests", &counts).await;
    invalid(&world, path, &body, "/quotas/0/period", &[json!("decade"), json!(1), json!(null)]).await;
    invalid(&world, path, &body, "/quotas/0/window", &[json!("sliding")]).await;
    invalid(&world, path, &body, "/quotas/0/time_zone", &zones).await;
    invalid(&world, path, &body, "/counting", &[json!("team")]).await;
    invalid(&world, path, &body, "/mode", &[json!("warn")]).await;
    let shares = [json!(0), json!(101), json!(-1), json!(80.5), json!("80"), json!(1e9)];
    invalid(&world, path, &with(body.clone(), "/thresholds", json!([80])), "/thresholds/0", &shares).await;
    let rate = policy_body()["rates"][0].clone();
    for (pointer, value, code) in [
        ("/rates/0/requests", json!(0), "limit_out_of_bounds"),
        ("/rates/0/requests", json!(1_000_000_001), "limit_out_of_bounds"),
        ("/rates/0/per_seconds", json!(86_401), "limit_out_of_bounds"),
        ("/rates/0/burst", json!(0), "limit_out_of_bounds"),
        ("/quotas/0/requests", json!(1_000_000_000_001_u64), "limit_out_of_bounds"),
        ("/quotas/0/name", json!("burst"), "limit_name_taken"),
        ("/rates", json!(vec![rate; 9]), "too_many_items"),
        ("/thresholds", json!((1..=11).collect::<Vec<_>>()), "too_many_items"),
    ] {
        check(&world, path, &with(body.clone(), pointer, value), code, None).await;
    }
    check(&world, path, &json!({ "name": "Empty" }), "policy_needs_limit", None).await;
}

#[tokio::test]
async fn a_reason_is_given_and_bounded() {
    let world = World::new().await;
    let Fixture { client, key, route, policy, .. } = world.fixture().await;
    for path in [
        format!("/v1/clients/{client}/suspend"),
        format!("/v1/keys/{key}/revoke"),
        format!("/v1/policies/{policy}/retire"),
    ] {
        for reason in ["", " a", "a\u{0}", &"x".repeat(501)] {
            check(&world, &path, &json!({ "reason": reason }), "body_invalid", Some("/reason")).await;
        }
    }
    check(&world, &format!("/v1/clients/{client}/suspend"), &json!({}), "body_invalid", Some("/reason"))
        .await;
    world.delete(format!("/v1/routes/{route}?reason=%20")).if_match("*").refused(400, "query_invalid").await;
}

#[tokio::test]
async fn unknown_and_repeated_members_are_named() {
    let world = World::new().await;
    check(
        &world,
        "/v1/clients",
        &with(client_body(), "/colour", json!("red")),
        "body_invalid",
        Some("/colour"),
    )
    .await;
    check(
        &world,
        "/v1/clients",
        &with(client_body(), "/owner/phone", json!("1")),
        "body_invalid",
        Some("/owner/phone"),
    )
    .await;
    let twice = client_body().to_string().replacen('{', "{\"name\":\"A\",", 1);
    let problem = world.post("/v1/clients", &json!(null)).body(twice).refused(422, "body_invalid").await;
    assert_eq!(problem["pointer"], "/name");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_malformed() {
    let world = World::new().await;
    let deep = format!("{{\"labels\":{}", "{\"a\":".repeat(100_000));
    let trailing = format!("{} {{}}", client_body());
    let bodies: [&[u8]; 6] =
        [b"", b"{", b"nothing", b"{\"name\":\"\xff\"}", trailing.as_bytes(), b"{\"name\":\"a\",}"];
    for body in bodies {
        world.post("/v1/clients", &json!(null)).body(body.to_vec()).refused(400, "body_malformed").await;
    }
    world.post("/v1/clients", &json!(null)).body(deep).refused(422, "body_invalid").await;
    for body in ["[]", "null", "\"x\"", "5"] {
        let problem = world.post("/v1/clients", &json!(null)).body(body).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], "", "{body}");
    }
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_not_read() {
    let world = World::new().await;
    let pad = |bytes: usize| {
        let body = client_body().to_string();
        format!("{body}{}", " ".repeat(bytes - body.len()))
    };
    world.post("/v1/clients", &json!(null)).body(pad(1024 * 1024)).expect(201).await;
    world.post("/v1/clients", &json!(null)).body(pad(1024 * 1024 + 1)).refused(413, "body_too_large").await;
}
