//! Who may do what, asked of the router itself: each operation by each role, and two teams that see nothing of each other.

use domain::access::{Permission, Role};
use http::Method;
use serde_json::{Value, json};

use super::{
    documented::{NONE, operations, sample},
    harness::{DOCUMENT, Fixture, World, because, client_body, key_body, policy_body, route_body},
};

fn permission(name: &str) -> Permission {
    Permission::ALL.into_iter().find(|permission| permission.as_str() == name).unwrap()
}

/// Operations that show what everybody does, and so are for those who see everything.
const OF_EVERYBODY: [&str; 6] = [
    "export_audit",
    "list_deliveries",
    "list_mail_addresses",
    "mark_mail_addresses",
    "reconcile_usage",
    "unmark_mail_addresses",
];
/// A second permission is asked for, or a hold on everything.
const ASK_FOR_MORE: [&str; 9] = [
    "plan_scheduled_change",
    "cancel_scheduled_change",
    "cancel_operation",
    // What is waited for, too, or one's own.
    "approve_approval",
    "decline_approval",
    "withdraw_approval",
    // For oneself.
    "open_break_glass",
    "close_break_glass",
    "rotate_person_token",
];

#[tokio::test]
async fn every_operation_answers_each_role_as_the_table_says() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let mut asked = 0;
    for (operation, _, needed) in operations() {
        let Some(needed) = needed else { continue };
        for role in Role::ALL {
            let sample = sample(&operation, &things);
            // A write is rehearsed, so that the next one finds what it is about.
            let asked_for = if sample.method == Method::GET { sample } else { sample.asking("dry_run=true") };
            let answer = asked_for.call(&world).holder(role.as_str()).send().await;
            let refused = answer.status == 403;
            if !role.holds(permission(&needed)) {
                assert_eq!(answer.status, 403, "{operation} by {role:?}: {}", answer.text());
                assert_eq!(answer.json()["code"], "permission_denied", "{operation} by {role:?}");
            } else if !ASK_FOR_MORE.contains(&operation.as_str()) {
                assert!(!refused, "{operation} by {role:?}: {}", answer.text());
                assert_ne!(answer.status, 401, "{operation} by {role:?}");
            }
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
}

#[tokio::test]
async fn what_belongs_to_nobody_is_seen_and_not_changed_by_a_limited_grant() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let (route, policy) = (format!("/v1/routes/{}", things.route), format!("/v1/policies/{}", things.policy));
    for path in [&route, &policy] {
        world.get(path).holder("admin@Travel").expect(200).await;
        let body = json!({ "name": "Other" });
        let call = world.patch(path, &body).if_match("*").holder("admin@Travel");
        call.refused(403, "permission_denied").await;
    }
    let call = world.post("/v1/routes", &route_body("/other")).holder("policy_manager@Payments");
    call.refused(403, "permission_denied").await;
    let call = world.post("/v1/policies", &policy_body()).holder("policy_manager@prod");
    call.refused(403, "permission_denied").await;
    world.post("/v1/routes", &route_body("/other")).holder("policy_manager").expect(201).await;
}

/// A client of the team Travel in `test`, with a key that was reported, suspended for later and counted.
async fn travel(world: &World) -> (String, String) {
    let mut body = client_body();
    body["name"] = json!("Voyages");
    body["owner"] = json!({ "team": "Travel", "email": "travel@example.com" });
    body["environments"] = json!(["test"]);
    let client = world.made("/v1/clients", &body).await;
    let mut body = key_body();
    body["environment"] = json!("test");
    let made = world.post(format!("/v1/clients/{client}/keys"), &body).expect(201).await.json();
    let (key, secret) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    world.holders.know(secret, key, 1);
    world.report(&json!({ "tokens": [{ "token": secret }] })).expect(200).await;
    let change = super::harness::suspension_body(key);
    world.made("/v1/scheduled-changes", &change).await;
    (client, key.to_owned())
}

/// The lists that anybody may ask for, with what makes each of them full.
fn lists() -> Vec<(String, String, Permission)> {
    let mut lists = vec![];
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let (Some(get), false) = (item.get("get"), path.contains('{')) else { continue };
        let needed = get["x-tollgate-permission"].as_str().filter(|said| !said.starts_with(NONE));
        let Some(needed) = needed else { continue };
        let query = match path.as_str() {
            "/v1/hygiene/keys" => "?list=never_used",
            "/v1/reports/usage" => "?group_by=client",
            "/v1/access-report/changes" => "?from=0",
            "/v1/audit/consistency" => "?from=1",
            "/v1/usage/current" => continue,
            _ => "",
        };
        let operation = get["operationId"].as_str().unwrap().to_owned();
        lists.push((operation, format!("{path}{query}"), permission(needed)));
    }
    lists
}

