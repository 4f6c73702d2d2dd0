//! What both engines make of the same changes is the same, to the byte.

use proptest::prelude::*;

use super::*;
use crate::{
    testing::{Engine, dump, eventful, on_every_engine, project, read_model, table},
    usage,
};

on_every_engine!(
    any_text_comes_back_as_it_was_written,
    what_is_not_json_is_refused,
    a_value_of_the_other_kind_is_refused,
);

/// Whatever a format of rows might take for a sign of its own.
const TEXTS: [&str; 12] = [
    "",
    " ",
    "NULL",
    "\\N",
    "\\",
    "\\.",
    "tab\tnewline\nreturn\r",
    "'quotes\"",
    "{a,b}",
    "Größe 😀",
    "$1",
    "%_",
];

static OWNER: Owner = Owner { name: "audit_log", version: 1, tables: &[], durable: false };

/// A row of a table, each text of it this one where none is asked for.
fn row(table: &'static Table, key: i64, text: &str) -> Row {
    let value = |column: &crate::Column| match (column.kind, column.name) {
        (crate::Kind::Integer, _) => Value::Integer(key),
        (crate::Kind::Text, "data" | "changes") => Value::json(&text),
        (crate::Kind::Text, "outcome") => "succeeded".into(),
        (crate::Kind::Text, "on_behalf_of" | "causation_id") if key % 2 == 0 => Value::Null,
        (crate::Kind::Text, _) => text.into(),
    };
    Row(table.columns.iter().map(value).collect())
}

async fn write(
    model: &ReadModel,
    owner: Owner,
    from: u64,
    changes: Vec<Change>,
) -> Result<Committed, WriteFailure> {
    let to = Checkpoint { version: owner.version, position: Position::new(from + 1), leaf: String::new() };
    model.commit(Commit { owner, from: Position::new(from), to, changes }).await
}

async fn any_text_comes_back_as_it_was_written(on: Engine) {
    let (_dir, model) = read_model(on).await;
    // Rows that are copied in, and two tables that are written by arrays.
    for (name, count) in
        [("audit_log", 30 * TEXTS.len()), ("audit_log", TEXTS.len()), ("audit_clients", TEXTS.len())]
    {
        let table = table(name);
        let tables: &'static [&'static Table] = Box::leak(Box::new([table]));
        let owner = Owner { name, tables, ..OWNER };
        model.reset(owner).await.unwrap();
        let texts = TEXTS.into_iter().cycle().take(count);
        let rows: Vec<_> = (1..).zip(texts).map(|(key, text)| row(table, key, text)).collect();
        let changes = rows.iter().map(|row| Change::Put { table, row: row.clone() }).collect();
        assert_eq!(write(&model, owner, 0, changes).await.unwrap(), Committed::Yes);
        let mut written = rows;
        written.sort();
        assert_eq!(model.dump(table).await.unwrap(), written, "{name}");
    }
    // And through loading.
    let clients = table("audit_clients");
    let owner = Owner { name: "audit_clients", tables: &[], ..OWNER };
    let tables: &'static [&'static Table] = Box::leak(Box::new([clients]));
    let keys =
        TEXTS.iter().map(|text| (clients, Value::from(*text))).chain([(clients, "none".into())]).collect();
    let rows = model.load(Owner { tables, ..owner }, keys).await.unwrap();
    assert!(TEXTS.iter().all(|text| rows.has_loaded(clients, &Value::from(*text))));
    assert!(rows.has_loaded(clients, &"none".into()), "that there is none is known too");
}

fn owner_of(name: &str) -> Owner {
    Owner::of(*crate::ALL.iter().find(|projection| projection.name() == name).unwrap())
}

async fn what_is_not_json_is_refused(on: Engine) {
    let (_dir, model) = read_model(on).await;
    project(&model, &eventful(), 100).await;
    let before = dump(&model).await;
    let head = u64::try_from(eventful().events.len()).unwrap();
    let owner = owner_of("audit_log");
    let entries = table("audit_log");
    let Row(mut values) = row(entries, 1_000, "text");
    let data = entries.columns.iter().position(|column| column.name == "data").unwrap();
    values[data] = "{not json".into();
    let changes = vec![Change::Put { table: entries, row: Row(values) }];
    let refused = write(&model, owner, head, changes).await.unwrap_err();
    assert_eq!(refused.projection, "audit_log");
    assert_eq!(dump(&model).await, before);
    let good = vec![Change::Put { table: entries, row: row(entries, 1_000, "text") }];
    assert_eq!(
        write(&model, owner, head, good).await.unwrap(),
        Committed::Yes,
        "the connection is fit for more"
    );
}

