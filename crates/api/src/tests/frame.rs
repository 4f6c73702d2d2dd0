//! What surrounds every request, and what is asked without a token.

use std::sync::atomic::Ordering;

use axum::{Router, routing::get};
use domain::access::Permission;
use http::{Method, Request};
use serde_json::json;

use super::harness::{World, client_body, content_type};
use crate::protect;

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems() {
    let world = World::new().await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/clients/",
        "/v1//clients",
        "/v1/clients/a/b/c",
        "/console.js",
        "/problems/nothing",
    ] {
        world.get(path).refused(404, "path_not_found").await;
    }
    let answer = world.delete("/v1/clients").expect(405).await;
    assert_eq!(answer.json()["code"], "method_not_allowed");
    let allow = answer.field("allow").unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    world.post("/", &json!({})).refused(405, "method_not_allowed").await;
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    let world = World::new().await;
    let first = world.get("/v1/clients").without("authorization").expect(401).await;
    assert_eq!(first.field("www-authenticate"), Some("Bearer"));
    let said =
        |body: serde_json::Value| (body["code"].clone(), body["detail"].clone(), body["title"].clone());
    for field in [
        "Basic YTpi",
        "Bearer",
        "Bearer x",
        "Bearer tga_admin_x",
        &format!("Bearer {}x", world.admin_token()),
    ] {
        let answer = world
            .get("/v1/clients")
            .without("authorization")
            .header("authorization", field)
            .expect(401)
            .await;
        assert_eq!(said(answer.json()), said(first.json()), "{field}");
    }
    let twice = format!("Bearer {}", world.admin_token());
    world.get("/v1/clients").header("authorization", &twice).expect(401).await;
}

#[tokio::test]
async fn whoami_tells_what_one_may_do() {
    let world = World::new().await;
    let admin = world.get("/v1/whoami").expect(200).await.json();
    assert_eq!((&admin["id"], &admin["roles"]), (&json!("admin"), &json!(["admin"])));
    assert_eq!(admin["permissions"].as_array().unwrap().len(), Permission::ALL.len());
    assert_eq!(world.get("/v1/whoami").nobody().expect(200).await.json()["permissions"], json!([]));
}

#[tokio::test]
async fn a_request_keeps_its_id_or_gets_one() {
    let world = World::new().await;
    let kept = world.get("/v1/whoami").header("x-request-id", "mine-1").expect(200).await;
    assert_eq!(kept.field("x-request-id"), Some("mine-1"));
    let given = world.get("/v1/whoami").header("x-request-id", "no good").expect(200).await;
    assert!(given.field("x-request-id").unwrap().starts_with("req_"));
}

#[tokio::test]
async fn operators_ask_without_a_token() {
    let world = World::new().await;
    let open = |path: &str| world.get(path).without("authorization");
    assert_eq!(open("/healthz").expect(200).await.json(), json!({ "status": "ok" }));
    assert_eq!(open("/readyz").expect(200).await.json()["ready"], true);
    world.ready.store(false, Ordering::Relaxed);
    assert_eq!(open("/readyz").expect(503).await.json()["parts"]["test"]["detail"], "as told");
    let metrics = open("/metrics").expect(200).await;
    assert_eq!(
        (metrics.text(), content_type(&metrics)),
        ("tollgate_up 1\n", "text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(open("/openapi.json").expect(200).await.json(), *super::harness::DOCUMENT);
    assert_eq!(open("/problems/key_revoked").expect(200).await.json()["status"], 409);
}

#[tokio::test]
async fn the_console_runs_nothing_but_its_own() {
    let world = World::new().await;
    for (path, kind) in [("/", "html"), ("/console.css", "css"), ("/console.mjs", "javascript")] {
        let answer = world.get(path).without("authorization").expect(200).await;
        assert_eq!(content_type(&answer), format!("text/{kind}; charset=utf-8"));
        let policy = answer.field("content-security-policy").unwrap();
        assert!(
            policy.contains("script-src 'self'; style-src 'self'")
                && policy.ends_with("frame-ancestors 'none'")
        );
        for inline in
            ["<script>", "<style", " style=", " onclick=", "innerHTML", "http://", "https://", "localStorage"]
        {
            assert!(!answer.text().contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn a_panic_tells_nothing() {
    async fn broken() {
        panic!("the word is swordfish");
    }
    let world = World::new().await;
    let router = crate::frame::framed(Router::new().route("/broken", get(broken)), &world.door);
    let answer = world.answer(router, Request::get("/broken").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((answer.status, &answer.json()["code"]), (500, &json!("internal")));
    assert!(!answer.text().contains("swordfish"));
}

#[tokio::test]
async fn a_closed_log_makes_the_api_unavailable_and_not_wrong() {
    let world = World::new().await;
    world.door.api().log.close().await;
    let answer = world.post("/v1/clients", &client_body()).send().await;
    assert!(answer.status >= 500, "{}", answer.text());
}

#[tokio::test]
async fn other_routers_can_be_put_behind_a_permission() {
    let world = World::new().await;
    let other = Router::new().route("/v1/verify", get(|| async { "verified" }));
    let router = protect(other, world.door.api().clone(), Permission::CallVerify);
    let request = |method: Method, token: Option<&str>| {
        let request = Request::builder().method(method).uri("/v1/verify");
        let request = token
            .iter()
            .fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
        request.body(axum::body::Body::empty()).unwrap()
    };
    let admin = Some(world.admin_token());
    assert_eq!(world.answer(router.clone(), request(Method::GET, admin)).await.text(), "verified");
    assert_eq!(world.answer(router.clone(), request(Method::GET, None)).await.status, 401);
    assert_eq!(world.answer(router.clone(), request(Method::POST, admin)).await.status, 405);
    let nobody = world.answer(router, request(Method::GET, Some(world.nobody_token()))).await;
    assert_eq!((nobody.status, &nobody.json()["permission"]), (403, &json!("call.verify")));
}