async fn whole_list(world: &World, path: &str, holder: &str) -> (u16, String) {
    let (mut text, mut cursor) = (String::new(), Value::Null);
    loop {
        let and = if path.contains('?') { '&' } else { '?' };
        let next = cursor.as_str().map(|cursor| format!("{and}cursor={cursor}")).unwrap_or_default();
        let answer = world.get(format!("{path}{next}")).holder(holder).send().await;
        text.push_str(answer.text());
        if answer.status != 200 {
            return (answer.status, text);
        }
        cursor = answer.json()["next_cursor"].clone();
        if cursor.is_null() {
            return (200, text);
        }
    }
}

/// What is Payments' own.
fn own(things: &Fixture) -> Vec<String> {
    let Fixture { client, key, change, leak, operation, account, webhook, notification_rule, .. } = things;
    [client, key, change, leak, operation, account, webhook, notification_rule].map(Clone::clone).into()
}

#[tokio::test]
async fn no_list_shows_a_team_or_an_environment_anything_of_another() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let (client, key) = travel(&world).await;
    world.set_now("2026-06-01T12:00:00Z");
    super::reports::count_calls(&world, 3).await;
    world.shown().await;
    world.sign().await;
    let theirs = [client.as_str(), key.as_str()];
    let mut shown = std::collections::BTreeSet::new();
    for (operation, path, needed) in lists() {
        for role in Role::ALL.into_iter().filter(|role| role.holds(needed)) {
            for scope in ["Travel", "test"] {
                let holder = format!("{}@{scope}", role.as_str());
                let (status, text) = whole_list(&world, &path, &holder).await;
                let whole = OF_EVERYBODY.contains(&operation.as_str())
                    || needed.access() != domain::access::Access::Read;
                assert_eq!(status, if whole { 403 } else { 200 }, "{operation} by {holder}: {text}");
                for foreign in own(&things) {
                    assert!(!text.contains(&foreign), "{operation} by {holder}: {text}");
                }
                assert!(!text.contains("payments@example.com"), "{operation} by {holder}: {text}");
                if theirs.iter().any(|own| text.contains(own)) {
                    shown.insert(operation.clone());
                }
            }
        }
    }
    // That nothing is shown at all would prove nothing.
    for list in [
        "list_clients",
        "list_keys",
        "list_audit",
        "list_leaks",
        "list_scheduled_changes",
        "list_hygiene_keys",
        "list_hygiene_scopes",
    ] {
        assert!(shown.contains(list), "{list}: {shown:?}");
    }
}

#[tokio::test]
async fn what_is_out_of_sight_is_answered_like_what_is_not_there() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let foreign = own(&things);
    let mut asked = 0;
    for (operation, _, needed) in operations() {
        let sample = sample(&operation, &things);
        if needed.is_none() || !foreign.iter().any(|id| sample.path.contains(id.as_str())) {
            continue;
        }
        for scope in ["Travel", "test"] {
            let holder = format!("admin@{scope}");
            let answer = sample.call(&world).holder(&holder).send().await;
            let expected = if operation == "show_current_usage" { 422 } else { 404 };
            // Each row is refused, like that of a client that is not there.
            let expected = if operation == "import_keys" { 201 } else { expected };
            assert_eq!(answer.status, expected, "{operation} by {holder}: {}", answer.text());
            let absent = sample.missing().call(&world).holder(&holder).send().await;
            if expected == 404 {
                assert_eq!(answer.json()["code"], absent.json()["code"], "{operation}");
                assert_eq!(answer.json()["detail"], absent.json()["detail"], "{operation}");
            }
        }
        asked += 1;
    }
    assert!(asked >= 20, "{asked}");
}

#[tokio::test]
async fn what_is_seen_and_may_not_be_done_is_refused() {
    let world = World::new().await;
    let things = world.fixture().await;
    let client = format!("/v1/clients/{}", things.client);
    world.get(&client).holder("viewer@Payments").expect(200).await;
    let issue = format!("{client}/keys");
    world.post(&issue, &key_body()).holder("viewer@Payments").refused(403, "permission_denied").await;
    world.post(&issue, &key_body()).holder("operator@Payments").expect(201).await;
    // The client lies in `sandbox` too: seen by who sees `prod`, and changed by nobody who holds that alone.
    world.get(&client).holder("operator@prod").expect(200).await;
    let rename = json!({ "name": "Other" });
    let call = world.patch(&client, &rename).if_match("*").holder("operator@prod");
    call.refused(403, "permission_denied").await;
    world.post(&issue, &key_body()).holder("operator@prod").expect(201).await;
    let mut sandbox = key_body();
    sandbox["environment"] = json!("sandbox");
    world.post(&issue, &sandbox).holder("operator@prod").refused(403, "permission_denied").await;
    world.patch(&client, &rename).if_match("*").holder("operator@Payments").expect(200).await;
}

