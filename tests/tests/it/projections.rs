//! An event that a read model cannot take: seen, left out by an operator by name, on record, and gone from nothing else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use test_servers::{Database, Exit, Postgres, until};
use tollgate_tests::{Launch, Product, TOKEN};

const KIND: &str = "api_client";
const EVENT_TYPE: &str = "api_client.suspended";
const PAYLOAD: &str = r#"{"event":"suspended","reason":"by hand"}"#;

/// The suspension of a client that was never registered: the directory has no row for it to change.
struct ByHand {
    client_id: String,
    event_id: String,
    /// Of any other event.
    metadata: String,
    recorded_at: String,
}

impl ByHand {
    /// Source: RFC 6962 §2.1.
    fn leaf_hash(&self) -> Vec<u8> {
        let Self { client_id, event_id, metadata, recorded_at } = self;
        let audited = format!(
            r#"{{"aggregate_id":"{client_id}","aggregate_type":"{KIND}","data":{PAYLOAD},"event_id":"{event_id}","event_type":"{EVENT_TYPE}","event_version":1,"metadata":{metadata},"recorded_at":"{recorded_at}","sequence":1}}"#
        );
        Sha256::new().chain_update([0]).chain_update(audited).finalize().to_vec()
    }
}

/// Straight into the store of a stopped server. Answers the position.
fn write_by_hand(product: &Product) -> Result<u64> {
    let log = Connection::open(product.data_dir().join("events.db"))?;
    let like = "select aggregate_id, event_id, metadata, recorded_at from events where event_no = 1";
    let by_hand = log.query_row(like, [], |row| {
        let (client_id, event_id): (String, String) = (row.get(0)?, row.get(1)?);
        let (client_id, event_id) = (another(&client_id), another(&event_id));
        Ok(ByHand { client_id, event_id, metadata: row.get(2)?, recorded_at: row.get(3)? })
    })?;
    let ByHand { client_id, event_id, metadata, recorded_at } = &by_hand;
    log.execute(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
         event_id, recorded_at) values (?1, ?2, 1, ?3, '1', ?4, ?5, ?6, ?7)",
        (KIND, client_id, EVENT_TYPE, PAYLOAD, metadata, event_id, recorded_at),
    )?;
    let place = "insert into log (position, event_no, leaf_hash) \
                 select max(position) + 1, ?1, ?2 from log returning position";
    Ok(log.query_row(place, (log.last_insert_rowid(), by_hand.leaf_hash()), |row| row.get(0))?)
}

/// The same on a database server, where the server may run: the sequencer gives it its position.
fn write_to_server(postgres: &Postgres, database: &Database) -> Result<()> {
    let one = |column: &str| -> Result<String> {
        let sql = format!("select {column}::text from tollgate.events order by event_no limit 1");
        Ok(postgres.sql(&database.name, &sql)?.trim().to_owned())
    };
    let by_hand = ByHand {
        client_id: another(&one("aggregate_id")?),
        event_id: another(&one("event_id")?),
        metadata: one("metadata")?,
        recorded_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let leaf_hash: String = by_hand.leaf_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    let ByHand { client_id, event_id, metadata, recorded_at } = by_hand;
    let sql = format!(
        "with written as (insert into tollgate.events (aggregate_type, aggregate_id, sequence, event_type, \
         event_version, payload, metadata, event_id, recorded_at) values ('{KIND}', '{client_id}', 1, '{EVENT_TYPE}', \
         '1', '{PAYLOAD}', $json${metadata}$json$, '{event_id}', '{recorded_at}') returning event_no) \
         insert into tollgate.events_pending (event_no, leaf_hash) \
         select event_no, '\\x{leaf_hash}'::bytea from written"
    );
    postgres.sql(&database.name, &sql).map(drop)
}

/// An identifier that differs in its last character.
fn another(id: &str) -> String {
    let (begin, last) = id.split_at(id.len() - 1);
    format!("{begin}{}", if last == "0" { "1" } else { "0" })
}

/// The commands of a server with files work in its directory; those of one with a database find that by themselves.
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

/// The status of the answer: 202 when it is on record, and not to be seen in time.
async fn register(product: &Product) -> Result<u16> {
    let registration = json!({
        "name": "Acme", "kind": "internal", "owner": { "team": "t", "email": "t@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
    });
    Ok(product.admin()?.post("/clients", &registration).await?.status)
}

#[tokio::test]
async fn an_operator_leaves_out_an_event_by_name_and_the_audit_log_has_it() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.env("USER", "ada").start().await?;
    assert_eq!(register(&product).await?, 201);
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

/// A server in one process on a database of its own.
async fn on_postgres(database: &Database) -> Result<Product> {
    let launch = Launch::new(TOKEN)?.env("USER", "ada").env("TOLLGATE_DATABASE_URL", &database.url);
    let launch = launch.env("TOLLGATE_MIGRATION_URL", &database.url);
    let secrets = launch.directory().join("secrets");
    for args in
        [vec!["migrate".into()], vec!["secrets".into(), "init".into(), secrets.clone().into_os_string()]]
    {
        let prepared = launch.command()?.args(args).output().context("preparing the database")?;
        ensure!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
    }
    launch.env("TOLLGATE_SECRETS_DIR", secrets).start().await
}

#[tokio::test]
async fn on_servers_it_is_left_out_while_everything_runs() -> Result<()> {
    let postgres = Postgres::shared().await?;
    let database = postgres.database()?;
    let mut product = on_postgres(&database).await?;
    assert_eq!(register(&product).await?, 201);
    let busy = projections(&product, &["rebuild"]).await?;
    assert!(!busy.status.success() && busy.stderr.contains("a running Tollgate"), "{}", busy.stderr);

    write_to_server(postgres, &database)?;
    let halted = async || {
        let stands = clients(&product).await?;
        Ok(stands["halted"].is_string().then_some(stands))
    };
    let halted = until("the directory of clients to stop", Duration::from_secs(30), halted).await?;
    assert_eq!(halted["position"], 1);
    let unready = product.get("/readyz").await?;
    assert_eq!(unready.status, 503);
    assert!(unready.body.contains("api_client.suspended at position 2"), "{}", unready.body);
    assert_eq!(register(&product).await?, 202, "everything else goes on");

    let skip = ["skip", "client_directory", "2", "--reason", "written by hand"];
    let done = projections(&product, &skip).await?;
    assert!(done.status.success(), "{}", done.stderr);
    let ready = async || Ok((product.get("/readyz").await?.status == 200).then_some(()));
    until("the server to be ready again", Duration::from_secs(30), ready).await?;
    let entry = &product.admin()?.get("/audit?action=projection.event_skipped").await?.json["items"][0];
    assert_eq!(entry["actor"]["id"], "operator:ada", "{entry}");
    assert!(entry.to_string().contains("\"database\""), "as whose word it counts: {entry}");

    product.terminate().await?;
    let rebuilt = projections(&product, &["rebuild"]).await?;
    assert!(rebuilt.status.success(), "{}", rebuilt.stderr);
    let stands = clients(&product).await?;
    assert_eq!((&stands["halted"], &stands["position"]), (&Value::Null, &json!(4)));
    Ok(())
}
