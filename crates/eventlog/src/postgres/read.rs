//! Reads the log: events as they are stored, leaves for the tree, commands that were given before.

use domain::{Position, Timestamp};
use sqlx::{FromRow, PgPool, Row as _, postgres::PgRow};

use super::{fault::fault, sessions::Sessions};
use crate::{
    LogFailure, Place, Remembered, StoredEvent,
    stored::{StoredCommand, StoredPersonal},
    transfer::UNDER_WAY,
};

impl FromRow<'_, PgRow> for StoredEvent {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let bad = |column: &'static str, source: Box<dyn std::error::Error + Send + Sync>| {
            sqlx::Error::ColumnDecode { index: column.to_owned(), source }
        };
        let number = |column: &'static str| {
            u64::try_from(row.try_get::<i64, _>(column)?).map_err(|source| bad(column, source.into()))
        };
        let leaf_hash: &[u8] = row.try_get("leaf_hash")?;
        let recorded_at = Timestamp::from_microsecond(row.try_get("recorded_at_us")?);
        Ok(Self {
            position: Position::new(number("position")?),
            event_no: row.try_get("event_no")?,
            leaf_hash: leaf_hash.try_into().map_err(|_| bad("leaf_hash", "it is not 32 bytes".into()))?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            sequence: number("sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            payload: row.try_get("payload")?,
            metadata: row.try_get("metadata")?,
            event_id: row.try_get("event_id")?,
            recorded_at: recorded_at.map_err(|source| bad("recorded_at_us", source.into()))?.to_string(),
        })
    }
}

pub(super) async fn stored(
    sessions: &Sessions,
    after: Position,
    events_max: usize,
) -> Result<Vec<StoredEvent>, LogFailure> {
    let until = after.get().saturating_add(u64::try_from(events_max).unwrap_or(u64::MAX));
    let query = sqlx::query_as(include_str!("select_events.sql"))
        .bind(column(after))
        .bind(column(Position::new(until)));
    sessions
        .run(async |session| query.fetch_all(session).await)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Read { after, source }))
}

/// What is left of the personal values of a run of events: position, commitment, value.
pub(super) async fn personal(
    sessions: &Sessions,
    after: Position,
    until: Position,
) -> Result<Vec<(i64, String, String)>, LogFailure> {
    let query =
        sqlx::query_as(include_str!("select_personal_data.sql")).bind(column(after)).bind(column(until));
    sessions
        .run(async |session| query.fetch_all(session).await)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Personal { source }))
}

pub(super) async fn leaves(
    sessions: &Sessions,
    after: Position,
    until: Position,
) -> Result<Vec<Vec<u8>>, LogFailure> {
    let query = sqlx::query_scalar(include_str!("select_leaves.sql")).bind(column(after)).bind(column(until));
    sessions
        .run(async |session| query.fetch_all(session).await)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Read { after, source }))
}

/// Digest, aggregate type and identifier, version, number, position.
type CommandRow = (Vec<u8>, String, String, i64, i64, Option<i64>);

pub(super) async fn recall(sessions: &Sessions, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
    let query = sqlx::query_as(include_str!("recall_command.sql")).bind(command_key);
    let row: Option<CommandRow> = sessions
        .run(async |session| query.fetch_optional(session).await)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Recall { source }))?;
    let damaged = |what: &'static str| LogFailure::Recall { source: what.into() };
    row.map(|(request_digest, aggregate_type, aggregate_id, version, event_no, position)| {
        Ok(Remembered {
            request_digest: request_digest
                .as_slice()
                .try_into()
                .map_err(|_| damaged("a digest is not 32 bytes"))?,
            aggregate_type,
            aggregate_id,
            version: u64::try_from(version).map_err(|_| damaged("a version is negative"))?,
            place: place(event_no, position),
        })
    })
    .transpose()
}

/// Where an event lies: at its position if it had one when it was read. Whoever asks for an old event need not wait.
pub(super) fn place(event_no: i64, position: Option<i64>) -> Place {
    match position.and_then(|position| u64::try_from(position).ok()) {
        Some(position) => Place::At(Position::new(position)),
        None => Place::Recorded { event_no },
    }
}

pub(super) async fn pepper_versions(pool: &PgPool) -> Result<Vec<u16>, LogFailure> {
    let versions: Vec<i64> = sqlx::query_scalar(include_str!("select_pepper_versions.sql"))
        .fetch_all(pool)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Read { after: Position::START, source }))?;
    Ok(versions.into_iter().filter_map(|version| u16::try_from(version).ok()).collect())
}

/// Whether an import into this log was begun and not finished.
pub(super) async fn is_importing(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mark = sqlx::query(include_str!("recall_command.sql")).bind(UNDER_WAY);
    Ok(mark.fetch_optional(pool).await?.is_some())
}

pub(super) async fn stored_personal(
    sessions: &Sessions,
    first_event_no: i64,
    last_event_no: i64,
) -> Result<Vec<StoredPersonal>, LogFailure> {
    let query =
        sqlx::query_as(include_str!("select_personal_rows.sql")).bind(first_event_no).bind(last_event_no);
    sessions
        .run(async |session| query.fetch_all(session).await)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Personal { source }))
}

impl FromRow<'_, PgRow> for StoredPersonal {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let salt: &[u8] = row.try_get("salt")?;
        Ok(Self {
            event_no: row.try_get("event_no")?,
            commitment: row.try_get("commitment")?,
            subject: row.try_get("subject")?,
            salt: salt.try_into().map_err(|_| damaged("salt"))?,
            value: row.try_get("value")?,
        })
    }
}

pub(super) async fn stored_commands(
    sessions: &Sessions,
    after_key: &str,
    until: Position,
    commands_max: usize,
) -> Result<Vec<StoredCommand>, LogFailure> {
    let query = sqlx::query_as(include_str!("select_commands.sql"))
        .bind(after_key)
        .bind(column(until))
        .bind(i64::try_from(commands_max).unwrap_or(i64::MAX));
    sessions
        .run(async |session| query.fetch_all(session).await)
        .await
        .map_err(|source| fault(source, |source| LogFailure::Recall { source }))
}

impl FromRow<'_, PgRow> for StoredCommand {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let digest: &[u8] = row.try_get("request_digest")?;
        let number =
            |column: &'static str| u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| damaged(column));
        let recorded_at = Timestamp::from_microsecond(row.try_get("recorded_at_us")?);
        Ok(Self {
            command_key: row.try_get("command_key")?,
            request_digest: digest.try_into().map_err(|_| damaged("request_digest"))?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            version: number("version")?,
            position: Position::new(number("position")?),
            recorded_at: recorded_at.map_err(|_| damaged("recorded_at"))?.to_string(),
        })
    }
}

fn damaged(column: &'static str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: "it is not what was written".into() }
}

pub(super) fn column(position: Position) -> i64 {
    i64::try_from(position.get()).unwrap_or(i64::MAX)
}
