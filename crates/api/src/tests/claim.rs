//! The first administrator, and the glass that is broken in an emergency.

use std::sync::Arc;

use domain::{
    GrantId, PrincipalId,
    personal::PersonalValue,
    principal::{Account, AddPerson, ClaimInstallation, NewToken, PrincipalCommand, ReopenClaim},
};
use eventlog::{Execute, Idempotency};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::harness::{On, World, because, client_body, metadata, on_every_engine};
use crate::{SystemRandom, new_principal_token};

on_every_engine!(
    a_claim_makes_an_administrator_and_ends_the_first_token,
    of_many_claims_at_once_one_is_made,
    a_claim_that_another_process_has_made_is_not_made_again,
    a_claim_that_broke_off_is_finished,
    a_claim_that_is_opened_anew_is_made_once_by_its_own_token,
    a_claim_names_an_identity_that_nobody_has,
    whoever_claimed_has_a_new_token_made_for_themselves_and_for_nobody_else,
    the_tokens_of_whoever_claimed_are_revoked_by_another,
    a_broken_glass_is_said_with_every_command_and_told,
    nobody_breaks_the_glass_for_another_or_for_too_long,
);

const CLAIM: &str = "/v1/claim";

fn ada() -> Value {
    json!({ "name": "Ada", "identity": { "issuer": "https://login.example.com", "subject": "u-1" } })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn audited(world: &World, action: &str) -> Vec<Value> {
    let listed = world.get(format!("/v1/audit?action={action}")).expect(200).await.json();
    listed["items"].as_array().unwrap().clone()
}

async fn a_claim_makes_an_administrator_and_ends_the_first_token(on: On) {
    let mut world = World::on(on).await;
    let answer = world.post(CLAIM, &ada()).expect(201).await;
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let made = answer.json();
    let (person, token) = (text(&made["person"]["id"]), text(&made["token"]));
    assert_eq!((&made["person"]["claimed"], &made["person"]["name"]), (&json!(true), &json!("Ada")));
    let first = world.admin_token().to_owned();
    for path in ["/v1/whoami", "/v1/clients"] {
        world.get(path).token(&first).refused(401, "unauthenticated").await;
    }
    world.post(CLAIM, &ada()).token(&first).refused(401, "unauthenticated").await;
    let me = world.get("/v1/whoami").token(&token).expect(200).await.json();
    assert_eq!((&me["id"], &me["kind"], &me["roles"]), (&json!(person), &json!("person"), &json!(["admin"])));
    // What a person may do who is an administrator, this one may.
    world.post("/v1/principals", &json!({ "name": "Grace" })).token(&token).expect(201).await;
    world.post(CLAIM, &ada()).token(&token).refused(403, "claim_token_needed").await;
    world.as_person(&person, &token);
    world.shown().await;
    let grant = world.get(format!("/v1/grants/{}", text(&made["grant_id"]))).expect(200).await.json();
    assert_eq!((&grant["principal_id"], &grant["role"]), (&json!(person), &json!("admin")));
    for (action, by) in [("principal.installation_claimed", "claim"), ("grant.given", "claim")] {
        let entries = audited(&world, action).await;
        assert_eq!(entries.len(), 1, "{action}");
        assert_eq!(entries[0]["actor"]["allowed_by"], by, "{action}");
        assert!(!entries[0].to_string().contains(&token[4..]), "{action}");
    }
    // And it is the last of them.
    let path = format!("/v1/principals/{person}/disable");
    world.post(path, &because()).refused(409, "last_admin").await;
}

async fn of_many_claims_at_once_one_is_made(on: On) {
    let world = World::on(on).await;
    let (body, calls) = (ada(), 6);
    let calls = (0..calls).map(|_| world.post(CLAIM, &body).send());
    let answers = futures::future::join_all(calls).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!([401, 409].contains(&answer.status), "{}", answer.text());
    }
    let token = text(&made[0].json()["token"]);
    world.shown().await;
    let people = world.get("/v1/principals").token(&token).expect(200).await.json();
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
}

async fn a_claim_that_another_process_has_made_is_not_made_again(on: On) {
    let world = World::on(on).await;
    claim_that_breaks_off(&world, "elsewhere").await;
    // This process may not have heard of it yet, and then the name of the claim is taken; or it has.
    let answer = world.post(CLAIM, &ada()).send().await;
    assert!([401, 409].contains(&answer.status), "{}", answer.text());
}