#[tokio::test]
async fn nobody_hands_a_client_on_beyond_their_own_reach() {
    let world = World::new().await;
    let things = world.fixture().await;
    let client = format!("/v1/clients/{}", things.client);
    let give_away = json!({ "owner": { "team": "Travel", "email": "travel@example.com" } });
    let call = world.patch(&client, &give_away).if_match("*").holder("operator@Payments");
    call.refused(403, "permission_denied").await;
    let mut foreign = client_body();
    foreign["owner"]["team"] = json!("Travel");
    world.post("/v1/clients", &foreign).holder("operator@Payments").refused(403, "permission_denied").await;
    world.patch(&client, &give_away).if_match("*").holder("operator").expect(200).await;
}

#[tokio::test]
async fn an_order_on_many_keys_touches_only_what_is_in_reach() {
    let world = World::new().await;
    let things = world.fixture().await;
    let (_, key) = travel(&world).await;
    let order = json!({ "filter": { "status": "active" }, "reason": "as agreed" });
    let ordered =
        world.post("/v1/keys/suspend", &order).holder("security_officer@Payments").expect(201).await;
    world.work().await;
    let status = async |id: &str| {
        world.get(format!("/v1/keys/{id}")).expect(200).await.json()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (status(&things.key).await, status(&key).await),
        ("suspended".to_owned(), "active".to_owned())
    );
    let operation = format!("/v1/operations/{}", ordered.json()["id"].as_str().unwrap());
    world.get(&operation).holder("security_officer@Payments").expect(200).await;
    world.get(&operation).holder("security_officer@Travel").refused(404, "operation_not_found").await;
    world.get(format!("{operation}/items")).holder("viewer@Travel").refused(404, "operation_not_found").await;
}

#[tokio::test]
async fn a_token_opens_what_its_grants_allow_and_nothing_once_it_has_ended() {
    let world = World::new().await;
    let things = world.fixture().await;
    let (account, token) = world.account("Payments").await;
    assert!(token.starts_with("tgs_"));
    let client = format!("/v1/clients/{}", things.client);
    world.get(&client).token(&token).refused(403, "permission_denied").await;
    let scope = json!({ "kind": "limited", "team": "Payments", "environments": ["prod", "sandbox"] });
    let grant = world.grant(&account, "operator", &scope).await;
    // The answer came once the grant was in force.
    world.get(&client).token(&token).expect(200).await;
    world.post(format!("{client}/keys"), &key_body()).token(&token).expect(201).await;
    let entry = world.get("/v1/audit?limit=1").expect(200).await.json()["items"][0].clone();
    let actor = &entry["actor"];
    assert_eq!((&actor["id"], &actor["kind"]), (&json!(account), &json!("service_account")));
    let allowed_by = format!("role:operator grant:{grant} scope:environments:prod,sandbox team:Payments");
    assert_eq!(actor["allowed_by"], allowed_by);
    let me = world.get("/v1/whoami").token(&token).expect(200).await.json();
    assert_eq!((&me["grants"][0]["id"], &me["grants"][0]["scope"]), (&json!(grant), &scope));

    let path = format!("/v1/service-accounts/{account}");
    let rotated =
        world.post(format!("{path}/rotate-token"), &json!({ "overlap_seconds": 60 })).expect(200).await;
    assert_eq!(rotated.field("cache-control"), Some("no-store"));
    let second = rotated.json()["token"].as_str().unwrap().to_owned();
    for token in [&token, &second] {
        world.get(&client).token(token).expect(200).await;
    }
    world.set_now("2026-03-01T12:01:00Z");
    world.get(&client).token(&token).refused(401, "unauthenticated").await;
    world.get(&client).token(&second).expect(200).await;
    world.post(format!("{path}/disable"), &because()).expect(200).await;
    world.get(&client).token(&second).refused(401, "unauthenticated").await;
    world.post(format!("{path}/enable"), &because()).expect(200).await;
    world.get(&client).token(&second).expect(200).await;
    world.delete(format!("/v1/grants/{grant}?reason=moved")).if_match("*").expect(200).await;
    world.get(&client).token(&second).refused(403, "permission_denied").await;
    world.post(format!("{path}/revoke-token"), &because()).expect(200).await;
    world.get(&client).token(&second).refused(401, "unauthenticated").await;
    let third = world.post(format!("{path}/rotate-token"), &json!({})).expect(200).await.json();
    let third = third["token"].as_str().unwrap().to_owned();
    world.get("/v1/whoami").token(&third).expect(200).await;
    world.set_now("2026-05-30T12:01:00Z");
    world.get("/v1/whoami").token(&third).refused(401, "unauthenticated").await;
}

