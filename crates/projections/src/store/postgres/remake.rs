//! A batch of a rebuild: rows that are new are copied in, in parts, so that the server takes one while the next is made.

use sqlx::{Connection as _, PgConnection, PgPool};

use super::{BEGIN, Batch, Committed, Failure, Remaking, Write, copy, execute, write_table};
use crate::{Row, Table, rows::Writing};

pub(super) async fn write(pool: &PgPool, remaking: Remaking) -> Result<Committed, Failure> {
    let Remaking { owner, from, to, tables } = remaking;
    // Not the pool's any more: one that is given up in the middle of a copy would be handed to the next one as it stands, and
    // sqlx 0.8.6 takes the rest of the old answer for the new one's.
    let mut connection = pool.acquire().await?.detach();
    let mut transaction = connection.begin_with(BEGIN).await?;
    let advance = Write::advance(owner, from, &to);
    if execute(&mut transaction, advance).await? == 0 {
        transaction.rollback().await?;
        return Ok(Committed::Fenced);
    }
    for writing in tables {
        write_rows(&mut transaction, writing).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(Committed::Yes)
}

async fn write_rows(connection: &mut PgConnection, writing: Writing) -> Result<(), Failure> {
    let Writing { table, new, encoded, changed, gone } = writing;
    let batch = Batch { deletes: gone.into_iter().collect(), puts: changed };
    if table.appended {
        copy_new(connection, table, &new, &encoded).await?;
        return write_table(connection, table, batch).await;
    }
    write_table(connection, table, batch).await?;
    copy_new(connection, table, &new, &encoded).await
}

async fn copy_new(
    connection: &mut PgConnection,
    table: &'static Table,
    new: &[Row],
    encoded: &[u8],
) -> Result<(), Failure> {
    if new.is_empty() && encoded.is_empty() {
        return Ok(());
    }
    copy::copy_in_parts(connection, table, new, encoded).await
}
