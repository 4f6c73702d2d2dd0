//! What should be tidied up, as pages and as tables; and who uses which secret of a key.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    KeyId,
    decision::Outcome,
    usage::{Seen, Sighting, UsageBatch, UsageFact},
};
use serde_json::{Value, json};

use super::harness::{World, client_body, content_type, key_body, policy_body, route_body};

/// Calls of one secret of a key, a minute before noon.
struct Used<'a> {
    client: &'a str,
    key: &'a str,
    route: Option<&'a str>,
    version: u32,
    calls: u64,
}

impl World {
    async fn count(&self, used: &[Used<'_>]) {
        let last_at = "2026-03-01T11:59:30Z".parse().unwrap();
        let fact = |used: &Used<'_>| UsageFact {
            minute: "2026-03-01T11:59:00Z".parse::<domain::Timestamp>().unwrap().as_second(),
            client_id: Some(used.client.parse().unwrap()),
            key_id: Some(used.key.parse().unwrap()),
            secret_version: Some(used.version),
            route_id: used.route.map(|route| route.parse().unwrap()),
            environment: "prod".parse().unwrap(),
            outcome: Outcome::Allowed,
            calls: used.calls,
            last_at,
            seconds: vec![],
        };
        let seen = |value: &str, calls| vec![Seen { value: value.to_owned(), calls, last_at }];
        let sighting = |used: &Used<'_>| Sighting {
            key_id: used.key.parse::<KeyId>().unwrap(),
            secret_version: used.version,
            calls: used.calls,
            addresses: seen(&format!("10.0.0.{}", used.version), used.calls),
            user_agents: seen("", used.calls - 1),
        };
        let (node, boot) = ("n".to_owned(), "b".to_owned());
        let (facts, sightings) = (used.iter().map(fact).collect(), used.iter().map(sighting).collect());
        let batch = UsageBatch {
            node,
            boot,
            sequence: 1,
            flushed_at: last_at,
            facts,
            throttled: vec![],
            responses: vec![],
            shadow: vec![],
            quota_levels: vec![],
            sightings,
            addresses: vec![],
            decisions: vec![],
            left_out: domain::usage::DecisionsLeftOut::default(),
        };
        self.usage.append(Some(batch), vec![]).await.unwrap();
        assert!(self.door.api().visibility.wait_for_usage(1, Duration::from_secs(10)).await);
    }

    async fn listed(&self, path: &str) -> Vec<Value> {
        self.get(path).expect(200).await.json()["items"].as_array().unwrap().clone()
    }
}

fn ids(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_rotation_shows_who_uses_which_secret() {
    let world = World::new().await;
    let client = world.client().await;
    let (key, _) = world.key(&client).await;
    world.post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 7_200 })).expect(200).await;
    let used = |version, calls| Used { client: &client, key: &key, route: None, version, calls };
    world.count(&[used(1, 5), used(2, 2)]).await;
    let answer = world.get(format!("/v1/keys/{key}/rotation")).expect(200).await.json();
    assert_eq!(
        (&answer["rotated_at"], &answer["overlap_until"]),
        (&json!("2026-03-01T12:00:00Z"), &json!("2026-03-01T14:00:00Z"))
    );
    let [new, old] = answer["versions"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&new["version"], &new["status"], &new["calls"]), (&json!(2), &json!("current"), &json!(2)));
    let expected = json!({
        "version": 1, "status": "previous", "hint": old["hint"], "since": "2026-03-01T12:00:00Z",
        "until": "2026-03-01T14:00:00Z", "calls": 5, "calls_last_24h": 5, "last_used_at": "2026-03-01T11:59:30Z",
        "last_presented_at": "2026-03-01T11:59:30Z",
        "addresses": [{ "address": "10.0.0.1", "calls": 5, "last_at": "2026-03-01T11:59:30Z" }],
        "user_agents": [{ "user_agent": null, "calls": 4, "last_at": "2026-03-01T11:59:30Z" }],
        "others": { "calls_by_address": 0, "calls_by_user_agent": 1 },
    });
    assert_eq!(*old, expected);
    assert_eq!((&answer["safe_to_retire"]["safe"], &answer["batch_no"]), (&json!(false), &json!(1)));
    world.set_now("2026-03-01T15:00:00Z");
    let answer = world.get(format!("/v1/keys/{key}/rotation")).expect(200).await.json();
    assert_eq!(
        (&answer["versions"][1]["status"], &answer["safe_to_retire"]["safe"]),
        (&json!("retired"), &json!(true))
    );
    world.get(format!("/v1/keys/{key}/rotation?versions=1")).refused(400, "query_invalid").await;
}