#[tokio::test]
async fn the_last_use_of_a_token_is_kept_to_the_minute_and_not_on_each_call() {
    let world = World::new().await;
    world.fixture().await;
    let (account, token) = world.account("Payments").await;
    let shown = async || {
        world.door.api().keep_token_uses().await;
        let path = format!("/v1/service-accounts/{account}");
        world.get(path).expect(200).await.json()["last_used_at"].clone()
    };
    assert_eq!(shown().await, Value::Null);
    let head = world.door.api().log.head();
    for (now, expected) in [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:59Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:02:30Z", "2026-03-01T12:02:00Z"),
    ] {
        world.set_now(now);
        world.get("/v1/whoami").token(&token).expect(200).await;
        assert_eq!(shown().await, expected);
    }
    let listed = world.get("/v1/service-accounts").expect(200).await.json();
    assert_eq!(listed["items"][0]["last_used_at"], "2026-03-01T12:02:00Z");
    assert_eq!(world.door.api().log.head(), head, "no event tells it");
    // What opens nothing was not used.
    world.post(format!("/v1/service-accounts/{account}/revoke-token"), &because()).expect(200).await;
    world.set_now("2026-03-01T12:09:00Z");
    world.get("/v1/whoami").token(&token).refused(401, "unauthenticated").await;
    assert_eq!(shown().await, "2026-03-01T12:02:00Z");
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let world = World::new().await;
    let body = json!({ "name": "ci", "team": "Payments" });
    let made = world.post("/v1/service-accounts", &body).key("once").expect(201).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let again = world.post("/v1/service-accounts", &body).key("once").expect(201).await;
    assert_eq!(again.json()["service_account"], made.json()["service_account"]);
    assert_eq!(again.json()["token"], Value::Null);
    for list in ["/v1/service-accounts", "/v1/audit"] {
        assert!(!world.get(list).expect(200).await.text().contains(&token), "{list}");
    }
    let audit = world.get("/v1/audit").expect(200).await.text().to_owned();
    assert!(!audit.contains("hmac") && !audit.contains(&token[10..20]), "{audit}");
}

#[tokio::test]
async fn a_program_manages_neither_principals_nor_grants_whatever_it_holds() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    for operation in ["add_person", "make_service_account", "give_grant", "withdraw_grant", "disable_person"]
    {
        let call = sample(operation, &things).call(&world).holder("machine");
        call.refused(403, "permission_denied").await;
    }
    world.get("/v1/grants").holder("machine").expect(200).await;
    let body = json!({
        "principal_id": things.account, "role": "access_admin", "scope": { "kind": "all" }, "reason": "as agreed",
    });
    world.post("/v1/grants", &body).refused(422, "role_for_people").await;
}

#[tokio::test]
async fn nobody_gives_more_than_they_hold() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let body = |role: &str, scope: Value| json!({ "principal_id": things.person, "role": role, "scope": scope, "reason": "as agreed" });
    let all = || json!({ "kind": "all" });
    let give = |holder: &str, body: &Value| world.post("/v1/grants", body).holder(holder);
    give("access_admin", &body("operator", all())).refused(403, "grant_exceeds_own").await;
    give("access_admin", &body("admin", all())).refused(403, "grant_exceeds_own").await;
    give("access_admin", &body("access_admin", all())).expect(201).await;
    give("access_admin@Payments", &body("access_admin", all())).refused(403, "permission_denied").await;
    let payments = || json!({ "kind": "limited", "team": "Payments" });
    give("access_admin@Payments", &body("access_admin", payments())).expect(201).await;
    give("admin", &body("operator", json!({ "kind": "limited" }))).refused(422, "grant_scope_empty").await;
    let both = json!({ "kind": "all", "team": "Payments" });
    give("admin", &body("operator", both)).refused(422, "body_invalid").await;
}
