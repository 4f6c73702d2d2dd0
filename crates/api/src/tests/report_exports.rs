//! Reports that are written to files: what is in them, who gets them, for how long, and what a crash leaves.

use domain::{
    OperationId, Position,
    operation::{
        ExportMade, Item, ItemResult, Operation, OperationCommand, ProgressOperation, TakeOperation,
    },
};
use eventlog::Execute;
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    harness::{World, because, content_type},
    reports::count_calls,
};
use crate::{Settings, worker::Worker};

const MONTH: &str = "from=2026-02-01T00:00:00Z&until=2026-03-02T00:00:00Z";

/// A month by the hour and by client: more stretches than are written in one go.
fn order() -> Value {
    json!({
        "report": "usage", "format": "csv", "from": "2026-02-01T00:00:00Z", "until": "2026-03-02T00:00:00Z",
        "granularity": "hour", "group_by": ["client"],
    })
}

async fn ordered(world: &World) -> String {
    let planned = world.post("/v1/reports/exports", &order()).expect(201).await.json();
    planned["id"].as_str().unwrap().to_owned()
}

async fn operation(world: &World, id: &str) -> Value {
    world.shown().await;
    world.get(format!("/v1/operations/{id}")).expect(200).await.json()
}

fn file(id: &str) -> String {
    format!("/v1/reports/exports/{id}/file")
}

async fn as_csv(world: &World) -> String {
    let path = format!("/v1/reports/usage?{MONTH}&granularity=hour&group_by=client");
    without_position(world.get(path).header("accept", "text/csv").expect(200).await.text())
}

/// The order and its progress are in the log themselves: what is read later covers more of it.
fn without_position(csv: &str) -> String {
    let lines = csv.lines().map(|line| line.rsplit_once(',').unwrap().0);
    lines.collect::<Vec<_>>().join("\n")
}

async fn say(world: &World, id: &str, command: OperationCommand) {
    let id: OperationId = id.parse().unwrap();
    let metadata = super::harness::metadata(world.door.now());
    let ask: Execute<Operation> =
        Execute { id, command, metadata, expected_version: None, idempotency: None, personal: vec![] };
    world.door.api().log.execute(ask).await.unwrap();
}

#[tokio::test]
async fn the_file_is_the_report_and_the_operation_tells_of_it() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let planned = world.post("/v1/reports/exports", &order()).expect(201).await;
    let body = planned.json();
    let id = body["id"].as_str().unwrap();
    assert_eq!(planned.field("location"), Some(&*format!("/v1/operations/{id}")));
    assert_eq!((&body["kind"], &body["export"]["file"]), (&json!("export_report"), &Value::Null));
    world.get(file(id)).refused(409, "export_not_ready").await;
    world.work().await;

    let done = operation(&world, id).await;
    assert_eq!((&done["status"], &done["items_done"]), (&json!("finished"), &done["items_total"]));
    let downloaded = world.get(file(id)).expect(200).await;
    assert!(content_type(&downloaded).starts_with("text/csv"));
    assert_eq!(without_position(downloaded.text()), as_csv(&world).await);
    let told = &done["export"]["file"];
    let hash = hex::encode(Sha256::digest(&downloaded.bytes));
    assert_eq!((&told["rows"], &told["content_hash"]), (&json!(2), &json!(hash)));
    assert_eq!(
        (&told["bytes"], &done["export"]["rows_written"]),
        (&json!(downloaded.bytes.len()), &json!(2))
    );
    assert_eq!(
        (&told["from"], &told["until"]),
        (&json!("2026-02-01T00:00:00Z"), &json!("2026-03-02T00:00:00Z"))
    );
    assert_eq!((&told["batch_no"], &told["batch_no_last"]), (&json!(1), &json!(1)));
    let names = downloaded.text().lines().next().unwrap().split(',').collect::<Vec<_>>();
    assert_eq!(told["columns"], json!(names));

    world.observed().await;
    let audit = world.get("/v1/audit?action=observation.exported").expect(200).await.json();
    let taken: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["data"]).collect();
    let of_file = taken.iter().find(|data| data["content_hash"] == json!(hash)).expect("it is on record");
    assert_eq!((&of_file["rows"], &of_file["complete"]), (&json!(2), &json!(true)));
}

