//! A small batch in one statement: the checkpoint and the rows that go with it, one round trip where a transaction takes
//! four and more. What follows the log as it grows writes nothing else.

use eventlog::postgres::Sessions;
use sqlx::Row as _;

use super::{Batch, Committed, Failure, Write, bind_rows, bound};
use crate::Table;

/// From here on, copying is quicker.
const ROWS_MAX: usize = 256;

/// A delete and a put of one key cannot stand in one statement: neither would see the other.
pub(super) fn fits(tables: &[(&'static Table, Batch)]) -> bool {
    let rows: usize = tables.iter().map(|(_, batch)| batch.puts.len()).sum();
    rows <= ROWS_MAX && tables.iter().all(|(_, batch)| batch.deletes.is_empty())
}

/// Whoever moves the same checkpoint meanwhile is waited for; then there is nothing to move and no row is written.
pub(super) async fn write(
    sessions: &Sessions,
    advance: Write,
    tables: Vec<(&'static Table, Batch)>,
) -> Result<Committed, Failure> {
    let sql = statement(&advance, &tables);
    let mut query = bound(sqlx::query(&sql), advance.values);
    for (table, batch) in tables {
        query = bind_rows(query, table, batch.puts)?;
    }
    let moved: i64 = sessions.run(async |session| query.fetch_one(session).await).await?.try_get(0)?;
    Ok(if moved == 0 { Committed::Fenced } else { Committed::Yes })
}

fn statement(advance: &Write, tables: &[(&'static Table, Batch)]) -> String {
    let mut parts = vec![format!("with moved as ({} returning 1)", advance.sql.trim_end())];
    let mut before = advance.values.len();
    for (table, _) in tables {
        parts.push(format!(", put_{} as ({})", table.name, table.put_many_if("moved", before)));
        before = before.saturating_add(table.columns.len());
    }
    parts.push(" select count(*) from moved".to_owned());
    parts.concat()
}