#[tokio::test]
async fn keys_to_tidy_up_are_listed_by_what_is_wrong_with_them() {
    let world = World::new().await;
    let client = world.client().await;
    let (busy, _) = world.key(&client).await;
    let (idle, _) = world.key(&client).await;
    let mut ending = key_body();
    ending["expires_at"] = json!("2026-03-08T12:00:00Z");
    let made = world.post(format!("/v1/clients/{client}/keys"), &ending).expect(201).await.json();
    let ending = made["key"]["id"].as_str().unwrap().to_owned();
    world.count(&[Used { client: &client, key: &busy, route: None, version: 1, calls: 2 }]).await;
    let check = async |query: &str, expected: &[&String]| {
        // All were made in the same millisecond: their order is any.
        let found: BTreeSet<String> =
            ids(&world.listed(&format!("/v1/hygiene/keys?{query}")).await, "key_id").into_iter().collect();
        assert_eq!(found, expected.iter().map(|key| (*key).clone()).collect(), "{query}");
    };
    check("list=never_used", &[&idle, &ending]).await;
    check("list=never_used&days=1", &[]).await;
    check("list=never_used&environment=sandbox", &[]).await;
    check("list=without_expiry", &[&busy, &idle]).await;
    check("list=near_expiry&days=7", &[]).await;
    check("list=near_expiry&days=8", &[&ending]).await;
    check("list=unused&days=1", &[]).await;
    check("list=orphaned", &[]).await;
    world.set_now("2026-03-03T12:00:00Z");
    check("list=unused&days=1", &[&busy]).await;
    check("list=unused&days=1&owner_team=Payments", &[&busy]).await;
    check("list=unused&days=1&owner_team=Other", &[]).await;
    world.post(format!("/v1/clients/{client}/archive"), &json!({ "reason": "gone" })).expect(200).await;
    let orphaned = world.listed("/v1/hygiene/keys?list=orphaned").await;
    assert_eq!((orphaned.len(), &orphaned[0]["orphaned_because"]), (3, &json!(["client_archived"])));
    assert_eq!(
        (&orphaned[0]["client_name"], &orphaned[0]["owner_team"]),
        (&json!("Acme"), &json!("Payments"))
    );
}

#[tokio::test]
async fn a_list_goes_on_from_its_cursor_in_either_form() {
    let world = World::new().await;
    let client = world.client().await;
    let mut keys = vec![];
    for _ in 0..3 {
        keys.push(world.key(&client).await.0);
    }
    keys.sort();
    let page = world.get("/v1/hygiene/keys?list=without_expiry&limit=2").expect(200).await.json();
    assert_eq!(ids(page["items"].as_array().unwrap(), "key_id"), keys[..2]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = format!("/v1/hygiene/keys?list=without_expiry&limit=2&cursor={cursor}");
    assert_eq!(ids(&world.listed(&rest).await, "key_id"), keys[2..]);
    let table = world
        .get("/v1/hygiene/keys?list=without_expiry&limit=2")
        .header("accept", "text/csv")
        .expect(200)
        .await;
    assert_eq!(content_type(&table), "text/csv; charset=utf-8; header=present");
    assert_eq!(table.field("tollgate-next-cursor"), Some(cursor));
    let text = table.text();
    assert!(
        text.starts_with("key_id,name,client_id,client_name,owner_team,") && text.lines().count() == 3,
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "{},checkout,{client},Acme,Payments,prod,active,2026-03-01T12:00:00Z,,,,\r\n",
            keys[0]
        )),
        "{text}"
    );
    // A cursor of another list is none of this one.
    world
        .get(format!("/v1/hygiene/keys?list=near_expiry&cursor={cursor}"))
        .refused(400, "cursor_invalid")
        .await;
    world.get(format!("/v1/hygiene/scopes?cursor={cursor}")).refused(400, "cursor_invalid").await;
    world.get("/v1/hygiene/keys?list=unused&cursor=x").refused(400, "cursor_invalid").await;
}

#[tokio::test]
async fn a_name_that_looks_like_a_formula_is_none_in_a_table() {
    let world = World::new().await;
    let mut body = client_body();
    body["name"] = json!("=HYPERLINK(1)");
    let client = world.made("/v1/clients", &body).await;
    world.key(&client).await;
    let table = world.get("/v1/hygiene/keys?list=never_used").header("accept", "text/csv").expect(200).await;
    assert!(table.text().contains(",'=HYPERLINK(1),"), "{}", table.text());
}

