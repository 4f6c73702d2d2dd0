//! What needs a second person waits for one, and is done once.

use serde_json::{Value, json};

use super::{
    claim::reopen,
    harness::{On, World, because, key_body, on_every_engine, policy_body, route_body},
};

on_every_engine!(
    a_guarded_write_waits_for_another_person_and_is_done_once,
    nobody_s_name_is_kept_with_what_waits,
    what_had_to_make_room_for_others_is_decided_on_and_done_all_the_same,
    of_many_at_once_one_is_done,
    what_only_makes_less_possible_never_waits,
    what_makes_less_possible_now_gives_nothing_back_a_moment_later,
    whoever_approved_has_to_hold_it_still,
    whoever_proposed_has_to_hold_it_still,
    what_is_declined_taken_back_or_late_allows_nothing,
    a_rule_is_made_by_one_and_ended_by_two,
    a_change_at_a_time_is_approved_when_it_is_planned,
    an_import_waits_as_a_whole_and_is_not_done_twice,
);

const RULES: &str = "/v1/approval-rules";

/// Two administrators who are people. Calls are Ada's.
struct Two {
    world: World,
    grace: String,
    grace_id: String,
    grace_grant: String,
}

impl Two {
    async fn on(on: On) -> Self {
        let mut world = World::on(on).await;
        world.claim().await;
        let token = reopen(&world, 1).await;
        let made =
            world.post("/v1/claim", &json!({ "name": "Grace" })).token(&token).expect(201).await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (grace, grace_id) = (text(&made["token"]), text(&made["person"]["id"]));
        Self { world, grace, grace_id, grace_grant: text(&made["grant_id"]) }
    }

    async fn rule(&self, permission: &str, environment: Option<&str>) -> String {
        let body = json!({ "permission": permission, "environment": environment, "reason": "as agreed" });
        self.world.made(RULES, &body).await
    }

    async fn approve(&self, approval: &str) {
        let path = format!("/v1/approvals/{approval}/approve");
        self.world.post(path, &because()).token(&self.grace).expect(200).await;
    }

    async fn waits(&self, path: &str, body: &Value) -> String {
        let answer = self.world.post(path, body).expect(202).await;
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("apr_"), "{}", answer.text());
        assert_eq!(answer.field("location"), Some(format!("/v1/approvals/{id}").as_str()));
        id
    }

    async fn status(&self, approval: &str) -> Value {
        self.world.get(format!("/v1/approvals/{approval}")).expect(200).await.json()["status"].clone()
    }
}

async fn a_guarded_write_waits_for_another_person_and_is_done_once(on: On) {
    let two = Two::on(on).await;
    let (world, client) = (&two.world, two.world.client().await);
    two.rule("key.issue", Some("prod")).await;
    let (path, body) = (format!("/v1/clients/{client}/keys"), key_body());
    let dry = world.post(format!("{path}?dry_run=true"), &body).expect(200).await.json();
    assert_eq!(dry["approval_required"], true);
    let approval = two.waits(&path, &body).await;
    assert_eq!(two.waits(&path, &body).await, approval, "a double click waits once");
    assert_eq!(world.get("/v1/keys").expect(200).await.json()["items"], json!([]), "nothing is done");
    // Nowhere else.
    let mut sandbox = key_body();
    sandbox["environment"] = json!("sandbox");
    world.post(&path, &sandbox).expect(201).await;

    let decide = format!("/v1/approvals/{approval}/approve");
    world.post(&decide, &because()).refused(403, "approval_of_own").await;
    for holder in ["machine", "security_officer", "operator"] {
        world.post(&decide, &because()).holder(holder).refused(403, "permission_denied").await;
    }
    world.post(&decide, &because()).holder("admin@Travel").refused(404, "approval_not_found").await;
    let given = |body: &Value| world.post(&path, body).header("tollgate-approval", &approval);
    given(&body).refused(409, "approval_not_approved").await;
    let seen = world.get(format!("/v1/approvals/{approval}")).token(&two.grace).expect(200).await.json();
    assert_eq!((&seen["asked"]["body"], &seen["status"]), (&body, &json!("waiting")));
    assert_eq!(seen["asked"]["dry_run"]["events"][0]["type"], "api_key.issued");
    two.approve(&approval).await;

    let mut other = key_body();
    other["name"] = json!("another");
    given(&other).refused(422, "approval_of_other_command").await;
    given(&body).token(&two.grace).refused(403, "approval_of_another").await;
    given(&body).if_match("*").refused(422, "approval_of_other_command").await;
    let first = given(&body).expect(201).await.json();
    let again = given(&body).key("other-name").expect(201).await;
    assert!(first["secret"].is_string());
    assert_eq!((&again.json()["secret"], again.field("idempotency-replayed")), (&Value::Null, Some("true")));
    assert_eq!(two.status(&approval).await, "redeemed");
    let issued = world.get("/v1/audit?action=api_key.issued").expect(200).await.json();
    let by = issued["items"][0]["actor"]["allowed_by"].as_str().unwrap().to_owned();
    assert!(by.starts_with("role:admin grant:") && by.ends_with(&format!(" approval:{approval}")), "{by}");
    assert_eq!(issued["items"].as_array().unwrap().len(), 2);
    // Once more is asked for anew.
    assert_ne!(two.waits(&path, &body).await, approval);
}

