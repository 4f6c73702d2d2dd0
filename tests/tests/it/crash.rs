//! kill -9 at any time: what was acknowledged is there, nothing is half there, and a rebuild changes nothing.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tollgate_tests::{Admin, Launch, Product, TOKEN};

const ROUNDS: usize = 4;
const WRITERS: usize = 6;

fn registration(name: &str) -> Value {
    json!({
        "name": name, "kind": "internal", "owner": { "team": "t", "email": "t@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
    })
}

/// Registers until the product is gone; answers the names that were acknowledged.
async fn register_until_killed(admin: Admin, writer: String) -> Vec<String> {
    let mut acknowledged = vec![];
    for number in 0..10_000 {
        let name = format!("{writer} {number}");
        match admin.post("/clients", &registration(&name)).await {
            Ok(answer) if answer.status == 201 => acknowledged.push(name),
            Ok(_) | Err(_) => break,
        }
    }
    acknowledged
}

/// Every client's name, by all pages.
async fn names(admin: &Admin) -> Result<BTreeSet<String>> {
    let (mut names, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = admin.get(&format!("/clients?limit=200{cursor}")).await?.json;
        for client in page["items"].as_array().context("a list has items")? {
            let name = client["name"].as_str().context("a client has a name")?;
            ensure!(names.insert(name.to_owned()), "`{name}` is there twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(names),
        }
    }
}

/// Every row of every read model but the checkpoints' times, as text.
fn dump(product: &Product) -> Result<Vec<String>> {
    let file = product.data_dir().join("read.db");
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut tables = database.prepare("select name from sqlite_master where type = 'table' and name not like '\\_%' escape '\\' and name not like 'sqlite%' order by 1")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut rows = vec![];
    for table in tables {
        let mut statement = database.prepare(&format!("select * from {table}"))?;
        let columns = statement.column_count();
        let found = statement.query_map([], |row| {
            let values = (0..columns)
                .map(|at| row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{value:?}")));
            Ok(format!("{table}: {}", values.collect::<rusqlite::Result<Vec<_>>>()?.join(", ")))
        })?;
        rows.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    rows.sort_unstable();
    Ok(rows)
}

fn log_is_whole(product: &Product) -> Result<u64> {
    let database =
        Connection::open_with_flags(product.data_dir().join("events.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, u64>(0));
    let events = one("select count(*) from events")?;
    ensure!(one("select count(*) from log")? == events, "an event without a position");
    ensure!(one("select coalesce(max(position), 0) from log")? == events, "a gap in the positions");
    let gaps = "select count(*) from (select aggregate_id from events group by aggregate_type, aggregate_id having count(*) != max(sequence))";
    ensure!(one(gaps)? == 0, "a gap in a stream");
    Ok(events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_command_is_lost_and_no_event_half_written() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(register_until_killed(product.admin()?, format!("r{round} w{writer}")));
        }
        // Killed in full flight: as soon as this many more are on record, whatever is under way.
        let goal = acknowledged.len() + 15 * (round + 1);
        tollgate_tests::until("writes to be under way", std::time::Duration::from_secs(30), async || {
            Ok((names(&product.admin()?).await?.len() >= goal).then_some(()))
        })
        .await?;
        product.kill_9()?;
        while let Some(done) = writers.join_next().await {
            acknowledged.extend(done?);
        }
        log_is_whole(&product)?;
        product.restart().await?;
        let kept = names(&product.admin()?).await?;
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    }

    let events = log_is_whole(&product)?;
    let audit = product.admin()?.get("/audit?limit=1").await?.json;
    assert_eq!(audit["items"][0]["position"].as_u64(), Some(events), "an entry for every event");
    product.terminate().await?;
    let before = dump(&product)?;
    let rebuilt =
        product.cli(&["projections", "rebuild", "--data-dir", &product.data_dir().to_string_lossy()]).await?;
    assert!(rebuilt.status.success(), "{}", rebuilt.stderr);
    assert_eq!(dump(&product)?, before, "a rebuild changes nothing");
    Ok(())
}
