//! Who can call what, now and then.

use serde_json::{Value, json};

use super::harness::{World, because};
use crate::Settings;

/// The fixture's key, its route and its policy: the one line of the report.
async fn one_line(world: &World) -> (super::harness::Fixture, Value) {
    let things = world.fixture().await;
    let report = world.get("/v1/access-report").expect(200).await.json();
    assert_eq!(report["items"].as_array().unwrap().len(), 1);
    (things, report["items"][0].clone())
}

#[tokio::test]
async fn the_report_names_key_route_and_limits() {
    let world = World::new().await;
    let (things, line) = one_line(&world).await;
    assert_eq!((&line["key_id"], &line["route_id"]), (&json!(things.key), &json!(things.route)));
    assert_eq!((&line["owner_team"], &line["environment"]), (&json!("Payments"), &json!("prod")));
    let limit = &line["limits"][0];
    assert_eq!(limit["assignment_id"], json!(things.assignment));
    assert_eq!(
        (&limit["kind"], &limit["mode"], &limit["name"]),
        (&json!("rate"), &json!("enforce"), &json!("burst"))
    );
    assert_eq!(limit["says"], "10 per 1 s, burst 10, by client");
    for (query, lines) in [
        (format!("client_id={}", things.client), 1),
        (format!("key_id={}&route_id={}", things.key, things.route), 1),
        ("environment=sandbox".to_owned(), 0),
        ("owner_team=Payments".to_owned(), 1),
        ("owner_team=Billing".to_owned(), 0),
    ] {
        let report = world.get(format!("/v1/access-report?{query}")).expect(200).await.json();
        assert_eq!(report["items"].as_array().unwrap().len(), lines, "{query}");
    }
    world.get("/v1/access-report?cursor=eA").refused(400, "cursor_invalid").await;
    world.get("/v1/access-report?team=x").refused(400, "query_invalid").await;
}