async fn nobody_s_name_is_kept_with_what_waits(on: On) {
    let two = Two::on(on).await;
    let (world, things) = (&two.world, two.world.fixture().await);
    two.rule("client.write", None).await;
    two.rule("key.rotate", None).await;
    let register = two.waits("/v1/clients", &super::harness::client_body()).await;
    let rotate = format!("/v1/keys/{}/rotate", things.key);
    let rotate = two.waits(&rotate, &json!({ "overlap_seconds": 60 })).await;
    for approval in [register, rotate] {
        let path = format!("/v1/approvals/{approval}");
        let shown = world.get(path).token(&two.grace).expect(200).await;
        assert!(shown.json()["asked"]["dry_run"]["events"].is_array(), "{}", shown.text());
        for value in ["grace@acme.example", "Grace Hopper", "payments@example.com"] {
            assert!(!shown.text().contains(value), "{value}: {}", shown.text());
        }
        assert!(shown.text().contains("(personal)"), "{}", shown.text());
    }
}

/// Only so many are in memory: what is decided and done does not depend on that.
async fn what_had_to_make_room_for_others_is_decided_on_and_done_all_the_same(on: On) {
    let two = Two::on(on).await;
    let (world, client) = (&two.world, two.world.client().await);
    two.rule("key.issue", None).await;
    let path = format!("/v1/clients/{client}/keys");
    let push_out = |id: &str| world.door.api().access.push_out(id.parse().unwrap());
    let named = |name: &str| {
        let mut body = key_body();
        body["name"] = json!(name);
        body
    };
    let approval = two.waits(&path, &named("one")).await;
    push_out(&approval);
    let shown = world.get(format!("/v1/approvals/{approval}")).expect(200).await.json();
    assert_eq!(
        (&shown["status"], &shown["asked"], &shown["version"]),
        (&json!("waiting"), &Value::Null, &json!(1))
    );
    let approve = format!("/v1/approvals/{approval}/approve");
    let done = world.post(&approve, &because()).token(&two.grace).expect(200).await.json();
    assert_eq!((&done["status"], &done["decided_by"]), (&json!("approved"), &json!(two.grace_id)));
    push_out(&approval);
    let call = || world.post(&path, &named("one")).header("tollgate-approval", &approval);
    let issued = call().expect(201).await.json();
    assert!(issued["secret"].is_string());
    push_out(&approval);
    let again = call().expect(201).await.json();
    assert_eq!((&again["secret"], &again["key"]["id"]), (&Value::Null, &issued["key"]["id"]));
    assert_eq!(world.get("/v1/keys").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(two.status(&approval).await, "redeemed");

    for (name, verb, by, status) in [
        ("two", "decline", two.grace.as_str(), "declined"),
        ("three", "withdraw", world.admin_token(), "withdrawn"),
    ] {
        let approval = two.waits(&path, &named(name)).await;
        push_out(&approval);
        let path = format!("/v1/approvals/{approval}/{verb}");
        let done = world.post(path, &because()).token(by).expect(200).await.json();
        assert_eq!(done["status"], status, "{done}");
    }
}

async fn of_many_at_once_one_is_done(on: On) {
    let two = Two::on(on).await;
    let (world, client) = (&two.world, two.world.client().await);
    two.rule("key.issue", None).await;
    let (path, body) = (format!("/v1/clients/{client}/keys"), key_body());
    let approval = two.waits(&path, &body).await;
    two.approve(&approval).await;
    let calls = (0..8).map(|_| world.post(&path, &body).header("tollgate-approval", &approval).send());
    let answers = futures::future::join_all(calls).await;
    let secrets = answers.iter().filter(|answer| answer.status == 201 && answer.json()["secret"].is_string());
    assert_eq!(secrets.count(), 1);
    assert_eq!(world.get("/v1/keys").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

async fn what_only_makes_less_possible_never_waits(on: On) {
    let two = Two::on(on).await;
    let (world, things) = (&two.world, two.world.fixture().await);
    for permission in ["key.suspend", "key.revoke", "client.suspend", "policy.write", "grant.write"] {
        two.rule(permission, None).await;
    }
    let key = format!("/v1/keys/{}", things.key);
    world.post(format!("{key}/suspend"), &because()).expect(200).await;
    two.waits(&format!("{key}/reinstate"), &because()).await;
    world.post(format!("{key}/revoke"), &because()).expect(200).await;
    let client = format!("/v1/clients/{}", things.client);
    world.post(format!("{client}/suspend"), &because()).expect(200).await;
    two.waits(&format!("{client}/reinstate"), &because()).await;
    let bulk = json!({ "filter": { "client_id": things.client }, "reason": "as agreed" });
    world.post("/v1/keys/suspend", &bulk).expect(201).await;
    // Lower, and higher.
    let policy = format!("/v1/policies/{}", things.policy);
    let rates = |requests: u64| {
        let mut rates = policy_body()["rates"].clone();
        rates[0]["requests"] = json!(requests);
        json!({ "rates": rates })
    };
    let had = policy_body()["rates"][0]["requests"].as_u64().unwrap();
    world.patch(&policy, &rates(had - 1)).if_match("*").expect(200).await;
    world.patch(&policy, &rates(had)).if_match("*").expect(202).await;
    world.patch(&policy, &json!({ "mode": "shadow" })).if_match("*").expect(202).await;
    let grant = json!({
        "principal_id": two.grace_id, "role": "viewer", "scope": { "kind": "all" }, "reason": "as agreed",
    });
    two.waits("/v1/grants", &grant).await;
    let path = format!("/v1/grants/{}?reason=moved", two.grace_grant);
    world.delete(path).if_match("*").expect(200).await;
}

/// Each takes one scope away from what there is. Done after another, it would give the other's back.
async fn what_makes_less_possible_now_gives_nothing_back_a_moment_later(on: On) {
    let two = Two::on(on).await;
    let (world, path) = (&two.world, format!("/v1/clients/{}", two.world.client().await));
    let all: Vec<_> = (0..8).map(|at| format!("scope:{at}")).collect();
    world.patch(&path, &json!({ "scopes": all })).if_match("*").expect(200).await;
    two.rule("client.write", None).await;
    let calls = all.iter().map(|gone| {
        let left: Vec<_> = all.iter().filter(|scope| *scope != gone).collect();
        let patch = json!({ "scopes": left });
        let (world, path) = (world, &path);
        async move { world.patch(path, &patch).if_match("*").send().await.status }
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 202, 412].contains(status)), "{answers:?}");
    let left = world.get(&path).expect(200).await.json()["scopes"].as_array().unwrap().len();
    assert_eq!(left, all.len() - 1);
}

async fn whoever_approved_has_to_hold_it_still(on: On) {
    let two = Two::on(on).await;
    let (world, client) = (&two.world, two.world.client().await);
    two.rule("key.issue", None).await;
    let (path, body) = (format!("/v1/clients/{client}/keys"), key_body());
    let approval = two.waits(&path, &body).await;
    two.approve(&approval).await;
    world.delete(format!("/v1/grants/{}?reason=moved", two.grace_grant)).if_match("*").expect(200).await;
    let call = || world.post(&path, &body).header("tollgate-approval", &approval);
    call().refused(409, "approval_approver_lost").await;
    world.grant(&two.grace_id, "admin", &json!({ "kind": "all" })).await;
    world.post(format!("/v1/principals/{}/disable", two.grace_id), &because()).expect(200).await;
    call().refused(409, "approval_approver_lost").await;
    world.post(format!("/v1/principals/{}/enable", two.grace_id), &because()).expect(200).await;
    call().expect(201).await;
}

async fn whoever_proposed_has_to_hold_it_still(on: On) {
    let two = Two::on(on).await;
    let (world, client) = (&two.world, two.world.client().await);
    two.rule("key.issue", None).await;
    let (account, token) = world.account("Payments").await;
    let grant = world.grant(&account, "operator", &json!({ "kind": "limited", "team": "Payments" })).await;
    let (path, body) = (format!("/v1/clients/{client}/keys"), key_body());
    let waits = world.post(&path, &body).token(&token).expect(202).await.json();
    let approval = waits["id"].as_str().unwrap().to_owned();
    two.approve(&approval).await;
    world.delete(format!("/v1/grants/{grant}?reason=moved")).if_match("*").expect(200).await;
    let call = world.post(&path, &body).token(&token).header("tollgate-approval", &approval);
    call.refused(403, "permission_denied").await;
    assert_eq!(two.status(&approval).await, "approved");
}

async fn what_is_declined_taken_back_or_late_allows_nothing(on: On) {
    let two = Two::on(on).await;
    let (world, client) = (&two.world, two.world.client().await);
    two.rule("key.issue", None).await;
    let path = format!("/v1/clients/{client}/keys");
    let mut ids = vec![];
    for name in ["one", "two", "three"] {
        let mut body = key_body();
        body["name"] = json!(name);
        ids.push((two.waits(&path, &body).await, body));
    }
    let [(declined, first), (withdrawn, second), (late, third)] = &ids[..] else { panic!() };
    world.post(format!("/v1/approvals/{declined}/decline"), &because()).refused(403, "approval_of_own").await;
    let decline = format!("/v1/approvals/{declined}/decline");
    world.post(decline, &because()).token(&two.grace).expect(200).await;
    two.approve(withdrawn).await;
    let withdraw = format!("/v1/approvals/{withdrawn}/withdraw");
    world.post(&withdraw, &json!({})).token(&two.grace).refused(403, "approval_of_another").await;
    world.post(&withdraw, &json!({})).expect(200).await;
    two.approve(late).await;
    let call = |id: &str, body: &Value| world.post(&path, body).header("tollgate-approval", id);
    for (id, body) in [(declined, first), (withdrawn, second)] {
        call(id, body).refused(409, "approval_not_approved").await;
    }
    let listed = |query: &'static str| async move {
        let listed = world.get(format!("/v1/approvals?{query}")).expect(200).await.json();
        let items = listed["items"].as_array().unwrap().clone();
        (items.into_iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), listed)
    };
    assert_eq!(listed("status=declined").await.0, std::slice::from_ref(declined));
    let (page, whole) = listed("limit=2&mine=true").await;
    assert_eq!(page.len(), 2);
    let cursor = whole["next_cursor"].as_str().unwrap();
    let rest = world.get(format!("/v1/approvals?limit=2&cursor={cursor}")).expect(200).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    world.set_now("2026-03-02T12:00:00Z");
    call(late, third).refused(409, "approval_expired").await;
    assert_eq!(listed("status=expired").await.0, std::slice::from_ref(late));
    call("apr_1", third).refused(400, "approval_invalid").await;
    call(&late.replace("apr_0", "apr_1"), third).refused(404, "approval_not_found").await;
}