#[tokio::test]
async fn parquet_has_the_rows_of_the_csv() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let mut order = order();
    order["format"] = json!("parquet");
    order["group_by"] = json!(["owner_team", "client", "secret_version", "environment"]);
    let planned = world.post("/v1/reports/exports", &order).expect(201).await.json();
    let id = planned["id"].as_str().unwrap();
    world.work().await;
    let downloaded = world.get(file(id)).expect(200).await;
    assert_eq!(content_type(&downloaded), "application/vnd.apache.parquet");
    let told = operation(&world, id).await["export"]["file"].clone();
    assert_eq!(told["content_hash"], hex::encode(Sha256::digest(&downloaded.bytes)));

    let reader = SerializedFileReader::new(downloaded.bytes.clone()).unwrap();
    let fields = reader.metadata().file_metadata().schema().get_fields().iter();
    assert_eq!(told["columns"], json!(fields.map(|field| field.name()).collect::<Vec<_>>()));
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        row.get_column_iter().map(|(_, field)| cell(field)).collect::<Vec<_>>().join(",")
    });
    let names = reader.metadata().file_metadata().schema().get_fields().iter().map(|field| field.name());
    let lines = [names.collect::<Vec<_>>().join(",")].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let group_by = "owner_team,client,secret_version,environment";
    let path = format!("/v1/reports/usage?{MONTH}&granularity=hour&group_by={group_by}");
    let csv = world.get(path).header("accept", "text/csv").expect(200).await;
    assert_eq!(without_position(&lines), without_position(csv.text()));
}

/// As it stands in the CSV.
#[expect(clippy::wildcard_enum_match_arm, reason = "numbers of all kinds, of which there may be more")]
fn cell(field: &Field) -> String {
    match field {
        Field::TimestampMicros(micros) => domain::Timestamp::from_microsecond(*micros).unwrap().to_string(),
        Field::Str(text) => text.clone(),
        Field::Null => String::new(),
        number => number.to_string(),
    }
}

#[tokio::test]
async fn it_says_what_was_in_reach_and_is_for_whoever_ordered_it() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let planned =
        world.post("/v1/reports/exports", &order()).holder("auditor@Travel").expect(201).await.json();
    let id = planned["id"].as_str().unwrap();
    world.work().await;
    let own = world.get(file(id)).holder("auditor@Travel").expect(200).await;
    assert_eq!(own.text().lines().count(), 1, "the calls are of no client of theirs: {}", own.text());
    // Others are not told that it is there; who may take out everything may take this.
    for other in ["auditor@Payments", "auditor@prod"] {
        world.get(file(id)).holder(other).refused(404, "operation_not_found").await;
    }
    world.get(file(id)).holder("auditor").expect(200).await;
    world.get(file(id)).expect(200).await;
    world.post("/v1/reports/exports", &order()).holder("viewer").refused(403, "permission_denied").await;
    world.get(file(id)).holder("viewer").refused(403, "permission_denied").await;
    let whole = ordered(&world).await;
    world.work().await;
    world.get(file(&whole)).holder("auditor@Travel").refused(404, "operation_not_found").await;
}

#[tokio::test]
async fn what_a_crash_leaves_is_written_anew() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let id = ordered(&world).await;
    let mut killed = Worker::new(world.door.api().clone());
    assert!(killed.work().await);
    let half = operation(&world, &id).await;
    assert_eq!(half["status"], "running");
    assert!(half["items_done"].as_u64().unwrap() > 0, "{half}");
    world.get(file(&id)).refused(409, "export_not_ready").await;
    // It cannot clean up after itself.
    std::mem::forget(killed);
    world.work().await;
    let done = operation(&world, &id).await;
    assert_eq!((&done["status"], &done["applied"]), (&json!("finished"), &done["items_total"]));
    let downloaded = world.get(file(&id)).expect(200).await;
    assert_eq!(without_position(downloaded.text()), as_csv(&world).await);
}

