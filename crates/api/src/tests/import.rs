//! Routes are imported from OpenAPI documents: planned, applied, applied again.

use http::Method;
use serde_json::{Value, json};

use super::harness::World;

fn petstore() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Petstore", "version": "1.0.0" },
        "servers": [{ "url": "https://pets.example.com/v1" }],
        "components": {
            "securitySchemes": { "petstore_auth": { "type": "oauth2", "flows": {} } },
            "parameters": { "id": { "name": "petId", "in": "path", "required": true } },
        },
        "paths": {
            "/pets": {
                "get": { "operationId": "listPets", "security": [{ "petstore_auth": ["read:pets"] }] },
                "post": { "operationId": "createPet", "security": [{ "petstore_auth": ["write:pets"] }] },
            },
            "/pets/{petId}": {
                "parameters": [{ "$ref": "#/components/parameters/id" }],
                "get": { "operationId": "showPet", "security": [{ "petstore_auth": ["read:pets"] }], "deprecated": true },
            },
            "/pets/{petId}.json": { "get": { "operationId": "petAsJson" } },
        },
    })
}

async fn import(world: &World, query: &str, document: &Value) -> Value {
    world.post(format!("/v1/routes/import{query}"), document).expect(200).await.json()
}

fn told(report: &Value, field: &str) -> Vec<(String, Option<String>)> {
    let items = report["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    items.map(|item| (text(&item["change"]), item[field].as_str().map(str::to_owned))).collect()
}

fn some(change: &str, value: &str) -> (String, Option<String>) {
    (change.to_owned(), Some(value.to_owned()))
}

fn none(change: &str) -> (String, Option<String>) {
    (change.to_owned(), None)
}

#[tokio::test]
async fn a_document_is_planned_applied_and_then_changes_nothing() {
    let world = World::new().await;
    let planned = import(&world, "", &petstore()).await;
    assert_eq!((&planned["mode"], &planned["complete"]), (&json!("plan"), &json!(true)));
    let counts = json!({ "added": 3, "changed": 0, "unchanged": 0, "missing": 0, "refused": 1 });
    assert_eq!(planned["counts"], counts);
    let ids = [
        some("added", "listPets"),
        some("added", "createPet"),
        some("added", "showPet"),
        some("refused", "petAsJson"),
    ];
    assert_eq!(told(&planned, "operation_id"), ids);
    let refused = &planned["items"][3];
    assert_eq!(
        (&refused["code"], &refused["pointer"]),
        (&json!("path_not_expressible"), &json!("/paths/~1pets~1{petId}.json/get"))
    );
    assert_eq!(planned["items"][2]["deprecated"], true);
    assert_eq!(world.get("/v1/routes").expect(200).await.json()["items"], json!([]), "a plan does nothing");

    let applied = import(&world, "?mode=apply", &petstore()).await;
    assert_eq!(
        told(&applied, "outcome")[..3],
        [some("added", "applied"), some("added", "applied"), some("added", "applied")]
    );
    let shown = world.get(format!("/v1/routes/{}", applied["items"][1]["route_id"].as_str().unwrap()));
    let shown = shown.expect(200).await.json();
    for (field, value) in [
        ("name", json!("createPet")),
        ("hosts", json!(["pets.example.com"])),
        ("methods", json!(["POST"])),
        ("path", json!("/v1/pets")),
        ("required_scopes", json!(["write:pets"])),
        ("cost", json!(1)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let audit = world.get("/v1/audit?limit=1").expect(200).await.json();
    let reason = audit["items"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(applied["document"].as_str().unwrap()), "{reason}");

    let head = world.door.api().log.head();
    let again = import(&world, "?mode=apply", &petstore()).await;
    assert_eq!(again["counts"]["unchanged"], 3);
    assert_eq!(world.door.api().log.head(), head, "nothing was put on record");
}

#[tokio::test]
async fn what_changed_is_told_field_by_field_and_what_is_not_said_stays() {
    let world = World::new().await;
    let applied = import(&world, "?mode=apply", &petstore()).await;
    let id = applied["items"][0]["route_id"].as_str().unwrap();
    world.patch(format!("/v1/routes/{id}"), &json!({ "cost": 7 })).if_match("*").expect(200).await;
    let mut document = petstore();
    document["paths"]["/pets"]["get"]["security"] = json!([{ "petstore_auth": ["read:pets", "read:all"] }]);
    document["paths"]["/pets"]["get"]["operationId"] = json!("allPets");
    document["servers"] =
        json!([{ "url": "https://pets.example.com/v1" }, { "url": "https://eu.example.com/v1" }]);
    document["paths"].as_object_mut().unwrap().remove("/pets/{petId}");
    document["paths"].as_object_mut().unwrap().remove("/pets/{petId}.json");
    let planned = import(&world, "", &document).await;
    let expected = json!([
        { "field": "name", "from": "listPets", "to": "allPets" },
        { "field": "hosts", "from": ["pets.example.com"], "to": ["eu.example.com", "pets.example.com"] },
        { "field": "required_scopes", "from": ["read:pets"], "to": ["read:all", "read:pets"] },
    ]);
    assert_eq!(planned["items"][0]["changes"], expected);
    assert_eq!(planned["items"][0]["route_id"], id);
    import(&world, "?mode=apply", &document).await;
    let shown = world.get(format!("/v1/routes/{id}")).expect(200).await.json();
    assert_eq!((&shown["cost"], &shown["name"]), (&json!(7), &json!("allPets")));
}

#[tokio::test]
async fn what_is_missing_is_retired_only_when_asked_and_others_are_left_alone() {
    let world = World::new().await;
    import(&world, "?mode=apply", &petstore()).await;
    let elsewhere =
        json!({ "name": "Other", "host": "pets.example.com", "methods": ["GET"], "path": "/v2/pets" });
    world.made("/v1/routes", &elsewhere).await;
    let mut document = petstore();
    document["paths"].as_object_mut().unwrap().remove("/pets/{petId}");
    let kept = import(&world, "?mode=apply", &document).await;
    assert_eq!(told(&kept, "outcome").last(), Some(&none("missing")));
    assert_eq!(kept["counts"]["missing"], 1);
    let pruned = import(&world, "?mode=apply&prune=true", &document).await;
    assert_eq!(told(&pruned, "outcome").last(), Some(&some("missing", "applied")));
    let retired = world.get("/v1/routes?status=retired").expect(200).await.json();
    assert_eq!(retired["items"].as_array().unwrap().len(), 1);
    assert_eq!(retired["items"][0]["name"], "showPet");
    assert_eq!(import(&world, "?mode=apply&prune=true", &document).await["counts"]["missing"], 0);
}

#[tokio::test]
async fn what_would_take_anothers_calls_is_refused_and_the_rest_goes_on() {
    let world = World::new().await;
    let both = json!({ "name": "Both", "host": "pets.example.com", "methods": ["GET", "HEAD"], "path": "/v1/pets/{id}" });
    world.made("/v1/routes", &both).await;
    let mut document = petstore();
    document["paths"]["/pets/{zebra}"] = json!({ "get": { "operationId": "twice" } });
    let applied = import(&world, "?mode=apply", &document).await;
    let codes: Vec<_> = told(&applied, "code").into_iter().filter_map(|(_, code)| code).collect();
    assert_eq!(codes, ["route_of_several_methods", "path_not_expressible", "duplicate_operation"]);
    assert_eq!((&applied["counts"]["added"], &applied["complete"]), (&json!(2), &json!(true)));
    assert_eq!(applied["counts"]["missing"], 0, "a route whose operation was refused is not missing");
}

#[tokio::test]
async fn the_projects_own_document_is_imported_as_it_is_written() {
    let world = World::new().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/system.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let send = |query: &str| {
        let call = world.call(Method::POST, format!("/v1/routes/import{query}"));
        call.header("content-type", "application/yaml").body(text.clone())
    };
    let planned = send("?hosts=admin.example.com").expect(200).await.json();
    assert!(planned["counts"]["added"].as_u64().unwrap() > 40, "{}", planned["counts"]);
    assert_eq!(planned["counts"]["refused"], 0, "{planned}");
    let applied = send("?hosts=admin.example.com&mode=apply").expect(200).await.json();
    assert_eq!(applied["complete"], true, "{applied}");
    assert_eq!(
        send("?hosts=admin.example.com").expect(200).await.json()["counts"]["unchanged"],
        planned["counts"]["added"]
    );
}

#[tokio::test]
async fn a_dry_run_of_an_import_is_its_plan() {
    let world = World::new().await;
    let planned = import(&world, "?mode=apply&dry_run=true", &petstore()).await;
    assert_eq!(planned["mode"], "plan");
    assert_eq!(world.get("/v1/routes").expect(200).await.json()["items"], json!([]));
}

#[tokio::test]
async fn an_import_that_nobody_can_mean_is_refused() {
    let world = World::new().await;
    for query in ["?mode=do", "?prune=1", "?hosts=", "?hosts=a..b"] {
        world.post(format!("/v1/routes/import{query}"), &petstore()).refused(400, "query_invalid").await;
    }
    let swagger = json!({ "swagger": "2.0", "paths": {} });
    let problem = world.post("/v1/routes/import", &swagger).refused(422, "body_invalid").await;
    assert_eq!(problem["pointer"], "/openapi");
    let large = world.post("/v1/routes/import", &json!({})).body(" ".repeat(10 * 1024 * 1024));
    large.refused(413, "body_too_large").await;
}
