//! Policies are defined, revised, retired, and bound to calls.

use serde_json::json;

use super::harness::{World, because, client_body, policy_body, route_body};

#[tokio::test]
async fn what_is_not_said_of_a_policy_has_its_usual_value() {
    let world = World::new().await;
    let mut body = policy_body();
    body["quotas"] = json!([{ "name": "monthly", "requests": 1000, "period": "month" }]);
    let policy = world.post("/v1/policies", &body).expect(201).await.json();
    assert_eq!(policy["rates"], json!([{ "name": "burst", "requests": 10, "per_seconds": 1, "burst": 10 }]));
    let quota = json!({ "name": "monthly", "requests": 1000, "period": "month", "window": "calendar", "time_zone": "UTC" });
    assert_eq!(policy["quotas"], json!([quota]));
    assert_eq!((&policy["counting"], &policy["mode"]), (&json!("client"), &json!("enforce")));
    assert_eq!((&policy["thresholds"], &policy["assignments"]), (&json!([50, 80, 90, 100]), &json!([])));
    assert_eq!((&policy["revision"], &policy["version"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_policy_is_shown_as_it_was_given() {
    let world = World::new().await;
    let body = json!({
        "name": "Gold", "counting": "key", "mode": "shadow", "thresholds": [50, 90],
        "rates": [{ "name": "fast", "requests": 10, "per_seconds": 60, "burst": 20 }],
        "quotas": [{ "name": "daily", "requests": 5, "period": "day", "window": "rolling", "time_zone": "Europe/Berlin" }],
    });
    let policy = world.post("/v1/policies", &body).expect(201).await.json();
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&policy[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_revision_counts_and_null_is_as_if_never_said() {
    let world = World::new().await;
    let mut body = policy_body();
    body["mode"] = json!("shadow");
    body["thresholds"] = json!([10]);
    let path = format!("/v1/policies/{}", world.made("/v1/policies", &body).await);
    let patch = |body| world.patch(&path, &body).if_match("*");
    let policy = patch(json!({ "mode": null, "thresholds": null, "name": "Other" })).expect(200).await.json();
    assert_eq!(
        (&policy["mode"], &policy["thresholds"], &policy["revision"]),
        (&json!("enforce"), &json!([50, 80, 90, 100]), &json!(2))
    );
    patch(json!({ "rates": null })).refused(422, "policy_needs_limit").await;
    assert_eq!(patch(json!({ "name": null })).refused(422, "body_invalid").await["pointer"], "/name");
}

#[tokio::test]
async fn an_assignment_binds_what_is_there() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/policies/{}/assignments", things.policy);
    let body = json!({
        "client_id": things.client, "route_id": things.route, "environment": "prod",
        "from": "2026-04-01T00:00:00Z", "until": "2026-05-01T00:00:00Z",
    });
    let answer = world.post(&path, &body).expect(201).await;
    let mut assignment = answer.json();
    assert_eq!(assignment.as_object_mut().unwrap().remove("warnings"), Some(json!([])));
    assert_eq!(assignment["policy_id"], things.policy);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&assignment[field], value, "{field}");
    }
    assert_eq!(world.get(answer.field("location").unwrap()).expect(200).await.json(), assignment);
    let policy = world.get(format!("/v1/policies/{}", things.policy)).expect(200).await;
    assert_eq!((policy.etag(), policy.json()["assignments"].as_array().unwrap().len()), (answer.etag(), 2));
}

#[tokio::test]
async fn an_assignment_of_nothing_is_refused() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/policies/{}/assignments", things.policy);
    let (client, route) = (format!("cli_{}", "0".repeat(26)), format!("rte_{}", "0".repeat(26)));
    assert_eq!(
        world.post(&path, &json!({ "client_id": client })).refused(422, "client_not_found").await["pointer"],
        "/client_id"
    );
    assert_eq!(
        world.post(&path, &json!({ "route_id": route })).refused(422, "route_not_found").await["pointer"],
        "/route_id"
    );
    world.post(&path, &json!({ "route_id": things.client })).refused(422, "body_invalid").await;
    let archived = world.made("/v1/clients", &client_body()).await;
    world.post(format!("/v1/clients/{archived}/archive"), &because()).expect(200).await;
    world.post(&path, &json!({ "client_id": archived })).refused(409, "client_archived").await;
    let retired = world.made("/v1/routes", &route_body("/old")).await;
    world.delete(format!("/v1/routes/{retired}")).if_match("*").expect(200).await;
    world.post(&path, &json!({ "route_id": retired })).refused(409, "route_retired").await;
    world
        .post(&path, &json!({ "until": "2026-01-01T00:00:00Z" }))
        .refused(422, "assignment_window_past")
        .await;
    let window = json!({ "from": "2026-06-01T00:00:00Z", "until": "2026-05-01T00:00:00Z" });
    world.post(&path, &window).refused(422, "assignment_window_empty").await;
    let same =
        world.post(&path, &json!({ "client_id": things.client })).refused(409, "already_assigned").await;
    assert_eq!(same["assignment_id"], things.assignment);
}

#[tokio::test]
async fn a_policy_is_retired_once_it_binds_nobody() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/policies/{}", things.policy);
    let retire = || world.call(http::Method::POST, format!("{path}/retire"));
    assert_eq!(retire().refused(409, "policy_still_assigned").await["assignments"], 1);
    world
        .delete(format!("{path}/assignments/{}?reason=over", things.assignment))
        .if_match("*")
        .expect(204)
        .await;
    world.get(format!("{path}/assignments/{}", things.assignment)).refused(404, "assignment_not_found").await;
    let gone = world.delete(format!("{path}/assignments/{}", things.assignment)).if_match("*");
    assert_eq!(gone.refused(404, "assignment_not_found").await["assignment_id"], things.assignment);
    // A reason may be given, but need not.
    assert_eq!(retire().expect(200).await.json()["status"], "retired");
    world.patch(&path, &json!({ "mode": "shadow" })).if_match("*").refused(409, "policy_retired").await;
    world.post(format!("{path}/assignments"), &json!({})).refused(409, "policy_retired").await;
}

#[tokio::test]
async fn an_assignment_belongs_to_its_policy() {
    let world = World::new().await;
    let things = world.fixture().await;
    let other = world.made("/v1/policies", &policy_body()).await;
    let path = format!("/v1/policies/{other}/assignments/{}", things.assignment);
    world.get(&path).refused(404, "assignment_not_found").await;
    world.delete(&path).if_match("*").refused(404, "assignment_not_found").await;
    world.get(format!("/v1/policies/{other}/assignments/asg_x")).refused(404, "assignment_not_found").await;
}

fn codes(found: &serde_json::Value) -> Vec<(&str, Option<&str>)> {
    let told = found.as_array().unwrap().iter();
    told.map(|found| (found["code"].as_str().unwrap(), found["pointer"].as_str())).collect()
}

#[tokio::test]
async fn a_policy_that_contradicts_itself_is_defined_and_said_to() {
    let world = World::new().await;
    let mut body = policy_body();
    body["rates"] = json!([{ "name": "burst", "requests": 1, "per_seconds": 1, "burst": 50 }]);
    body["quotas"] = json!([{ "name": "daily", "requests": 30, "period": "day" }]);
    let policy = world.post("/v1/policies", &body).expect(201).await.json();
    let expected = [("quota_below_burst", Some("/quotas/0"))];
    assert_eq!(codes(&policy["warnings"]), expected);
    assert!(policy["warnings"][0]["message"].as_str().unwrap().contains("`daily` grants 30"), "{policy}");
    let path = format!("/v1/policies/{}", policy["id"].as_str().unwrap());
    let found = world.get(format!("{path}/findings")).expect(200).await.json();
    assert_eq!(codes(&found["items"]), expected);
    let rehearsed = world.post("/v1/policies?dry_run=true", &body).expect(200).await.json();
    assert!(codes(&rehearsed["warnings"]).contains(&expected[0]), "{rehearsed}");
    let patch = |query, body| world.patch(format!("{path}{query}"), &body).if_match("*");
    let quotas = json!({ "quotas": [{ "name": "daily", "requests": 90_050, "period": "day" }] });
    let never = ("limit_never_reached", Some("/quotas/0"));
    let rehearsed = patch("?dry_run=true", quotas.clone()).expect(200).await.json();
    assert!(codes(&rehearsed["warnings"]).contains(&never), "{rehearsed}");
    assert_eq!(codes(&patch("", quotas).expect(200).await.json()["warnings"]), [never]);
    let right = json!({ "quotas": [{ "name": "daily", "requests": 1000, "period": "day" }] });
    assert_eq!(patch("", right).expect(200).await.json()["warnings"], json!([]));
}

#[tokio::test]
async fn an_assignment_says_what_it_comes_to_among_others() {
    let world = World::new().await;
    let things = world.fixture().await;
    let other = world.made("/v1/policies", &policy_body()).await;
    let path = format!("/v1/policies/{other}/assignments");
    let body = json!({ "client_id": things.client });
    let rehearsed = world.post(format!("{path}?dry_run=true"), &body).expect(200).await.json();
    assert!(codes(&rehearsed["warnings"]).contains(&("assignment_overrides", None)), "{rehearsed}");
    let assigned = world.post(&path, &body).expect(201).await.json();
    assert_eq!(codes(&assigned["warnings"]), [("assignment_overrides", None)]);
    assert_eq!(assigned["level"], "client");
    let found = async |policy: &str| {
        world.get(format!("/v1/policies/{policy}/findings")).expect(200).await.json()["items"].clone()
    };
    assert_eq!(codes(&found(&things.policy).await), [("assignment_never_wins", Some("/assignments/0"))]);
    assert_eq!(codes(&found(&other).await), [("assignment_overrides", Some("/assignments/0"))]);
    let misplaced = world.post(&path, &json!({ "client_id": things.client, "environment": "dev" }));
    assert_eq!(codes(&misplaced.expect(201).await.json()["warnings"]), [("environment_not_held", None)]);
    let dear = json!({ "name": "Export", "methods": ["POST"], "path": "/exports", "cost": 11 });
    let dear = world.made("/v1/routes", &dear).await;
    let bound = world.post(&path, &json!({ "route_id": dear })).expect(201).await.json();
    assert_eq!(codes(&bound["warnings"]), [("cost_never_fits", None)]);
}

#[tokio::test]
async fn an_environments_default_is_an_assignment_of_nothing_but_the_environment() {
    let world = World::new().await;
    let policy = world.made("/v1/policies", &policy_body()).await;
    let path = format!("/v1/policies/{policy}/assignments");
    for (body, level) in [(json!({ "environment": "prod" }), "environment"), (json!({}), "default")] {
        let assigned = world.post(&path, &body).expect(201).await.json();
        assert_eq!((&assigned["level"], &assigned["warnings"]), (&json!(level), &json!([])));
    }
    let shown = world.get(format!("/v1/policies/{policy}")).expect(200).await.json();
    let levels: Vec<_> =
        shown["assignments"].as_array().unwrap().iter().map(|a| a["level"].clone()).collect();
    // Both were made in one millisecond: which comes first is drawn.
    assert!(
        levels.len() == 2 && levels.contains(&json!("environment")) && levels.contains(&json!("default"))
    );
}