/// The first of a claim's two events, and then the machine stops. Gives the person, their token and the grant.
async fn claim_that_breaks_off(world: &World, name: &str) -> (PrincipalId, String, GrantId) {
    let (id, grant_id) = (PrincipalId::from_parts(7, 7), GrantId::from_parts(7, 7));
    let api = world.door.api();
    let (plain, secret) = new_principal_token(&api.peppers, &SystemRandom).unwrap();
    let (now, name) = (world.door.now(), PersonalValue::new([3; 16], name));
    let personal = vec![name.clone()];
    let person = AddPerson { name, email: None, identity: None };
    let expires_at = now.checked_add(jiff::SignedDuration::from_hours(24)).unwrap();
    let token = NewToken { secret, expires_at };
    let command = PrincipalCommand::Claim(ClaimInstallation { now, person, token, grant_id });
    let idempotency = Some(Idempotency { key: "installation:claim".to_owned(), request_digest: [0; 32] });
    let ask = Execute { id, command, metadata: metadata(now), expected_version: None, idempotency, personal };
    api.log.execute::<Account>(ask).await.unwrap();
    (id, plain.expose().to_owned(), grant_id)
}

async fn a_claim_that_broke_off_is_finished(on: On) {
    let mut world = World::on(on).await;
    let (person, token, grant) = claim_that_breaks_off(&world, "Ada").await;
    world.accessible().await;
    world.as_person(&person.to_string(), &token);
    // What is appended beside the API has its position a moment later where a sequencer gives it.
    let known = async {
        while world.get("/v1/whoami").send().await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), known).await.unwrap();
    // The person is an administrator already; the grant cannot be seen.
    world.post("/v1/clients", &client_body()).expect(201).await;
    let path = format!("/v1/grants/{grant}");
    world.get(&path).refused(404, "grant_not_found").await;
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "a test has no task set; it waits for the task itself")]
    let finishing = tokio::spawn(crate::access::finish_claims(Arc::clone(world.door.api()), stop.clone()));
    let given = async {
        while world.get(&path).send().await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), given).await.unwrap();
    stop.cancel();
    finishing.await.unwrap();
    // The grant is in its own list before it is in the audit log.
    world.shown().await;
    assert_eq!(audited(&world, "grant.given").await.len(), 1);
}

/// What `tollgate access recover` puts on record.
pub(super) async fn reopen(world: &World, hours: i64) -> String {
    let api = world.door.api();
    let (plain, secret) = new_principal_token(&api.peppers, &SystemRandom).unwrap();
    let now = world.door.now();
    let expires_at = now.checked_add(jiff::SignedDuration::from_hours(hours)).unwrap();
    let reason = "the administrator is gone".parse().unwrap();
    let command =
        PrincipalCommand::Reopen(ReopenClaim { now, token: NewToken { secret, expires_at }, reason });
    let (id, metadata) = (Account::claim_id(), metadata(now));
    let ask = Execute { id, command, metadata, expected_version: None, idempotency: None, personal: vec![] };
    api.log.execute::<Account>(ask).await.unwrap();
    world.accessible().await;
    plain.expose().to_owned()
}

async fn a_claim_that_is_opened_anew_is_made_once_by_its_own_token(on: On) {
    let mut world = World::on(on).await;
    world.claim().await;
    let old = reopen(&world, 1).await;
    let fresh = reopen(&world, 1).await;
    // One ends the other; and it may claim and nothing else.
    world.post(CLAIM, &ada()).token(&old).refused(401, "unauthenticated").await;
    world.get("/v1/clients").token(&fresh).refused(403, "permission_denied").await;
    let made = world.post(CLAIM, &ada()).token(&fresh).expect(201).await.json();
    world.post(CLAIM, &ada()).token(&fresh).refused(401, "unauthenticated").await;
    world.get("/v1/clients").token(&text(&made["token"])).expect(200).await;
    // The administrator before is still one.
    world.get("/v1/clients").expect(200).await;
    let late = reopen(&world, 1).await;
    world.set_now("2026-03-01T13:00:00Z");
    world.post(CLAIM, &ada()).token(&late).refused(401, "unauthenticated").await;
    // Not by a request, which would have waited for that.
    world.shown().await;
    assert_eq!(audited(&world, "principal.claim_reopened").await.len(), 3);
}