#[tokio::test]
async fn the_report_is_a_table_too() {
    let world = World::new().await;
    let (things, _) = one_line(&world).await;
    let csv = world.get("/v1/access-report").header("accept", "text/csv").expect(200).await;
    let text = csv.text();
    let mut lines = text.split("\r\n");
    assert!(lines.next().unwrap().starts_with("key_id,key_name,client_id,"));
    let line = lines.next().unwrap();
    assert!(line.starts_with(&format!("{},checkout,{},Acme,Payments,prod,", things.key, things.client)));
    assert!(line.ends_with(r#","burst: 10 per 1 s, burst 10, by client [Standard r1]""#), "{line}");
    let small = World::with(Settings { report_rows_max: 0, ..Settings::default() }).await;
    small.fixture().await;
    let refused = small.get("/v1/access-report").header("accept", "text/csv");
    refused.refused(422, "report_too_large").await;
    small.get("/v1/access-report/changes?from=0").refused(422, "report_too_large").await;
}

#[tokio::test]
async fn the_report_of_the_past_is_judged_by_its_time() {
    let world = World::new().await;
    let (things, line) = one_line(&world).await;
    let before = world.door.api().log.head().get();
    world.set_now("2026-03-01T13:00:00Z");
    world.post(format!("/v1/keys/{}/suspend", things.key), &because()).expect(200).await;
    let items = |report: Value| report["items"].clone();
    assert_eq!(items(world.get("/v1/access-report").expect(200).await.json()), json!([]));
    let then = world.get(format!("/v1/access-report?as_of={before}")).expect(200).await;
    assert_eq!(then.field("tollgate-as-of"), Some(before.to_string().as_str()));
    assert_eq!(then.json()["at"], "2026-03-01T12:00:00Z");
    assert_eq!(items(then.json()), json!([line]));
    let then = world.get("/v1/access-report?as_of=2026-03-01T12:30:00Z").expect(200).await;
    assert_eq!(
        (then.json()["at"].clone(), items(then.json())),
        (json!("2026-03-01T12:30:00Z"), json!([line]))
    );
    world.get("/v1/access-report?as_of=2026-03-01T13:00:01Z").refused(400, "as_of_ahead").await;
}

#[tokio::test]
async fn what_has_changed_between_two_moments_is_told() {
    let world = World::new().await;
    let (things, line) = one_line(&world).await;
    let first = world.door.api().log.head().get();
    let changes = async |from: u64, until: Option<u64>| {
        let until = until.map(|until| format!("&until={until}")).unwrap_or_default();
        let path = format!("/v1/access-report/changes?from={from}{until}");
        world.get(path).expect(200).await.json()["items"].clone()
    };
    assert_eq!(changes(first, None).await, json!([]), "nothing has");
    let gained = changes(0, Some(first)).await;
    assert_eq!(
        (&gained[0]["change"], &gained[0]["before"], &gained[0]["after"]),
        (&json!("gained"), &Value::Null, &line)
    );
    let rates = json!({ "rates": [{ "name": "burst", "requests": 5, "per_seconds": 1 }] });
    world.patch(format!("/v1/policies/{}", things.policy), &rates).if_match("*").expect(200).await;
    let second = world.door.api().log.head().get();
    let changed = changes(first, None).await;
    assert_eq!(changed[0]["change"], "changed");
    assert_eq!(changed[0]["before"]["limits"][0]["policy_revision"], 1);
    assert_eq!(changed[0]["after"]["limits"][0]["says"], "5 per 1 s, burst 5, by client");
    world.post(format!("/v1/keys/{}/revoke", things.key), &because()).expect(200).await;
    let lost = changes(second, None).await;
    assert_eq!((&lost[0]["change"], &lost[0]["after"]), (&json!("lost"), &Value::Null));
    assert_eq!(changes(second, Some(first)).await[0]["change"], "changed", "backwards too");
    let path = format!("/v1/access-report/changes?from={first}");
    let csv = world.get(path).header("accept", "text/csv").expect(200).await;
    let csv = csv.text();
    assert!(
        csv.split("\r\n").nth(1).unwrap().starts_with(&format!("lost,{},checkout,", things.key)),
        "{csv}"
    );
    world.get("/v1/access-report/changes").refused(400, "query_invalid").await;
}

#[tokio::test]
async fn a_team_is_told_of_its_own_access() {
    let world = World::new().await;
    let (_, line) = one_line(&world).await;
    let (account, token) = world.account("Billing").await;
    let scope = |team: &str| json!({ "kind": "limited", "team": team });
    world.grant(&account, "operator", &scope("Billing")).await;
    let seen = async |token: &str, path: &str| {
        world.get(path).token(token).expect(200).await.json()["items"].clone()
    };
    assert_eq!(seen(&token, "/v1/access-report").await, json!([]));
    assert_eq!(seen(&token, "/v1/access-report/changes?from=0").await, json!([]));
    world.grant(&account, "operator", &scope("Payments")).await;
    assert_eq!(seen(&token, "/v1/access-report").await, json!([line]));
}

#[tokio::test]
async fn grants_and_principals_are_shown_as_they_stood() {
    let world = World::new().await;
    let (account, _) = world.account("Payments").await;
    let grant = world.grant(&account, "viewer", &json!({ "kind": "all" })).await;
    let given = world.door.api().log.head().get();
    world.delete(format!("/v1/grants/{grant}?reason=moved")).if_match("*").expect(200).await;
    world.post(format!("/v1/service-accounts/{account}/disable"), &because()).expect(200).await;
    let now = world.get(format!("/v1/grants/{grant}")).expect(200).await.json();
    assert_eq!(now["status"], "withdrawn");
    for path in [format!("/v1/grants/{grant}"), format!("/v1/service-accounts/{account}")] {
        let then = world.get(format!("{path}?as_of={given}")).expect(200).await.json();
        assert!(["given", "enabled", "active"].contains(&then["status"].as_str().unwrap()), "{then}");
    }
    let list = |path: &str| format!("/v1/{path}?as_of={given}");
    let then = world.get(list("grants")).expect(200).await;
    assert_eq!(then.field("tollgate-as-of"), Some(given.to_string().as_str()));
    assert_eq!(then.json()["items"][0]["status"], "given");
    assert_eq!(
        world.get(list("service-accounts")).expect(200).await.json()["items"].as_array().unwrap().len(),
        1
    );
    assert_eq!(world.get(list("principals")).expect(200).await.json()["items"], json!([]));
    world.get(format!("/v1/grants/{grant}?as_of=0")).refused(404, "grant_not_found").await;
}