#[tokio::test]
async fn a_scope_that_no_call_needed_is_listed_with_the_calls() {
    let world = World::new().await;
    let client = world.client().await;
    let (key, _) = world.key(&client).await;
    let mut body = route_body("/orders/{id}");
    body["required_scopes"] = json!(["orders:read"]);
    let route = world.made("/v1/routes", &body).await;
    world.count(&[Used { client: &client, key: &key, route: Some(&route), version: 1, calls: 7 }]).await;
    let unused = world.listed("/v1/hygiene/scopes").await;
    assert_eq!(ids(&unused, "scope"), ["orders:write"]);
    assert_eq!((&unused[0]["calls"], &unused[0]["would_have_refused"]), (&json!(7), &json!(0)));
    assert_eq!(
        (&unused[0]["from"], &unused[0]["until"]),
        (&json!("2026-01-30T00:00:00Z"), &json!("2026-03-02T00:00:00Z"))
    );
    let all = world.listed("/v1/hygiene/scopes?which=all&from=2026-03-01T00:00:00Z").await;
    let needed = all.iter().find(|item| item["scope"] == "orders:read").unwrap();
    assert_eq!((&needed["would_have_refused"], &needed["routes"][0]["route_id"]), (&json!(7), &json!(route)));
    let before = world.listed("/v1/hygiene/scopes?until=2026-03-01T00:00:00Z").await;
    assert_eq!((before.len(), &before[0]["calls"]), (2, &json!(0)));
    assert!(world.listed("/v1/hygiene/scopes?held_by=keys").await.is_empty());
    let table = world.get("/v1/hygiene/scopes").header("accept", "text/csv").expect(200).await;
    assert!(
        table.text().ends_with(",orders:write,7,0,2026-01-30T00:00:00Z,2026-03-02T00:00:00Z\r\n"),
        "{}",
        table.text()
    );
}

#[tokio::test]
async fn routes_and_policies_that_nobody_needs_are_listed() {
    let world = World::new().await;
    let things = world.fixture().await;
    let idle = world.made("/v1/policies", &policy_body()).await;
    let quiet = world.made("/v1/routes", &route_body("/quiet")).await;
    world.set_now("2026-03-03T12:00:00Z");
    let (client, key) = (&things.client, &things.key);
    world.count(&[Used { client, key, route: Some(&things.route), version: 1, calls: 2 }]).await;
    let routes = world.listed("/v1/hygiene/routes?days=1").await;
    let called: BTreeMap<_, _> = ids(&routes, "route_id")
        .into_iter()
        .zip(routes.iter().map(|route| &route["last_called_at"]))
        .collect();
    let expected = [(things.route.clone(), &json!("2026-03-01T11:59:30Z")), (quiet, &json!(null))];
    assert_eq!(called, expected.into());
    assert!(world.listed("/v1/hygiene/routes?days=3").await.is_empty(), "not there for so long");
    assert_eq!(ids(&world.listed("/v1/hygiene/policies").await, "policy_id"), [idle]);
    for path in ["routes", "policies"] {
        let table =
            world.get(format!("/v1/hygiene/{path}?limit=1")).header("accept", "text/csv").expect(200).await;
        assert!(table.text().contains(",name,"), "{}", table.text());
    }
}

#[tokio::test]
async fn a_list_that_nobody_can_mean_is_refused() {
    let world = World::new().await;
    for query in [
        "keys",
        "keys?list=",
        "keys?list=lost",
        "keys?list=unused&days=0",
        "keys?list=unused&days=3651",
        "keys?list=unused&client_id=x",
        "keys?list=unused&limit=201",
        "scopes?from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:00Z",
        "scopes?from=2024-03-01T12:00:00Z",
        "scopes?held_by=routes",
        "scopes?which=none",
        "routes?client_id=cli_00000000000000000000000001",
        "policies?days=1",
    ] {
        world.get(format!("/v1/hygiene/{query}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn whoever_reaches_some_clients_is_told_what_these_need() {
    let world = World::new().await;
    let things = world.fixture().await;
    world.set_now("2026-03-03T12:00:00Z");
    let (client, key) = (&things.client, &things.key);
    world.count(&[Used { client, key, route: Some(&things.route), version: 1, calls: 2 }]).await;
    let get = async |holder: &str, path: &str| {
        let list = world.get(path).holder(holder).expect(200).await.json();
        list["items"].as_array().unwrap().clone()
    };
    for (holder, called, idle) in [
        ("viewer", json!("2026-03-01T11:59:30Z"), 0),
        ("viewer@Payments", json!("2026-03-01T11:45:00Z"), 0),
        // Nobody's call and nobody's assignment is theirs.
        ("viewer@Travel", Value::Null, 1),
    ] {
        let routes = get(holder, "/v1/hygiene/routes?days=1").await;
        assert_eq!((routes.len(), &routes[0]["last_called_at"]), (1, &called), "{holder}");
        assert_eq!(get(holder, "/v1/hygiene/policies").await.len(), idle, "{holder}");
    }
    world.post(format!("/v1/clients/{client}/archive"), &json!({ "reason": "gone" })).expect(200).await;
    for (holder, findings) in [("viewer", 1), ("viewer@Payments", 1), ("viewer@Travel", 0)] {
        let found = get(holder, &format!("/v1/policies/{}/findings", things.policy)).await;
        let of_client = found.iter().filter(|one| one["code"] == "client_archived").count();
        assert_eq!(of_client, findings, "{holder}: {found:?}");
    }
}
