//! Clients are registered, changed, suspended and archived.

use serde_json::{Value, json};

use super::harness::{World, because, client_body};

async fn updated(world: &World, id: &str, patch: Value) -> Value {
    world.patch(format!("/v1/clients/{id}"), &patch).if_match("*").expect(200).await.json()
}

#[tokio::test]
async fn a_registered_client_is_shown_as_it_was_given() {
    let world = World::new().await;
    let answer = world.post("/v1/clients", &client_body()).expect(201).await;
    let client = answer.json();
    for field in ["name", "kind", "owner", "contacts", "environments", "scopes", "labels"] {
        assert_eq!(client[field], client_body()[field], "{field}");
    }
    assert_eq!((&client["status"], &client["version"]), (&json!("active"), &json!(1)));
    assert_eq!(client["created_at"], super::harness::NOW);
    assert_eq!(answer.etag(), "\"1\"");
    assert_eq!(answer.field("tollgate-position"), Some("1"));
    assert_eq!(answer.field("tollgate-visible"), None);
    let read = world.get(answer.field("location").unwrap()).expect(200).await;
    assert_eq!((read.json(), read.etag()), (client, answer.etag()));
}

#[tokio::test]
async fn what_need_not_be_said_of_a_client_is_empty() {
    let world = World::new().await;
    let mut body = client_body();
    for field in ["contacts", "scopes", "labels"] {
        body.as_object_mut().unwrap().remove(field);
    }
    let client = world.post("/v1/clients", &body).expect(201).await.json();
    assert_eq!(
        (&client["contacts"], &client["scopes"], &client["labels"]),
        (&json!([]), &json!([]), &json!({}))
    );
}

#[tokio::test]
async fn a_patch_changes_what_it_says_and_nothing_else() {
    let world = World::new().await;
    let id = world.client().await;
    let before = world.get(format!("/v1/clients/{id}")).expect(200).await.json();
    let after = updated(&world, &id, json!({ "name": "Acme Corp", "scopes": ["orders:read"] })).await;
    assert_eq!((&after["name"], &after["scopes"]), (&json!("Acme Corp"), &json!(["orders:read"])));
    for field in ["owner", "contacts", "environments", "labels", "kind"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test]
async fn labels_and_owner_are_merged_member_by_member() {
    let world = World::new().await;
    let id = world.client().await;
    let client = updated(
        &world,
        &id,
        json!({ "labels": { "tier": null, "region": "eu" }, "owner": { "team": "Orders" } }),
    )
    .await;
    assert_eq!(client["labels"], json!({ "region": "eu" }));
    assert_eq!(client["owner"], json!({ "team": "Orders", "email": "payments@example.com" }));
    let client = updated(
        &world,
        &id,
        json!({ "owner": { "email": "orders@example.com" }, "labels": null, "contacts": null }),
    )
    .await;
    assert_eq!(client["owner"], json!({ "team": "Orders", "email": "orders@example.com" }));
    assert_eq!((&client["labels"], &client["contacts"]), (&json!({}), &json!([])));
}

#[tokio::test]
async fn what_a_client_must_have_cannot_be_removed() {
    let world = World::new().await;
    let id = world.client().await;
    for (patch, pointer) in [
        (json!({ "name": null }), "/name"),
        (json!({ "owner": null }), "/owner"),
        (json!({ "owner": { "email": null } }), "/owner/email"),
        (json!({ "kind": "internal" }), "/kind"),
    ] {
        let call = world.patch(format!("/v1/clients/{id}"), &patch).if_match("*");
        assert_eq!(call.refused(422, "body_invalid").await["pointer"], pointer, "{patch}");
    }
    let call = world.patch(format!("/v1/clients/{id}"), &json!({ "environments": null })).if_match("*");
    call.refused(422, "client_needs_environment").await;
}

#[tokio::test]
async fn a_merge_patch_may_say_what_it_is() {
    let world = World::new().await;
    let id = world.client().await;
    let call = world.patch(format!("/v1/clients/{id}"), &json!({ "name": "N" })).without("content-type");
    call.header("content-type", "application/merge-patch+json").if_match("\"1\"").expect(200).await;
}

#[tokio::test]
async fn a_client_is_suspended_reinstated_and_archived_for_good() {
    let world = World::new().await;
    let id = world.client().await;
    for (verb, status) in [("suspend", "suspended"), ("reinstate", "active"), ("archive", "archived")] {
        let client = world.post(format!("/v1/clients/{id}/{verb}"), &because()).expect(200).await.json();
        assert_eq!(client["status"], status);
    }
    // A repetition is no news; another command is refused.
    let answer = world.post(format!("/v1/clients/{id}/archive"), &because()).expect(200).await;
    assert_eq!(answer.etag(), "\"4\"");
    for verb in ["suspend", "reinstate"] {
        world.post(format!("/v1/clients/{id}/{verb}"), &because()).refused(409, "client_archived").await;
    }
    world
        .patch(format!("/v1/clients/{id}"), &json!({ "name": "N" }))
        .if_match("*")
        .refused(409, "client_archived")
        .await;
    world
        .post(format!("/v1/clients/{id}/keys"), &super::harness::key_body())
        .refused(409, "client_not_active")
        .await;
}

#[tokio::test]
async fn a_write_that_reads_do_not_show_yet_says_so() {
    let mut world = World::new().await;
    world.halt_projections().await;
    let answer = world.post("/v1/clients", &client_body()).expect(202).await;
    assert_eq!(answer.field("tollgate-visible"), Some("false"));
    let body = answer.json();
    assert_eq!(
        (&body["version"], &body["position"], &body["visible"]),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(answer.field("location"), Some(&*format!("/v1/clients/{}", body["id"].as_str().unwrap())));
}

#[tokio::test]
async fn an_id_of_another_form_names_nothing() {
    let world = World::new().await;
    let (id, unknown) = (world.client().await, format!("cli_{}", "0".repeat(26)));
    for wrong in ["x", &unknown, &id.to_uppercase(), &id.replace("cli_", "key_"), "%ff", "cli_%00", ".."] {
        world.get(format!("/v1/clients/{wrong}")).refused(404, "client_not_found").await;
    }
}
