//! Foreign keys are taken over row by row, once; their secrets are nowhere to be seen.

use domain::{
    Name, OperationId,
    operation::{
        ImportPlan, Item, ItemResult, Operation, OperationCommand, Ordered, PlanOperation, ProgressOperation,
        Work,
    },
    secret::ForeignDigest,
};
use eventlog::Execute;
use http::Method;
use serde_json::{Value, json};

use super::harness::{Answer, Call, NOW, World, because, client_body, metadata};
use crate::{
    imports::{self, Defaults, Format},
    worker::Worker,
};

fn digest(secret: &str) -> String {
    ForeignDigest::of(secret).unwrap().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn line(external_id: &str, secret: &str) -> String {
    json!({ "external_id": external_id, "sha256": digest(secret), "hint": "last" }).to_string() + "\n"
}

fn upload<'world>(world: &'world World, query: &str, upload: impl Into<String>) -> Call<'world> {
    let call = world.call(Method::POST, format!("/v1/keys/import?source=kong&environment=prod{query}"));
    call.header("content-type", "application/jsonl").body(upload.into())
}

/// Imports rows of the client and gives the operation once it has ended.
async fn import(world: &World, client: &str, rows: impl Into<String>) -> Value {
    let planned = upload(world, &format!("&client_id={client}"), rows).expect(201).await.json();
    world.work().await;
    world.get(format!("/v1/operations/{}", planned["id"].as_str().unwrap())).expect(200).await.json()
}

async fn items(world: &World, operation: &Value) -> Vec<Value> {
    let path = format!("/v1/operations/{}/items", operation["id"].as_str().unwrap());
    world.get(path).expect(200).await.json()["items"].as_array().unwrap().clone()
}

fn counts(operation: &Value) -> [u64; 3] {
    ["applied", "unchanged", "refused"].map(|name| operation[name].as_u64().unwrap())
}

#[tokio::test]
async fn an_imported_key_is_one_of_the_clients_and_its_digest_is_nowhere() {
    let world = World::new().await;
    let client = world.client().await;
    let done = import(&world, &client, line("k1", "kong-secret-1")).await;
    assert_eq!(
        (&done["kind"], &done["status"], &done["source"]),
        (&json!("import_keys"), &json!("finished"), &json!("kong"))
    );
    assert_eq!(counts(&done), [1, 0, 0]);
    let key = items(&world, &done).await[0]["key_id"].as_str().unwrap().to_owned();
    let shown = world.get(format!("/v1/keys/{key}")).expect(200).await;
    let body = shown.json();
    assert_eq!(
        (&body["client_id"], &body["environment"], &body["status"]),
        (&json!(client), &json!("prod"), &json!("active"))
    );
    assert_eq!(
        (&body["origin"], &body["hint"]),
        (&json!({ "source": "kong", "external_id": "k1" }), &json!("…last"))
    );
    let audit = world.get(format!("/v1/audit?subject_id={key}")).expect(200).await;
    assert_eq!(audit.json()["items"][0]["action"], "api_key.imported");
    assert_eq!(audit.json()["items"][0]["data"]["secret"], json!({ "version": 1, "hint": "…last" }));
    for answer in [shown, audit, world.get("/v1/operations").expect(200).await] {
        assert!(!answer.text().contains(&digest("kong-secret-1")), "{}", answer.text());
    }
    for file in ["read.db", "read.db-wal"].map(|file| world.file(file)) {
        let digest = digest("kong-secret-1");
        assert!(!file.windows(digest.len()).any(|window| window == digest.as_bytes()));
    }
    let kept = world.door.api().uploads.list().await.unwrap();
    assert_eq!(kept, [], "the upload is gone when its operation has ended");
}

#[tokio::test]
async fn the_same_upload_again_is_no_news() {
    let world = World::new().await;
    let client = world.client().await;
    let rows = line("k1", "kong-secret-1") + &line("k2", "kong-secret-2");
    assert_eq!(counts(&import(&world, &client, rows.clone()).await), [2, 0, 0]);
    assert_eq!(counts(&import(&world, &client, rows.clone()).await), [0, 2, 0]);
    let key = world.get("/v1/keys").expect(200).await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    world.post(format!("/v1/keys/{key}/revoke"), &because()).expect(200).await;
    assert_eq!(
        counts(&import(&world, &client, rows).await),
        [0, 2, 0],
        "and a revoked key does not come back"
    );
    assert_eq!(world.get(format!("/v1/keys/{key}")).expect(200).await.json()["status"], "revoked");
}