#[tokio::test]
async fn a_file_is_kept_for_a_day() {
    let world = World::new().await;
    let id = ordered(&world).await;
    world.work().await;
    let files = world.door.report_files();
    assert_eq!(files.list().await.unwrap().len(), 1);
    world.set_now("2026-03-02T11:59:59Z");
    world.work().await;
    world.get(file(&id)).expect(200).await;
    world.set_now("2026-03-02T12:00:00Z");
    world.get(file(&id)).refused(410, "export_gone").await;
    world.set_now("2026-03-02T12:01:00Z");
    world.work().await;
    assert!(files.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_would_be_too_large_ends_without_a_file() {
    let check = async |settings: Settings, code: &str| {
        let world = World::with(settings).await;
        count_calls(&world, 3).await;
        let id = ordered(&world).await;
        world.work().await;
        let done = operation(&world, &id).await;
        assert_eq!((&done["status"], &done["export"]["file"]), (&json!("finished"), &Value::Null));
        let items = world.get(format!("/v1/operations/{id}/items?result=refused")).expect(200).await.json();
        assert_eq!(items["items"][0]["code"], code);
        world.get(file(&id)).refused(409, "export_not_made").await;
        assert!(world.door.report_files().list().await.unwrap().is_empty());
    };
    check(Settings { report_file_bytes_max: 10, ..Settings::default() }, "export_too_large").await;
    check(Settings { report_files_bytes_max: 10, ..Settings::default() }, "exports_full").await;
}

#[tokio::test]
async fn a_cancelled_report_leaves_nothing() {
    let world = World::new().await;
    let id = ordered(&world).await;
    let mut worker = Worker::new(world.door.api().clone());
    assert!(worker.work().await);
    world.shown().await;
    world.post(format!("/v1/operations/{id}/cancel"), &because()).expect(200).await;
    worker.work().await;
    world.get(file(&id)).refused(409, "export_not_made").await;
    assert!(world.file(&format!("reports/{id}.half")).is_empty());
}

#[tokio::test]
async fn another_node_says_where_the_file_is() {
    let world = World::new().await;
    let id = ordered(&world).await;
    let total = operation(&world, &id).await["items_total"].as_u64().unwrap();
    let (now, node) = (world.door.now(), "n2".parse::<domain::Name>().unwrap());
    say(&world, &id, OperationCommand::Take(TakeOperation { now, node: node.clone() })).await;
    let made = ExportMade {
        node: node.clone(),
        rows: 0,
        bytes: 0,
        content_hash: String::new(),
        columns: vec![],
        from: now,
        until: now,
        batch_no: 0,
        batch_no_last: 0,
        position: Position::START,
        kept_until: "2026-03-02T00:00:00Z".parse().unwrap(),
    };
    let item = |number| Item {
        number: u32::try_from(number).unwrap(),
        subject: "x".to_owned(),
        key_id: None,
        result: ItemResult::Applied,
        code: None,
        detail: None,
    };
    let items = (1..=total).map(item).collect();
    let progress = ProgressOperation { now, node, items, rows: Some(0), made: Some(made) };
    say(&world, &id, OperationCommand::Progress(progress)).await;
    let problem = world.get(file(&id)).refused(409, "export_elsewhere").await;
    assert_eq!(problem["node"], "n2");
}

#[tokio::test]
async fn so_many_are_written_at_once() {
    let world = World::new().await;
    for _ in 0..4 {
        ordered(&world).await;
    }
    world.post("/v1/reports/exports", &order()).refused(429, "exports_busy").await;
    world.post("/v1/reports/exports", &order()).holder("auditor").expect(201).await;
    world.work().await;
    ordered(&world).await;
}

#[tokio::test]
async fn what_cannot_be_reported_is_refused_at_once() {
    let world = World::new().await;
    let check = async |field: &str, value: Value, pointer: &str| {
        let mut body = order();
        body[field] = value;
        let problem = world.post("/v1/reports/exports", &body).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], pointer, "{field}");
    };
    check("format", json!("xlsx"), "/format").await;
    check("report", json!("quotas"), "/report").await;
    check("granularity", json!("second"), "/granularity").await;
    check("group_by", json!(["client", "team"]), "/group_by/1").await;
    check("time_zone", json!("Mars/Olympus"), "/time_zone").await;
    check("until", json!("2026-02-01T00:00:00Z"), "/from").await;
    let mut days = order();
    (days["granularity"], days["from"]) = (json!("day"), json!("1990-01-01T00:00:00Z"));
    days["time_zone"] = json!("Europe/Berlin");
    world.post("/v1/reports/exports", &days).refused(422, "body_invalid").await;
    let other =
        world.made("/v1/keys/revoke", &json!({ "filter": { "environment": "test" }, "reason": "y" })).await;
    world.get(file(&other)).refused(404, "operation_not_found").await;
}

#[tokio::test]
async fn a_report_that_is_not_too_large_is_had_as_parquet_at_once() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let path = "/v1/reports/usage?granularity=day&group_by=client";
    let ask = |path: &str| world.get(path).header("accept", "application/vnd.apache.parquet");
    let answer = ask(path).expect(200).await;
    assert_eq!(content_type(&answer), "application/vnd.apache.parquet");
    let file = SerializedFileReader::new(answer.bytes.clone()).unwrap();
    assert_eq!(file.metadata().file_metadata().num_rows(), 2);
    let named: Vec<_> = file
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    assert_eq!(named[..3], ["window_start", "window_end", "client_id"]);
    ask(&format!("{path}&compare=previous")).refused(400, "query_invalid").await;
    ask(path).holder("viewer").expect(403).await;
    let small = World::with(Settings { report_rows_max: 1, ..Settings::default() }).await;
    count_calls(&small, 3).await;
    let large = small.get(path).header("accept", "application/vnd.apache.parquet");
    large.refused(422, "report_too_large").await;
}
