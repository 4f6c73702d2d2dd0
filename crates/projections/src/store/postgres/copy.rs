//! Rows by COPY in Postgres' binary format: lengths before bytes, so nothing needs escaping.
//! Source: PostgreSQL manual, COPY, "Binary Format".

use sqlx::PgConnection;

use super::Failure;
use crate::{Kind, Row, Table, Value};

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;
const NULL: i32 = -1;
/// A first guess at a row's bytes, to spare copies while the buffer grows.
const ROW_BYTES: usize = 700;

/// Adds rows that are not there yet.
pub(super) async fn copy_in(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), Failure> {
    // Before the statement begins: whatever does not fit must not leave it half sent.
    let bytes = encoded(table, rows)?;
    let mut copy = connection.copy_in_raw(&table.copy_in()).await?;
    copy.send(bytes).await?;
    copy.finish().await?;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("a row does not fit the columns of `{table}`")]
struct Unfit {
    table: &'static str,
}

fn encoded(table: &Table, rows: &[Row]) -> Result<Vec<u8>, Unfit> {
    let unfit = || Unfit { table: table.name };
    let fields = i16::try_from(table.columns.len()).map_err(|_| unfit())?;
    let mut bytes = Vec::with_capacity(rows.len().saturating_mul(ROW_BYTES));
    bytes.extend_from_slice(HEADER);
    for Row(values) in rows {
        if values.len() != table.columns.len() {
            return Err(unfit());
        }
        bytes.extend_from_slice(&fields.to_be_bytes());
        for (column, value) in table.columns.iter().zip(values) {
            match (column.kind, value) {
                (Kind::Integer | Kind::Text, Value::Null) => bytes.extend_from_slice(&NULL.to_be_bytes()),
                (Kind::Integer, Value::Integer(number)) => {
                    field(&mut bytes, &number.to_be_bytes()).ok_or_else(unfit)?
                }
                (Kind::Text, Value::Text(text)) => field(&mut bytes, text.as_bytes()).ok_or_else(unfit)?,
                (Kind::Integer, Value::Text(_)) | (Kind::Text, Value::Integer(_)) => return Err(unfit()),
            }
        }
    }
    bytes.extend_from_slice(&TRAILER.to_be_bytes());
    Ok(bytes)
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) -> Option<()> {
    bytes.extend_from_slice(&i32::try_from(value.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(value);
    Some(())
}
