//! An event that a read model cannot take: seen, left out by an operator by name, on record, and gone from nothing else.

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use test_servers::Exit;
use tollgate_tests::{Launch, Product, TOKEN};

/// Suspends a client that was never registered, straight into the store of a stopped server: its directory has no row
/// to change. Answers the position.
fn write_by_hand(product: &Product) -> Result<u64> {
    let log = Connection::open(product.data_dir().join("events.db"))?;
    let like = "select aggregate_id, metadata, event_id, recorded_at from events where event_no = 1";
    let texts = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
    let [client_id, metadata, event_id, recorded_at]: [String; 4] = log.query_row(like, [], texts)?;
    let (client_id, event_id) = (another(&client_id), another(&event_id));
    let (kind, event_type) = ("api_client", "api_client.suspended");
    let payload = r#"{"event":"suspended","reason":"by hand"}"#;
    log.execute(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
         event_id, recorded_at) values (?1, ?2, 1, ?3, '1', ?4, ?5, ?6, ?7)",
        (kind, &client_id, event_type, payload, &metadata, &event_id, &recorded_at),
    )?;
    let audited = format!(
        r#"{{"aggregate_id":"{client_id}","aggregate_type":"{kind}","data":{payload},"event_id":"{event_id}","event_type":"{event_type}","event_version":1,"metadata":{metadata},"recorded_at":"{recorded_at}","sequence":1}}"#
    );
    // RFC 6962 §2.1.
    let leaf_hash = Sha256::new().chain_update([0]).chain_update(audited).finalize();
    let place = "insert into log (position, event_no, leaf_hash) \
                 select max(position) + 1, ?1, ?2 from log returning position";
    Ok(log.query_row(place, (log.last_insert_rowid(), leaf_hash.as_slice()), |row| row.get(0))?)
}

/// An identifier that differs in its last character.
fn another(id: &str) -> String {
    let (begin, last) = id.split_at(id.len() - 1);
    format!("{begin}{}", if last == "0" { "1" } else { "0" })
}

async fn projections(product: &Product, args: &[&str]) -> Result<Exit> {
    let dir = product.data_dir().to_string_lossy().into_owned();
    product.cli(&[&["projections"], args, &["--data-dir", &dir]].concat()).await
}

/// Where the directory of clients stands, by the command line.
async fn clients(product: &Product) -> Result<Value> {
    let listed = projections(product, &["list", "--output", "json"]).await?;
    ensure!(listed.status.success(), "{}", listed.stderr);
    let listed: Value = serde_json::from_str(&listed.stdout)?;
    let items = listed["items"].as_array().context("a list has items")?;
    items.iter().find(|item| item["name"] == "client_directory").cloned().context("it is listed")
}

#[tokio::test]
async fn an_operator_leaves_out_an_event_by_name_and_the_audit_log_has_it() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.env("USER", "ada").start().await?;
    let registration = json!({
        "name": "Acme", "kind": "internal", "owner": { "team": "t", "email": "t@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
    });
    assert_eq!(product.admin()?.post("/clients", &registration).await?.status, 201);
    let refused = projections(&product, &["list"]).await?;
    assert!(!refused.status.success() && refused.stderr.contains("another Tollgate"), "{}", refused.stderr);
    product.terminate().await?;
    let poison = write_by_hand(&product)?;
    let at = poison.to_string();

    let early = projections(&product, &["skip", "client_directory", &at, "--reason", "too early"]).await?;
    assert!(!early.status.success() && early.stderr.contains("projection_not_halted"), "{}", early.stderr);
    let stopped = projections(&product, &["rebuild"]).await?;
    assert!(!stopped.status.success(), "{}", stopped.stdout);
    let halted = clients(&product).await?;
    assert_eq!(halted["position"], poison - 1);
    let why = halted["halted"].as_str().context("it says why")?;
    assert!(why.contains(&format!("api_client.suspended at position {at}")), "{why}");

    let skip = ["skip", "client_directory", &at, "--reason", "written by hand"];
    for (args, why) in [
        (["skip", "client_directory", "1", "--reason", "another"], "projection_not_halted"),
        (["skip", "key_directory", &at, "--reason", "another"], "projection_not_halted"),
        (["skip", "nonsense", &at, "--reason", "another"], "client_directory"),
        (["skip", "usage", &at, "--reason", "another"], "no batch"),
    ] {
        let refused = projections(&product, &args).await?;
        assert!(!refused.status.success() && refused.stderr.contains(why), "{args:?}: {}", refused.stderr);
    }
    let done = projections(&product, &skip).await?;
    assert!(done.status.success() && done.stdout.contains("api_client.suspended"), "{}", done.stderr);
    let again = projections(&product, &skip).await?;
    assert!(again.status.success() && again.stdout.contains("before"), "{}{}", again.stdout, again.stderr);

    // Ready: nothing is halted any more.
    product.restart().await?;
    let entry = &product.admin()?.get("/audit?action=projection.event_skipped").await?.json["items"];
    assert_eq!(entry.as_array().map(Vec::len), Some(1), "{entry}");
    assert_eq!(entry[0]["actor"]["id"], "operator:ada", "{entry}");
    assert_eq!(entry[0]["reason"], "written by hand", "{entry}");
    let metrics = product.get("/metrics").await?.body;
    let counted = "tollgate_projection_skipped_events_total{name=\"client_directory\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    product.terminate().await?;
    let rebuilt = projections(&product, &["rebuild"]).await?;
    assert!(rebuilt.status.success(), "{}", rebuilt.stderr);
    let stands = clients(&product).await?;
    assert_eq!((&stands["halted"], &stands["lag_events"]), (&Value::Null, &json!(0)));
    Ok(())
}
