//! Keys are issued, rotated, suspended and revoked; their secrets are seen once.

use serde_json::json;

use super::harness::{World, because, client_body, key_body};

#[tokio::test]
async fn a_secret_is_in_the_answer_that_makes_it_and_nowhere_else() {
    let world = World::new().await;
    let client = world.client().await;
    let answer = world.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(201).await;
    let (body, secret) = (answer.json(), answer.json()["secret"].as_str().unwrap().to_owned());
    assert!(domain::secret::PresentedSecret::parse(&secret).is_ok());
    assert!(secret.starts_with("tg_prod_"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(body["key"]["hint"], format!("…{}", &secret[secret.len() - 4..]));
    let random = &secret[secret.len() - 38..];
    let key = body["key"]["id"].as_str().unwrap();
    for path in
        [format!("/v1/keys/{key}"), "/v1/keys".to_owned(), "/v1/audit".to_owned(), "/v1/audit/2".to_owned()]
    {
        let read = world.get(&path).expect(200).await;
        assert!(!read.text().contains(random), "{path}");
    }
    let files = ["events.db", "events.db-wal", "read.db", "read.db-wal"];
    for file in files.map(|file| world.file(file)) {
        assert!(!file.windows(random.len()).any(|window| window == random.as_bytes()));
    }
}

#[tokio::test]
async fn a_key_is_shown_as_it_was_given() {
    let world = World::new().await;
    let client = world.client().await;
    let body = json!({
        "name": "checkout", "environment": "sandbox", "scopes": ["orders:read"], "not_before": "2026-03-02T00:00:00Z",
        "expires_at": "2027-03-01T00:00:00+01:00", "allowed_cidrs": ["10.0.0.1/8", "2001:db8::/32"],
    });
    let key = world.post(format!("/v1/clients/{client}/keys"), &body).expect(201).await.json()["key"].clone();
    assert_eq!(
        (&key["client_id"], &key["status"], &key["environment"]),
        (&json!(client), &json!("active"), &json!("sandbox"))
    );
    assert_eq!((&key["scopes"], &key["not_before"]), (&body["scopes"], &body["not_before"]));
    assert_eq!(
        (&key["expires_at"], &key["allowed_cidrs"]),
        (&json!("2027-02-28T23:00:00Z"), &json!(["10.0.0.0/8", "2001:db8::/32"]))
    );
    assert_eq!(
        (&key["secret_version"], &key["previous"], &key["last_used_at"]),
        (&json!(1), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn a_key_without_scopes_has_what_the_client_has_and_an_empty_list_has_nothing() {
    let world = World::new().await;
    let client = world.client().await;
    let body = json!({ "name": "k", "environment": "prod", "scopes": [] });
    let none = world.post(format!("/v1/clients/{client}/keys"), &body).expect(201).await.json();
    let all = world.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(201).await.json();
    assert_eq!((&none["key"]["scopes"], &all["key"]["scopes"]), (&json!([]), &json!(null)));
}

#[tokio::test]
async fn a_key_can_do_no_more_than_its_client() {
    let world = World::new().await;
    let client = world.client().await;
    let path = format!("/v1/clients/{client}/keys");
    let body = json!({ "name": "k", "environment": "staging" });
    assert_eq!(
        world.post(&path, &body).refused(422, "environment_not_allowed").await["environment"],
        "staging"
    );
    let body = json!({ "name": "k", "environment": "prod", "scopes": ["admin"] });
    assert_eq!(world.post(&path, &body).refused(422, "scope_not_granted").await["scope"], "admin");
    world.post(format!("/v1/clients/{client}/suspend"), &because()).expect(200).await;
    assert_eq!(
        world.post(&path, &key_body()).refused(409, "client_not_active").await["standing"],
        "suspended"
    );
}

#[tokio::test]
async fn a_rotation_shows_the_new_secret_and_lets_the_old_one_live_on() {
    let world = World::new().await;
    let (key, old) = world.key(&world.client().await).await;
    let answer =
        world.post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 3600 })).expect(200).await;
    let body = answer.json();
    assert_ne!(body["secret"], old);
    assert_eq!((&body["key"]["id"], &body["key"]["secret_version"]), (&json!(key), &json!(2)));
    assert_eq!(body["key"]["previous"]["until"], "2026-03-01T13:00:00Z");
    assert_eq!(answer.etag(), "\"2\"");
    let again = world.post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 0 }));
    assert_eq!(again.refused(409, "rotation_running").await["previous_until"], "2026-03-01T13:00:00Z");
    world.set_now("2026-03-01T13:00:00Z");
    world
        .post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 0, "reason": "leaked" }))
        .expect(200)
        .await;
}

#[tokio::test]
async fn a_rotation_has_bounds() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let path = format!("/v1/keys/{key}/rotate");
    world.post(&path, &json!({ "overlap_seconds": 7_776_001 })).refused(422, "overlap_too_long").await;
    world
        .post(&path, &json!({ "overlap_seconds": 0, "expires_at": super::harness::NOW }))
        .refused(422, "expiry_not_ahead")
        .await;
    world.post(&path, &json!({ "overlap_seconds": -1 })).refused(422, "body_invalid").await;
    world.post(&path, &json!({})).refused(422, "body_invalid").await;
}

#[tokio::test]
async fn a_revocation_is_final_and_can_be_planned() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let path = format!("/v1/keys/{key}/revoke");
    world
        .post(&path, &json!({ "reason": "r", "at": "2026-02-01T00:00:00Z" }))
        .refused(422, "revocation_not_ahead")
        .await;
    let planned =
        world.post(&path, &json!({ "reason": "r", "at": "2026-03-02T00:00:00Z" })).expect(200).await.json();
    assert_eq!(
        (&planned["status"], &planned["revoke_at"]),
        (&json!("active"), &json!("2026-03-02T00:00:00Z"))
    );
    let revoked = world.post(&path, &because()).expect(200).await.json();
    assert_eq!((&revoked["status"], &revoked["revoke_at"]), (&json!("revoked"), &json!(super::harness::NOW)));
    world.post(&path, &because()).expect(200).await;
    for verb in ["suspend", "reinstate"] {
        world.post(format!("/v1/keys/{key}/{verb}"), &because()).refused(409, "key_revoked").await;
    }
    world
        .post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 0 }))
        .refused(409, "key_revoked")
        .await;
}

#[tokio::test]
async fn a_suspended_key_can_be_reinstated() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    for (verb, status) in [("suspend", "suspended"), ("reinstate", "active")] {
        let shown = world.post(format!("/v1/keys/{key}/{verb}"), &because()).expect(200).await.json();
        assert_eq!(shown["status"], status);
    }
}

#[tokio::test]
async fn the_secret_is_shown_even_while_reads_are_behind() {
    let mut world = World::new().await;
    let client = world.made("/v1/clients", &client_body()).await;
    world.halt_projections().await;
    let body = world.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(202).await.json();
    assert!(body["secret"].as_str().unwrap().starts_with("tg_prod_"));
    assert_eq!(body["key"]["visible"], false);
}

#[tokio::test]
async fn a_clients_key_does_not_open_the_admin_api() {
    let world = World::new().await;
    let (_, secret) = world.key(&world.client().await).await;
    world.get("/v1/clients").token(&secret).refused(401, "unauthenticated").await;
}
