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

/// What is sent at once where rows come in parts.
const ROWS_AT_ONCE: usize = 500;

/// Adds rows that are not there yet.
pub(super) async fn copy_in(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), Failure> {
    // Before the statement begins: whatever does not fit must not leave it half sent.
    let mut bytes = HEADER.to_vec();
    encode(&mut bytes, table, rows)?;
    bytes.extend_from_slice(&TRAILER.to_be_bytes());
    let mut copy = connection.copy_in_raw(&table.copy_in()).await?;
    copy.send(bytes).await?;
    copy.finish().await?;
    Ok(())
}

/// The same in parts: the server takes one while the next is encoded.
pub(super) async fn copy_in_parts(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), Failure> {
    let mut copy = connection.copy_in_raw(&table.copy_in()).await?;
    let mut bytes = HEADER.to_vec();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        if let Err(unfit) = encode(&mut bytes, table, rows) {
            copy.abort(unfit.to_string()).await?;
            return Err(unfit.into());
        }
        copy.send(std::mem::take(&mut bytes)).await?;
    }
    copy.send(TRAILER.to_be_bytes().as_slice()).await?;
    copy.finish().await?;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("a row does not fit the columns of `{table}`")]
struct Unfit {
    table: &'static str,
}

fn encode(bytes: &mut Vec<u8>, table: &Table, rows: &[Row]) -> Result<(), Unfit> {
    let unfit = || Unfit { table: table.name };
    let fields = i16::try_from(table.columns.len()).map_err(|_| unfit())?;
    bytes.reserve(rows.len().saturating_mul(ROW_BYTES));
    for Row(values) in rows {
        if values.len() != table.columns.len() {
            return Err(unfit());
        }
        bytes.extend_from_slice(&fields.to_be_bytes());
        for (column, value) in table.columns.iter().zip(values) {
            match (column.kind, value) {
                (Kind::Integer | Kind::Text, Value::Null) => bytes.extend_from_slice(&NULL.to_be_bytes()),
                (Kind::Integer, Value::Integer(number)) => {
                    field(bytes, &number.to_be_bytes()).ok_or_else(unfit)?
                }
                (Kind::Text, Value::Text(text)) => field(bytes, text.as_bytes()).ok_or_else(unfit)?,
                (Kind::Integer, Value::Text(_)) | (Kind::Text, Value::Integer(_)) => return Err(unfit()),
            }
        }
    }
    Ok(())
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) -> Option<()> {
    bytes.extend_from_slice(&i32::try_from(value.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(value);
    Some(())
}
