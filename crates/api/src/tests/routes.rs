//! Routes are defined, revised and retired; no two take the same call.

use serde_json::json;

use super::harness::{World, route_body};

#[tokio::test]
async fn a_route_is_shown_as_it_was_given() {
    let world = World::new().await;
    let body = json!({
        "name": "Change an order", "host": "api.example.com", "methods": ["PUT", "PATCH"], "path": "/orders/{id}",
        "required_scopes": ["orders:write"], "cost": 5,
    });
    let route = world.post("/v1/routes", &body).expect(201).await.json();
    for field in ["name", "host", "path", "required_scopes", "cost"] {
        assert_eq!(route[field], body[field], "{field}");
    }
    assert_eq!((&route["methods"], &route["status"]), (&json!(["PATCH", "PUT"]), &json!("active")));
    let route = world.post("/v1/routes", &route_body("/")).expect(201).await.json();
    assert_eq!(
        (&route["host"], &route["required_scopes"], &route["cost"]),
        (&json!(null), &json!([]), &json!(1))
    );
}

#[tokio::test]
async fn a_route_may_have_several_hosts() {
    let world = World::new().await;
    let mut body = route_body("/orders/{id}");
    body["hosts"] = json!(["b.example.com", "*.example.com", "a.example.com"]);
    let route = world.post("/v1/routes", &body).expect(201).await.json();
    let sorted = json!(["*.example.com", "a.example.com", "b.example.com"]);
    assert_eq!((&route["hosts"], &route["host"]), (&sorted, &json!("*.example.com")));
    for host in ["a.example.com", "*.example.com"] {
        let found = world.get(format!("/v1/routes?host={host}")).expect(200).await.json();
        assert_eq!(found["items"][0]["id"], route["id"], "{host}");
    }
    assert_eq!(world.get("/v1/routes?host=c.example.com").expect(200).await.json()["items"], json!([]));
    // One host in common is enough.
    body["hosts"] = json!(["b.example.com", "z.example.com"]);
    world.post("/v1/routes", &body).refused(409, "route_overlaps").await;
    body["hosts"] = json!(["z.example.com"]);
    world.post("/v1/routes", &body).expect(201).await;
    body["hosts"] = json!([]);
    world.post("/v1/routes", &body).expect(201).await;
    let path = format!("/v1/routes/{}", route["id"].as_str().unwrap());
    let patch = |body| world.patch(&path, &body).if_match("*");
    patch(json!({ "hosts": ["c.example.com", "z.example.com"] })).refused(409, "route_overlaps").await;
    patch(json!({ "hosts": null })).refused(409, "route_overlaps").await;
    let route = patch(json!({ "host": "c.example.com" })).expect(200).await.json();
    assert_eq!(route["hosts"], json!(["c.example.com"]));
    let both = json!({ "host": "c.example.com", "hosts": ["d.example.com"] });
    assert_eq!(patch(both).refused(422, "body_invalid").await["pointer"], "/hosts");
    body["host"] = json!("c.example.com");
    assert_eq!(world.post("/v1/routes", &body).refused(422, "body_invalid").await["pointer"], "/hosts");
}

#[tokio::test]
async fn a_route_may_let_a_header_say_what_a_call_costs() {
    let world = World::new().await;
    let mut body = route_body("/exports");
    body["cost"] = json!(2);
    body["cost_from_header"] = json!({ "name": "x-call-cost", "max": 50 });
    let route = world.post("/v1/routes", &body).expect(201).await.json();
    assert_eq!(route["cost_from_header"], body["cost_from_header"]);
    let path = format!("/v1/routes/{}", route["id"].as_str().unwrap());
    let patch = |body| world.patch(&path, &body).if_match("*");
    patch(json!({ "cost": 51 })).refused(422, "cost_above_header_max").await;
    assert_eq!(
        patch(json!({ "cost_from_header": null })).expect(200).await.json()["cost_from_header"],
        json!(null)
    );
    body["path"] = json!("/others");
    for (header, code) in [
        (json!({ "name": "x-call-cost", "max": 1 }), "cost_above_header_max"),
        (json!({ "name": "x-call-cost", "max": 1001 }), "cost_out_of_bounds"),
        (json!({ "name": "X-Call-Cost", "max": 5 }), "body_invalid"),
        (json!({ "name": "x-call-cost" }), "body_invalid"),
        (json!({ "name": "x-call-cost", "max": 5, "default": 1 }), "body_invalid"),
    ] {
        body["cost_from_header"] = header;
        world.post("/v1/routes", &body).refused(422, code).await;
    }
}

