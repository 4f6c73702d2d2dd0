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

use super::harness::{World, because, client_body, metadata};
use crate::{SystemRandom, new_principal_token};

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

#[tokio::test]
async fn a_claim_makes_an_administrator_and_ends_the_first_token() {
    let mut world = World::new().await;
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

#[tokio::test]
async fn of_many_claims_at_once_one_is_made() {
    let world = World::new().await;
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

#[tokio::test]
async fn a_claim_that_another_process_has_made_is_not_made_again() {
    let world = World::new().await;
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

#[tokio::test]
async fn a_claim_that_broke_off_is_finished() {
    let mut world = World::new().await;
    let (person, token, grant) = claim_that_breaks_off(&world, "Ada").await;
    world.accessible().await;
    world.as_person(&person.to_string(), &token);
    // The person is an administrator already; the grant cannot be seen.
    world.post("/v1/clients", &client_body()).expect(201).await;
    let path = format!("/v1/grants/{grant}");
    world.get(&path).refused(404, "grant_not_found").await;
    let stop = CancellationToken::new();
    let finishing = tokio::spawn(crate::access::finish_claims(Arc::clone(world.door.api()), stop.clone()));
    let given = async {
        while world.get(&path).send().await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), given).await.unwrap();
    stop.cancel();
    finishing.await.unwrap();
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

#[tokio::test]
async fn a_claim_that_is_opened_anew_is_made_once_by_its_own_token() {
    let mut world = World::new().await;
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

#[tokio::test]
async fn a_claim_names_an_identity_that_nobody_has() {
    let mut world = World::new().await;
    world.post("/v1/principals", &ada()).expect(201).await;
    world.post(CLAIM, &ada()).refused(409, "identity_taken").await;
    // Nothing is claimed by that.
    world.claim().await;
}

#[tokio::test]
async fn a_broken_glass_is_said_with_every_command_and_told() {
    let mut world = World::new().await;
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

#[tokio::test]
async fn nobody_breaks_the_glass_for_another_or_for_too_long() {
    let mut world = World::new().await;
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