async fn a_value_of_the_other_kind_is_refused(on: Engine) {
    let (_dir, model) = read_model(on).await;
    for name in ["audit_log", "client_directory"] {
        let owner = owner_of(name);
        model.reset(owner).await.unwrap();
        let table = table(name);
        let Row(mut values) = row(table, 1, "active");
        for (column, value) in table.columns.iter().zip(&mut values) {
            if column.name == "version" || column.name == "position" {
                *value = "one".into();
            }
        }
        let changes = vec![Change::Put { table, row: Row(values) }];
        assert!(write(&model, owner, 0, changes).await.is_err(), "{name}");
        assert_eq!(model.mark(owner.name).await.unwrap().unwrap().position, Position::START);
    }
}

/// Sums, latest values and replaced ones under few keys, so that many of a batch meet.
fn changes() -> impl Strategy<Value = Vec<Vec<(u8, i64, i64)>>> {
    let change = (0_u8..5, 0_i64..3, 0_i64..1_000);
    proptest::collection::vec(proptest::collection::vec(change, 1..20), 1..5)
}

fn change((kind, key, value): (u8, i64, i64)) -> Change {
    let clients = table("audit_clients");
    match kind {
        0 => {
            let minutes = table("usage_minute");
            let Row(mut values) = row(minutes, key * 60, "prod");
            *values.last_mut().unwrap() = Value::Integer(value);
            Change::Put { table: minutes, row: Row(values) }
        }
        1 => {
            let used = table("key_last_used");
            Change::Put { table: used, row: Row(vec!["key".into(), key.into(), value.into()]) }
        }
        2 => Change::Delete { table: clients, key: key.to_string().into() },
        _ => Change::Put { table: clients, row: Row(vec![key.to_string().into(), value.to_string().into()]) },
    }
}

async fn written(on: Engine, batches: &[Vec<(u8, i64, i64)>]) -> Vec<Vec<Row>> {
    let (_dir, model) = read_model(on).await;
    let tables = ["usage_minute", "key_last_used", "audit_clients"].map(table);
    let owner = Owner { tables: Box::leak(Box::new(tables)), ..usage::OWNER };
    model.reset(owner).await.unwrap();
    for (from, batch) in (0..).zip(batches) {
        let changes = batch.iter().copied().map(change).collect();
        assert_eq!(write(&model, owner, from, changes).await.unwrap(), Committed::Yes);
    }
    let mut all = vec![];
    for table in tables {
        all.push(model.dump(table).await.unwrap());
    }
    model.close().await;
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn one_statement_for_a_batch_does_what_one_for_each_row_does(batches in changes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (one_by_one, at_once) = runtime.block_on(async {
            (written(Engine::Sqlite, &batches).await, written(Engine::Postgres, &batches).await)
        });
        prop_assert_eq!(one_by_one, at_once);
    }
}

/// `cargo test --release -p tollgate-projections -- --ignored --nocapture writing_rate`
#[tokio::test]
#[ignore = "a measurement: writes 100,000 rows three times"]
async fn writing_rate() {
    use futures::TryStreamExt as _;
    use sqlx::postgres::PgPoolCopyExt as _;

    let (_database, pool) = crate::testing::migrated().await;
    let model = ReadModel::open_postgres(pool.clone()).await.unwrap();
    let (rows, batch) = (100_000_i64, 5_000_u64);
    let entries = table("audit_log");
    let Table { name, key_columns, columns, .. } = *entries;
    let by_arrays: &'static Table =
        Box::leak(Box::new(Table { name, key_columns, appended: false, columns }));
    for (way, table) in [("copied", entries), ("by arrays", by_arrays), ("copied again", entries)] {
        let owner = Owner { tables: Box::leak(Box::new([table])), ..OWNER };
        model.reset(owner).await.unwrap();
        let mut batches: Vec<Vec<Change>> = vec![];
        for key in 1..=rows {
            if u64::try_from(key).unwrap() % batch == 1 {
                batches.push(vec![]);
            }
            let row = row(table, key, "a text of some twenty letters");
            batches.last_mut().unwrap().push(Change::Put { table, row });
        }
        let begun = std::time::Instant::now();
        for (from, changes) in (0..).zip(batches) {
            assert_eq!(write(&model, owner, from, changes).await.unwrap(), Committed::Yes);
        }
        println!("{way}: {:.0} rows/s", 100_000.0 / begun.elapsed().as_secs_f64());
    }
    let begun = std::time::Instant::now();
    let out = pool.copy_out_raw("copy (select * from audit_log order by position) to stdout").await.unwrap();
    let bytes: usize = out.try_fold(0, |sum, bytes| async move { Ok(sum + bytes.len()) }).await.unwrap();
    println!("copied out: {:.0} rows/s, {bytes} bytes", 100_000.0 / begun.elapsed().as_secs_f64());
}