#[tokio::test]
async fn two_routes_do_not_take_the_same_call() {
    let world = World::new().await;
    let first = world.made("/v1/routes", &route_body("/orders/{id}")).await;
    let mut other = route_body("/orders/{order}");
    other["methods"] = json!(["GET", "PUT"]);
    let problem = world.post("/v1/routes", &other).refused(409, "route_overlaps").await;
    assert_eq!(
        (&problem["route_id"], &problem["methods"], &problem["path"]),
        (&json!(first), &json!(["GET"]), &json!("/orders/{id}"))
    );
    other["methods"] = json!(["PUT"]);
    let second = world.made("/v1/routes", &other).await;
    let patch = |body| world.patch(format!("/v1/routes/{second}"), &body).if_match("*");
    patch(json!({ "methods": ["GET"] })).refused(409, "route_overlaps").await;
    patch(json!({ "methods": ["GET"], "host": "api.example.com" })).expect(200).await;
    patch(json!({ "host": null })).refused(409, "route_overlaps").await;
    patch(json!({ "name": "Itself is no other" })).expect(200).await;
    world.delete(format!("/v1/routes/{first}")).if_match("*").expect(200).await;
    patch(json!({ "host": null })).expect(200).await;
}

#[tokio::test]
async fn of_two_at_once_one_is_defined() {
    let world = World::new().await;
    let body = route_body("/orders");
    let (one, two) =
        tokio::join!(world.post("/v1/routes", &body).send(), world.post("/v1/routes", &body).send());
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn a_route_is_checked_against_what_reads_do_not_show_yet() {
    let mut world = World::new().await;
    world.halt_projections().await;
    world.post("/v1/routes", &route_body("/a")).expect(202).await;
    world.post("/v1/routes", &route_body("/a")).refused(503, "unavailable").await;
}

#[tokio::test]
async fn a_patch_changes_a_route_and_null_is_as_if_never_said() {
    let world = World::new().await;
    let mut body = route_body("/a");
    body["required_scopes"] = json!(["a"]);
    body["cost"] = json!(3);
    let path = format!("/v1/routes/{}", world.made("/v1/routes", &body).await);
    let patch = |body| world.patch(&path, &body).if_match("*");
    let route =
        patch(json!({ "cost": null, "required_scopes": null, "path": "/b" })).expect(200).await.json();
    assert_eq!(
        (&route["cost"], &route["required_scopes"], &route["path"]),
        (&json!(1), &json!([]), &json!("/b"))
    );
    for field in ["name", "methods", "path"] {
        assert_eq!(
            patch(json!({ field: null })).refused(422, "body_invalid").await["pointer"],
            format!("/{field}")
        );
    }
}

#[tokio::test]
async fn a_retired_route_stays_retired() {
    let world = World::new().await;
    let path = format!("/v1/routes/{}", world.made("/v1/routes", &route_body("/a")).await);
    let route =
        world.delete(format!("{path}?reason=moved%20away")).if_match("\"1\"").expect(200).await.json();
    assert_eq!(route["status"], "retired");
    assert_eq!(world.get("/v1/audit/2").expect(200).await.json()["reason"], "moved away");
    world.delete(&path).if_match("\"2\"").expect(200).await;
    world.patch(&path, &json!({ "cost": 2 })).if_match("*").refused(409, "route_retired").await;
    world.made("/v1/routes", &route_body("/a")).await;
}