async fn a_claim_names_an_identity_that_nobody_has(on: On) {
    let mut world = World::on(on).await;
    world.post("/v1/principals", &ada()).expect(201).await;
    world.post(CLAIM, &ada()).refused(409, "identity_taken").await;
    // Nothing is claimed by that.
    world.claim().await;
}

async fn whoever_claimed_has_a_new_token_made_for_themselves_and_for_nobody_else(on: On) {
    let mut world = World::on(on).await;
    let other = world.made("/v1/principals", &json!({ "name": "Olga" })).await;
    let account = world.account("Payments").await.0;
    world.claim().await;
    let (ada, first) = (world.admin_id.clone(), world.admin_token().to_owned());
    let rotate = |id: &str| format!("/v1/principals/{id}/rotate-token");
    let body = json!({ "overlap_seconds": 60, "expires_at": "2026-03-31T12:00:00Z" });
    let dry = world.post(format!("{}?dry_run=true", rotate(&ada)), &body).expect(200).await.json();
    assert_eq!(dry["events"][0]["type"], "principal.token_rotated", "{dry}");
    let call = || world.post(rotate(&ada), &body).key("k-1");
    let made = call().header("x-request-id", "rotate-1").expect(200).await;
    assert_eq!(made.field("cache-control"), Some("no-store"));
    let made = made.json();
    let second = text(&made["token"]);
    assert_ne!(first, second);
    let shown = &made["person"];
    assert_eq!((&shown["token"]["version"], &shown["token"]["expires_at"]), (&json!(2), &body["expires_at"]));
    assert_eq!(shown["previous"]["until"], "2026-03-01T12:01:00Z");
    let again = call().token(&second).expect(200).await.json();
    assert_eq!((&again["token"], &again["person"]["id"]), (&Value::Null, &json!(ada)), "shown once");
    for token in [&first, &second] {
        assert_eq!(world.get("/v1/whoami").token(token).expect(200).await.json()["id"], json!(ada));
    }
    world.set_now("2026-03-01T12:01:00Z");
    world.get("/v1/whoami").token(&first).refused(401, "unauthenticated").await;
    world.as_person(&ada, &second);

    let [entry] = audited(&world, "principal.token_rotated").await.try_into().unwrap();
    assert_eq!((&entry["actor"]["id"], &entry["subject"]["id"]), (&json!(ada), &json!(ada)));
    assert_eq!((&entry["request_id"], &entry["outcome"]), (&json!("rotate-1"), &json!("succeeded")));
    for secret in [&first, &second] {
        assert!(!entry.to_string().contains(&secret[4..]), "{entry}");
    }
    world.post(rotate(&other), &json!({})).refused(403, "token_of_another").await;
    world.post(rotate(&account), &json!({})).refused(404, "principal_not_found").await;
    world.post(rotate(&ada), &json!({})).holder("machine").refused(403, "permission_denied").await;
    let late = json!({ "expires_at": "2027-03-02T12:01:00Z" });
    world.post(rotate(&ada), &late).refused(422, "token_lifetime_out_of_bounds").await;
    let long = json!({ "overlap_seconds": 2_592_001 });
    world.post(rotate(&ada), &long).refused(422, "token_overlap_too_long").await;
    // A person who signs in has none, and gets none.
    let (grace, token) = (reopen(&world, 1).await, "Grace");
    let made = world.post(CLAIM, &json!({ "name": token })).token(&grace).expect(201).await.json();
    let grace = text(&made["token"]);
    world.post(rotate(&ada), &json!({})).token(&grace).refused(403, "token_of_another").await;
}

