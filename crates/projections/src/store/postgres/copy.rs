//! Rows by COPY in Postgres' binary format.

use sqlx::PgConnection;

use super::Failure;
use crate::{
    Row, Table,
    binary::{self, HEADER, TRAILER, Unfit},
};

/// A first guess at a row's bytes, to spare copies while the buffer grows.
const ROW_BYTES: usize = 700;

/// What is sent at once where rows come in parts.
const ROWS_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 256 * 1_024;

/// Adds rows that are not there yet.
pub(super) async fn copy_in(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), Failure> {
    // Before the statement begins: whatever does not fit must not leave it half sent.
    let mut bytes = HEADER.to_vec();
    encode(&mut bytes, table, rows)?;
    bytes.extend_from_slice(&TRAILER);
    let mut copy = connection.copy_in_raw(&table.copy_in()).await?;
    copy.send(bytes).await?;
    copy.finish().await?;
    Ok(())
}

/// The same in parts: the server takes one while the next is encoded. Some may be encoded already.
pub(super) async fn copy_in_parts(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
    encoded: &[u8],
) -> Result<(), Failure> {
    let mut copy = connection.copy_in_raw(&table.copy_in()).await?;
    let mut bytes = HEADER.to_vec();
    if rows.is_empty() {
        copy.send(std::mem::take(&mut bytes)).await?;
    }
    for rows in rows.chunks(ROWS_AT_ONCE) {
        if let Err(unfit) = encode(&mut bytes, table, rows) {
            copy.abort(unfit.to_string()).await?;
            return Err(unfit.into());
        }
        copy.send(std::mem::take(&mut bytes)).await?;
    }
    for part in encoded.chunks(BYTES_AT_ONCE) {
        copy.send(part).await?;
    }
    copy.send(TRAILER.as_slice()).await?;
    copy.finish().await?;
    Ok(())
}

fn encode(bytes: &mut Vec<u8>, table: &Table, rows: &[Row]) -> Result<(), Unfit> {
    bytes.reserve(rows.len().saturating_mul(ROW_BYTES));
    rows.iter().try_for_each(|Row(values)| binary::encode(bytes, table, values.iter().map(Into::into)))
}
