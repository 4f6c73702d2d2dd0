//! Reads the log: events as they are stored, leaves for the tree, commands that were given before.

use domain::Position;
use sqlx::{FromRow, Row as _, SqlitePool, sqlite::SqliteRow};

use crate::{
    LogFailure, Place, Remembered, StoredEvent,
    stored::{StoredCommand, StoredPersonal},
    transfer::UNDER_WAY,
};

pub(super) async fn stored(
    pool: &SqlitePool,
    after: Position,
    events_max: usize,
) -> Result<Vec<StoredEvent>, LogFailure> {
    let until = after.get().saturating_add(u64::try_from(events_max).unwrap_or(u64::MAX));
    sqlx::query_as(include_str!("../sql/select_events.sql"))
        .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
        .bind(i64::try_from(until).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await
        .map_err(|source| LogFailure::Read { after, source: Box::new(source) })
}

/// What is left of the personal values of a run of events: position, commitment, value.
pub(super) async fn personal(
    pool: &SqlitePool,
    after: Position,
    until: Position,
) -> Result<Vec<(i64, String, String)>, LogFailure> {
    sqlx::query_as(include_str!("../sql/select_personal_data.sql"))
        .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
        .bind(i64::try_from(until.get()).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await
        .map_err(|source| LogFailure::Personal { source: Box::new(source) })
}

impl FromRow<'_, SqliteRow> for StoredEvent {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let number = |column: &'static str| {
            u64::try_from(row.try_get::<i64, _>(column)?).map_err(|source| sqlx::Error::ColumnDecode {
                index: column.to_owned(),
                source: source.into(),
            })
        };
        let leaf_hash: Vec<u8> = row.try_get("leaf_hash")?;
        Ok(Self {
            position: Position::new(number("position")?),
            event_no: row.try_get("event_no")?,
            leaf_hash: leaf_hash.try_into().map_err(|_: Vec<u8>| sqlx::Error::ColumnDecode {
                index: "leaf_hash".to_owned(),
                source: "a leaf hash is not 32 bytes".into(),
            })?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            sequence: number("sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            payload: row.try_get("payload")?,
            metadata: row.try_get("metadata")?,
            event_id: row.try_get("event_id")?,
            recorded_at: row.try_get("recorded_at")?,
        })
    }
}

pub(super) async fn leaves(
    pool: &SqlitePool,
    after: Position,
    until: Position,
) -> Result<Vec<Vec<u8>>, LogFailure> {
    sqlx::query_scalar(include_str!("../sql/select_leaves.sql"))
        .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
        .bind(i64::try_from(until.get()).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await
        .map_err(|source| LogFailure::Read { after, source: Box::new(source) })
}

pub(super) async fn recall(pool: &SqlitePool, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
    let row: Option<(Vec<u8>, String, String, i64, i64)> =
        sqlx::query_as(include_str!("../sql/recall_command.sql"))
            .bind(command_key)
            .fetch_optional(pool)
            .await
            .map_err(|source| LogFailure::Recall { source: Box::new(source) })?;
    let damaged = |what: &'static str| LogFailure::Recall { source: what.into() };
    row.map(|(request_digest, aggregate_type, aggregate_id, version, position)| {
        Ok(Remembered {
            request_digest: request_digest
                .as_slice()
                .try_into()
                .map_err(|_| damaged("a digest is not 32 bytes"))?,
            aggregate_type,
            aggregate_id,
            version: u64::try_from(version).map_err(|_| damaged("a version is negative"))?,
            place: Place::At(Position::new(
                u64::try_from(position).map_err(|_| damaged("a position is negative"))?,
            )),
        })
    })
    .transpose()
}

pub(super) async fn pepper_versions(pool: &SqlitePool) -> Result<Vec<u16>, LogFailure> {
    let failed = |source: sqlx::Error| LogFailure::Read { after: Position::START, source: Box::new(source) };
    let rows: Vec<(i64,)> = sqlx::query_as(include_str!("../sql/select_pepper_versions.sql"))
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().filter_map(|(version,)| u16::try_from(version).ok()).collect())
}

/// Whether an import into this log was begun and not finished.
pub(super) async fn is_importing(pool: &SqlitePool) -> Result<bool, sqlx::Error> {
    let mark = sqlx::query(include_str!("../sql/recall_command.sql")).bind(UNDER_WAY);
    Ok(mark.fetch_optional(pool).await?.is_some())
}

pub(super) async fn stored_personal(
    pool: &SqlitePool,
    first_event_no: i64,
    last_event_no: i64,
) -> Result<Vec<StoredPersonal>, LogFailure> {
    sqlx::query_as(include_str!("../sql/select_personal_rows.sql"))
        .bind(first_event_no)
        .bind(last_event_no)
        .fetch_all(pool)
        .await
        .map_err(|source| LogFailure::Personal { source: Box::new(source) })
}

impl FromRow<'_, SqliteRow> for StoredPersonal {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let salt: Vec<u8> = row.try_get("salt")?;
        Ok(Self {
            event_no: row.try_get("event_no")?,
            commitment: row.try_get("commitment")?,
            subject: row.try_get("subject")?,
            salt: salt.try_into().map_err(|_: Vec<u8>| damaged("salt"))?,
            value: row.try_get("value")?,
        })
    }
}

pub(super) async fn stored_commands(
    pool: &SqlitePool,
    after_key: &str,
    until: Position,
    commands_max: usize,
) -> Result<Vec<StoredCommand>, LogFailure> {
    sqlx::query_as(include_str!("../sql/select_commands.sql"))
        .bind(after_key)
        .bind(i64::try_from(until.get()).unwrap_or(i64::MAX))
        .bind(i64::try_from(commands_max).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await
        .map_err(|source| LogFailure::Recall { source: Box::new(source) })
}

impl FromRow<'_, SqliteRow> for StoredCommand {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let digest: Vec<u8> = row.try_get("request_digest")?;
        let number =
            |column: &'static str| u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| damaged(column));
        Ok(Self {
            command_key: row.try_get("command_key")?,
            request_digest: digest.try_into().map_err(|_: Vec<u8>| damaged("request_digest"))?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            version: number("version")?,
            position: Position::new(number("position")?),
            recorded_at: row.try_get("recorded_at")?,
        })
    }
}

fn damaged(column: &'static str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: "it is not what was written".into() }
}