async fn the_tokens_of_whoever_claimed_are_revoked_by_another(on: On) {
    let mut world = World::on(on).await;
    world.claim().await;
    let (ada, first) = (world.admin_id.clone(), world.admin_token().to_owned());
    let token = reopen(&world, 1).await;
    let grace = world.post(CLAIM, &json!({ "name": "Grace" })).token(&token).expect(201).await.json();
    world.as_person(&text(&grace["person"]["id"]), &text(&grace["token"]));
    let path = format!("/v1/principals/{ada}/revoke-token");
    world.post(&path, &json!({})).refused(422, "body_invalid").await;
    world.post(&path, &because()).holder("operator").refused(403, "permission_denied").await;
    let revoked = world.post(&path, &because()).header("x-request-id", "revoke-1").expect(200).await.json();
    assert_eq!((&revoked["token"], &revoked["status"]), (&Value::Null, &json!("enabled")));
    world.get("/v1/whoami").token(&first).refused(401, "unauthenticated").await;
    let [entry] = audited(&world, "principal.tokens_revoked").await.try_into().unwrap();
    assert_eq!((&entry["subject"]["id"], &entry["request_id"]), (&json!(ada), &json!("revoke-1")));
    assert_eq!(entry["reason"], "as agreed");
}

async fn a_broken_glass_is_said_with_every_command_and_told(on: On) {
    let mut world = World::on(on).await;
    let officer = world.made("/v1/principals", &json!({ "name": "Olga" })).await;
    world.grant(&officer, "security_officer", &json!({ "kind": "all" })).await;
    let limited = world.made("/v1/principals", &json!({ "name": "Lena" })).await;
    world.grant(&limited, "security_officer", &json!({ "kind": "limited", "team": "Payments" })).await;
    world.claim().await;
    let path = format!("/v1/principals/{}/break-glass", world.admin_id);
    let body = json!({ "minutes": 30, "reason": "all calls fail" });
    let opened = world.post(&path, &body).expect(200).await.json();
    assert_eq!(opened["break_glass_until"], "2026-03-01T12:30:00Z");
    world.post(&path, &body).refused(409, "break_glass_open").await;
    let entry = audited(&world, "principal.break_glass_opened").await[0].clone();
    assert_eq!(entry["data"]["told"], json!([officer]), "of everything, and not whoever breaks it");
    world.post("/v1/clients", &client_body()).expect(201).await;
    let by = audited(&world, "api_client.registered").await[0]["actor"]["allowed_by"].clone();
    assert_eq!(by, format!("role:admin break_glass:{} until:2026-03-01T12:30:00Z", world.admin_id));
    let me = world.get("/v1/whoami").expect(200).await.json();
    assert_eq!(me["break_glass_until"], "2026-03-01T12:30:00Z");
    let broken = |people: &Value| {
        let all = people["items"].as_array().unwrap().clone();
        all.into_iter().filter(|one| !one["break_glass_until"].is_null()).count()
    };
    assert_eq!(broken(&world.get("/v1/principals").expect(200).await.json()), 1);
    world.post(format!("{path}/close"), &because()).expect(200).await;
    assert_eq!(broken(&world.get("/v1/principals").expect(200).await.json()), 0);
    world.post("/v1/clients", &client_body()).expect(201).await;
    let by = text(&audited(&world, "api_client.registered").await[0]["actor"]["allowed_by"]);
    assert!(by.starts_with("role:admin grant:"), "{by}");
}

async fn nobody_breaks_the_glass_for_another_or_for_too_long(on: On) {
    let mut world = World::on(on).await;
    let other = world.made("/v1/principals", &json!({ "name": "Olga" })).await;
    world.claim().await;
    let own = format!("/v1/principals/{}/break-glass", world.admin_id);
    let body = json!({ "minutes": 30, "reason": "all calls fail" });
    let others = format!("/v1/principals/{other}/break-glass");
    world.post(&others, &body).refused(403, "break_glass_of_another").await;
    world.post(format!("{others}/close"), &because()).refused(403, "break_glass_of_another").await;
    for minutes in [0, 241] {
        let body = json!({ "minutes": minutes, "reason": "all calls fail" });
        world.post(&own, &body).refused(422, "break_glass_minutes_out_of_bounds").await;
    }
    world.post(&own, &json!({ "minutes": 30 })).refused(422, "body_invalid").await;
    world.post(&own, &body).holder("machine").refused(403, "permission_denied").await;
    let dry = world.post(format!("{own}?dry_run=true"), &body).expect(200).await.json();
    assert_eq!(dry["events"][0]["type"], "principal.break_glass_opened");
    world.post(&own, &body).expect(200).await;
    world.set_now("2026-03-01T12:30:00Z");
    let me = world.get("/v1/whoami").expect(200).await.json();
    assert_eq!((&me["break_glass_until"], &me["roles"]), (&Value::Null, &json!(["admin"])));
}