async fn a_rule_is_made_by_one_and_ended_by_two(on: On) {
    let two = Two::on(on).await;
    let world = &two.world;
    let rule = two.rule("key.issue", Some("prod")).await;
    let body = json!({ "permission": "key.issue", "environment": "prod", "reason": "as agreed" });
    world.post(RULES, &body).refused(409, "approval_rule_taken").await;
    let body = json!({ "permission": "key.read", "reason": "as agreed" });
    world.post(RULES, &body).refused(422, "approval_rule_not_guardable").await;
    world.post(RULES, &body).holder("machine").refused(403, "permission_denied").await;
    let path = format!("{RULES}/{rule}");
    let end = || world.delete(format!("{path}?reason=done")).if_match("\"1\"");
    let approval = end().expect(202).await.json()["id"].as_str().unwrap().to_owned();
    two.approve(&approval).await;
    end().header("tollgate-approval", &approval).expect(200).await;
    world.get(&path).refused(404, "approval_rule_not_found").await;
    assert_eq!(world.get(RULES).expect(200).await.json()["items"], json!([]));
    let client = world.client().await;
    world.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(201).await;
}

async fn a_change_at_a_time_is_approved_when_it_is_planned(on: On) {
    let two = Two::on(on).await;
    let (world, things) = (&two.world, two.world.fixture().await);
    two.rule("policy.assign", None).await;
    let body = json!({
        "change": { "kind": "unassign_policy", "policy_id": things.policy, "assignment_id": things.assignment },
        "at": "2026-03-02T12:00:00Z", "reason": "as agreed",
    });
    let approval = two.waits("/v1/scheduled-changes", &body).await;
    two.approve(&approval).await;
    let call = world.post("/v1/scheduled-changes", &body).header("tollgate-approval", &approval);
    let planned = call.expect(201).await.json();
    world.set_now("2026-03-02T12:00:00Z");
    // The scheduler asks nobody.
    let id = planned["id"].as_str().unwrap().parse().unwrap();
    let log = &world.door.api().log;
    let order = eventlog::changes::Order {
        id,
        requested_by: "prn".to_owned(),
        correlation_id: "c".to_owned(),
        planned_by: domain::EventId::from_parts(1, 1),
    };
    eventlog::changes::carry_out(log, &order, world.door.now()).await.unwrap();
    world.shown().await;
    let path = format!("/v1/policies/{}/assignments/{}", things.policy, things.assignment);
    // What is appended beside the API has its position a moment later where a sequencer gives it.
    let gone = async {
        while world.get(&path).send().await.status != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap();
    world.get(path).refused(404, "assignment_not_found").await;
}

async fn an_import_waits_as_a_whole_and_is_not_done_twice(on: On) {
    let two = Two::on(on).await;
    let world = &two.world;
    world.made("/v1/routes", &route_body("/orders/{id}")).await;
    two.rule("route.write", None).await;
    let document = json!({
        "openapi": "3.1.0",
        "paths": { "/a": { "get": { "responses": {} } }, "/b": { "get": { "responses": {} } } },
    });
    let path = "/v1/routes/import?mode=apply";
    let approval = two.waits(path, &document).await;
    two.approve(&approval).await;
    let call = || world.post(path, &document).header("tollgate-approval", &approval);
    let applied = call().expect(200).await.json();
    assert_eq!((&applied["complete"], applied["items"].as_array().unwrap().len()), (&json!(true), 3));
    world.shown().await;
    assert_eq!(world.get("/v1/routes").expect(200).await.json()["items"].as_array().unwrap().len(), 3);
    let added = json!({ "openapi": "3.1.0", "paths": { "/c": { "get": { "responses": {} } } } });
    world.post(path, &added).header("tollgate-approval", &approval).expect(200).await;
    assert_eq!(world.get("/v1/routes").expect(200).await.json()["items"].as_array().unwrap().len(), 3);
}

/// A proposal to take a value out would else be where it is left.
#[tokio::test]
async fn an_erasure_that_waits_keeps_nothing_of_what_it_is_to_erase() {
    let two = Two::on(On::Sqlite).await;
    two.world.client().await;
    two.rule("personal.erase", None).await;
    let asked = json!({ "values": ["grace@acme.example"], "reason": "asked for by the person" });
    let approval = two.waits("/v1/erasures", &asked).await;
    let shown = two.world.get(format!("/v1/approvals/{approval}")).expect(200).await;
    assert_eq!(shown.json()["asked"]["body"]["values"], json!(["(personal)"]));
    two.approve(&approval).await;
    let done =
        two.world.post("/v1/erasures", &asked).header("tollgate-approval", &approval).expect(200).await;
    assert_eq!((&done.json()["values"], &done.json()["complete"]), (&json!(1), &json!(true)));
    for file in ["events.db", "events.db-wal", "read.db", "read.db-wal"] {
        let there = two.world.file(file).windows(18).any(|bytes| bytes == b"grace@acme.example");
        assert!(!there, "{file}");
    }
}