#[tokio::test]
async fn wrong_rows_in_the_middle_are_named_and_the_others_are_imported() {
    let world = World::new().await;
    let client = world.client().await;
    let rows = [
        line("k1", "kong-secret-1"),
        "{broken\n".to_owned(),
        json!({ "external_id": "k3", "sha256": "kong-secret-3" }).to_string() + "\n",
        json!({ "external_id": "k4", "sha256": digest("kong-secret-4"), "scopes": ["admin"] }).to_string()
            + "\n",
        json!({ "external_id": "k5", "sha256": digest("kong-secret-5"), "client_name": "Nobody" })
            .to_string()
            + "\n",
        line("k6", "kong-secret-1"),
        line("k1", "kong-secret-7"),
        line("k8", "kong-secret-8"),
    ];
    let done = import(&world, &client, rows.concat()).await;
    assert_eq!(counts(&done), [2, 0, 6]);
    let items = items(&world, &done).await;
    let codes: Vec<_> = items.iter().map(|item| item["code"].as_str().unwrap_or("-").to_owned()).collect();
    let expected = [
        "-",
        "import_row_invalid",
        "import_row_invalid",
        "scope_not_granted",
        "import_client_unknown",
        "key_secret_taken",
        "key_imported_differently",
        "-",
    ];
    assert_eq!(codes, expected);
    assert!(
        items[5]["detail"].as_str().unwrap().contains(items[0]["key_id"].as_str().unwrap()),
        "{}",
        items[5]
    );
    assert!(!json!(items).to_string().contains("kong-secret-3"));
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_changes_nothing() {
    let world = World::new().await;
    let client = world.client().await;
    import(&world, &client, line("k1", "kong-secret-1")).await;
    let rows = line("k1", "kong-secret-1")
        + &line("k2", "kong-secret-2")
        + &line("k3", "kong-secret-1")
        + "{broken\n";
    let answer = upload(&world, &format!("&client_id={client}&dry_run=true"), rows).expect(200).await.json();
    assert_eq!((&answer["rows"], counts(&answer)), (&json!(4), [1, 1, 2]));
    assert_eq!(
        (&answer["refusals"][0]["number"], &answer["refusals"][0]["code"]),
        (&json!(3), &json!("key_secret_taken"))
    );
    assert_eq!(
        (&answer["refusals"][1]["subject"], &answer["refusals"][1]["code"]),
        (&json!("row 4"), &json!("import_row_invalid"))
    );
    world.work().await;
    assert_eq!(world.get("/v1/keys").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

/// A dry run writes nothing that the rows after it could come upon.
#[tokio::test]
async fn a_dry_run_tells_what_rows_of_one_upload_are_to_each_other() {
    let world = World::new().await;
    let client = world.client().await;
    let rows = line("k1", "kong-secret-1")
        + &line("k2", "kong-secret-1")
        + &line("k1", "kong-secret-1")
        + &line("k1", "kong-secret-2");
    let query = format!("&client_id={client}&dry_run=true");
    let dry = upload(&world, &query, rows.clone()).expect(200).await.json();
    let codes = |refusals: &serde_json::Value| {
        let all = refusals.as_array().unwrap().iter();
        all.map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&dry["refusals"]), ["key_secret_taken", "key_imported_differently"]);
    let done = import(&world, &client, rows).await;
    assert_eq!(counts(&dry), [1, 1, 2]);
    assert_eq!(counts(&dry), counts(&done), "{done}");
}

#[tokio::test]
async fn clients_are_named_by_their_names_too_if_those_are_theirs_alone() {
    let world = World::new().await;
    let mut body = client_body();
    body["name"] = json!("Unique");
    let unique = world.made("/v1/clients", &body).await;
    world.client().await;
    world.client().await;
    let row = |id: &str, name: &str| {
        json!({ "external_id": id, "sha256": digest(&format!("kong-secret-{id}")), "client_name": name })
            .to_string()
            + "\n"
    };
    let rows = row("k1", "Unique") + &row("k2", "Acme") + &row("k3", "unique");
    let planned = upload(&world, "", rows).expect(201).await.json();
    world.work().await;
    let done =
        world.get(format!("/v1/operations/{}", planned["id"].as_str().unwrap())).expect(200).await.json();
    let items = items(&world, &done).await;
    assert_eq!(
        (&items[0]["result"], &items[1]["code"], &items[2]["code"]),
        (&json!("applied"), &json!("import_client_ambiguous"), &json!("import_client_unknown"))
    );
    let keys = world.get(format!("/v1/keys?client_id={unique}")).expect(200).await.json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_form_is_told_by_its_media_type_or_said() {
    let world = World::new().await;
    let client = world.client().await;
    let csv = format!("external_id,sha256\r\nk1,{}\r\n", digest("kong-secret-1"));
    let query = format!("&client_id={client}&dry_run=true");
    let send = |media_type: &'static str, query: String, body: String| {
        upload(&world, &query, body).without("content-type").header("content-type", media_type)
    };
    for media_type in ["text/csv", "text/csv; charset=utf-8"] {
        let answer: Answer = send(media_type, query.clone(), csv.clone()).expect(200).await;
        assert_eq!(counts(&answer.json()), [1, 0, 0]);
    }
    send("application/json", query.clone(), csv.clone()).refused(415, "media_type_unsupported").await;
    send("application/json", format!("{query}&format=csv"), csv.clone()).expect(200).await;
    send("text/csv", format!("{query}&format=kong"), csv).expect(200).await;
    send("text/csv", query.clone(), "id,hash\r\n".to_owned()).refused(422, "upload_unreadable").await;
    let clear = json!({ "data": [{ "id": "c1", "key": "kong-secret-1" }] }).to_string();
    let answer = send("application/json", format!("{query}&format=kong"), clear).expect(200).await;
    assert_eq!(counts(&answer.json()), [0, 0, 1]);
    assert!(!answer.text().contains("kong-secret-1"));
}

#[tokio::test]
async fn a_large_upload_is_taken_and_a_larger_one_is_not() {
    let world = World::new().await;
    let client = world.client().await;
    let padding = "x".repeat(90);
    let rows = (0..40_000).map(|n| format!("{n}-{padding},{}\n", digest(&format!("kong-secret-{n}"))));
    let csv: String = std::iter::once("external_id,sha256\n".to_owned()).chain(rows).collect();
    assert!(csv.len() > 6 * 1024 * 1024);
    let call = upload(&world, &format!("&client_id={client}"), csv).without("content-type");
    let planned = call.header("content-type", "text/csv").expect(201).await.json();
    assert_eq!(planned["items_total"], 40_000);
    let path = format!("/v1/operations/{}/cancel", planned["id"].as_str().unwrap());
    world.post(path, &because()).expect(200).await;
    let rows: String = (0..100_001).map(|_| "{}\n").collect();
    let problem = upload(&world, &format!("&client_id={client}"), rows).refused(422, "too_many_items").await;
    assert_eq!(problem["allowed"], 100_000);
}

#[tokio::test]
async fn only_some_uploads_are_read_at_once() {
    let world = World::new().await;
    let query = format!("&client_id={}", world.client().await);
    let busy = [world.door.imports.enter().unwrap(), world.door.imports.enter().unwrap()];
    let rows = line("k1", "kong-secret-1");
    upload(&world, &query, rows.clone()).refused(429, "imports_busy").await;
    upload(&world, &format!("{query}&dry_run=true"), rows.clone()).refused(429, "imports_busy").await;
    drop(busy);
    for _ in 0..3 {
        upload(&world, &format!("{query}&dry_run=true"), rows.clone()).expect(200).await;
    }
    upload(&world, &query, rows).expect(201).await;
}

#[tokio::test]
async fn many_rows_are_counted_by_their_numbers() {
    let world = World::new().await;
    let query = format!("&client_id={}&dry_run=true", world.client().await);
    let rows = (0..2_000).map(|number| line(&format!("k{number}"), &format!("kong-secret-{number}")));
    let rows = rows.collect::<String>() + "1\n";
    let answer = upload(&world, &query, rows).expect(200).await.json();
    assert_eq!((&answer["rows"], counts(&answer)), (&json!(2_001), [2_000, 0, 1]));
    assert_eq!(answer["refusals"][0]["number"], 2_001);
}

/// Puts an operation on record, or what became of it, as another request or process would.
async fn say(world: &World, id: OperationId, command: OperationCommand) {
    let metadata = metadata(world.door.now());
    let ask: Execute<Operation> =
        Execute { id, command, metadata, expected_version: None, idempotency: None, personal: vec![] };
    world.door.api().log.execute(ask).await.unwrap();
    world.shown().await;
}

/// Keeps an upload of one row, and plans nothing.
async fn kept(world: &World, client: &str) -> OperationId {
    let id = OperationId::from_parts(u64::try_from(world.door.now().as_millisecond()).unwrap(), 7);
    let defaults =
        Defaults { client_id: Some(client.parse().unwrap()), environment: Some("prod".parse().unwrap()) };
    let rows = imports::read(Format::Jsonl, line("k1", "kong-secret-1").as_bytes(), &defaults).unwrap();
    world.door.uploads().keep(id, imports::kept(&rows).unwrap()).await.unwrap();
    id
}

fn plan(world: &World) -> OperationCommand {
    let name = |name: &str| name.parse::<Name>().unwrap();
    let plan = ImportPlan { source: name("kong"), format: name("jsonl"), node: world.door.node().clone() };
    OperationCommand::Plan(PlanOperation {
        now: world.door.now(),
        work: Work::Import { plan, rows: 1 },
        reason: None,
        ordered: Ordered { by: "admin".to_owned(), allowed_by: "role:admin".to_owned() },
    })
}

#[tokio::test]
async fn an_upload_whose_plan_is_in_doubt_is_kept() {
    let world = World::new().await;
    let client = world.client().await;
    world.door.api().log.close().await;
    let answer = upload(&world, &format!("&client_id={client}"), line("k1", "kong-secret-1")).send().await;
    assert!(answer.status >= 500, "{}", answer.text());
    assert_eq!(world.door.uploads().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_upload_that_is_planned_late_is_imported_and_one_that_never_is_goes() {
    let check = async |planned_at: &str, expected: usize| {
        let world = World::new().await;
        let client = world.client().await;
        let id = kept(&world, &client).await;
        world.work().await;
        world.set_now(planned_at);
        world.work().await;
        assert_eq!(world.door.uploads().list().await.unwrap().len(), expected, "{planned_at}");
        say(&world, id, plan(&world)).await;
        world.work().await;
        let keys = world.get("/v1/keys").expect(200).await.json();
        assert_eq!(keys["items"].as_array().unwrap().len(), expected);
    };
    check("2026-03-01T12:09:59Z", 1).await;
    check("2026-03-01T12:10:00Z", 0).await;
}

#[tokio::test]
async fn what_was_uploaded_is_not_kept_longer_than_a_minute_after_its_operation_has_ended() {
    let check = async |command: &dyn Fn(&World) -> Option<OperationCommand>| {
        let world = World::new().await;
        let client = world.client().await;
        let rows = (0..201).map(|n| line(&format!("k{n}"), &format!("kong-secret-{n}"))).collect::<String>();
        let planned = upload(&world, &format!("&client_id={client}"), rows).expect(201).await.json();
        let id = planned["id"].as_str().unwrap();
        let mut worker = Worker::new(world.door.api().clone());
        assert!(worker.work().await);
        assert!(worker.holds_rows());
        match command(&world) {
            Some(command) => say(&world, id.parse().unwrap(), command).await,
            None => drop(world.post(format!("/v1/operations/{id}/cancel"), &because()).expect(200).await),
        }
        world.set_now("2026-03-01T12:00:59Z");
        worker.work().await;
        assert!(!worker.holds_rows());
        assert_eq!(world.door.uploads().list().await.unwrap().len(), 1);
        world.set_now("2026-03-01T12:01:00Z");
        worker.work().await;
        assert_eq!(world.door.uploads().list().await.unwrap(), []);
    };
    assert_eq!(NOW, "2026-03-01T12:00:00Z");
    check(&|_| None).await;
    // Another process under the same name was quicker with the last row.
    check(&|world| {
        let item = Item {
            number: 201,
            subject: "k200".to_owned(),
            key_id: None,
            result: ItemResult::Applied,
            code: None,
            detail: None,
        };
        let (now, node) = (world.door.now(), world.door.node().clone());
        let progress = ProgressOperation { now, node, items: vec![item], rows: None, made: None };
        Some(OperationCommand::Progress(progress))
    })
    .await;
}

#[tokio::test]
async fn an_imported_key_is_rotated_to_a_secret_of_ours() {
    let world = World::new().await;
    let client = world.client().await;
    let done = import(&world, &client, line("k1", "kong-secret-1")).await;
    let key = items(&world, &done).await[0]["key_id"].as_str().unwrap().to_owned();
    let body = world
        .post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 60 }))
        .expect(200)
        .await
        .json();
    assert!(body["secret"].as_str().unwrap().starts_with("tg_prod_"));
    assert_eq!(
        (&body["key"]["secret_version"], &body["key"]["previous"]["hint"]),
        (&json!(2), &json!("…last"))
    );
}

#[tokio::test]
async fn whoever_reaches_some_clients_imports_keys_of_these_alone() {
    let world = World::new().await;
    let own = world.client().await;
    let mut body = client_body();
    (body["name"], body["owner"]["team"]) = (json!("Other"), json!("Travel"));
    let other = world.made("/v1/clients", &body).await;
    let row = |number: u8, client: &str, environment: &str| {
        let secret = digest(&format!("kong-secret-{number}"));
        let by = if client.starts_with("cli_") { "client_id" } else { "client_name" };
        let mut row = json!({ "external_id": format!("k{number}"), "sha256": secret });
        (row["environment"], row[by]) = (json!(environment), json!(client));
        row.to_string() + "\n"
    };
    let absent = "cli_00000000000000000000000009";
    let rows = [
        row(1, &own, "prod"),
        row(2, "Acme", "sandbox"),
        row(3, &other, "prod"),
        row(4, "Other", "prod"),
        row(5, absent, "prod"),
        row(6, "Nobody", "prod"),
    ]
    .concat();
    let of_team = |rows: &str, query: &str| upload(&world, query, rows).holder("operator@Payments");
    let dry = of_team(&rows, "&dry_run=true").expect(200).await.json();
    assert_eq!((&dry["applied"], &dry["refused"]), (&json!(2), &json!(4)), "{dry}");
    let planned = of_team(&rows, "").expect(201).await.json();
    world.work().await;
    let done = format!("/v1/operations/{}", planned["id"].as_str().unwrap());
    let done = world.get(done).expect(200).await.json();
    assert_eq!(counts(&done), [2, 0, 4]);
    let items = items(&world, &done).await.into_iter();
    let refused: Vec<Value> = items.filter(|item| item["result"] == "refused").collect();
    assert_eq!(refused.len(), 4);
    for (item, client) in refused.iter().zip([&*other, "Other", absent, "Nobody"]) {
        let expected = format!("the row cannot be read: there is no client `{client}`");
        assert_eq!((&item["code"], &item["detail"]), (&json!("import_row_invalid"), &json!(expected)));
    }
    let keys = world.get("/v1/keys").expect(200).await.json();
    let of: Vec<&Value> = keys["items"].as_array().unwrap().iter().map(|key| &key["client_id"]).collect();
    assert_eq!(of, [&json!(own), &json!(own)]);
    // An environment bounds it, too.
    let rows = row(7, &own, "prod") + &row(8, &own, "sandbox");
    let dry = upload(&world, "&dry_run=true", rows).holder("operator@prod").expect(200).await.json();
    assert_eq!((&dry["applied"], &dry["refused"]), (&json!(1), &json!(1)), "{dry}");
    let line = line("k9", "kong-secret-9");
    upload(&world, "", line).holder("viewer@Payments").refused(403, "permission_denied").await;
}
