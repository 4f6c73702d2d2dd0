//! The store behind cqrs-es' repository trait: one enum over the engines.

use std::sync::Arc;

use cqrs_es::{
    Aggregate,
    persist::{
        PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
    },
};
use postgres_es::PostgresEventRepository;
use serde_json::Value;
use sqlite_es::SqliteEventRepository;

use crate::upcast;

/// Loads streams through the library's own repositories. Appends do not go through here: the library inserts one
/// event after the other, reports a conflict as an unknown error, and knows no position. Source: ADR 0002.
#[derive(Clone)]
pub enum LogRepository {
    Sqlite(Arc<SqliteEventRepository>),
    Postgres(Arc<PostgresEventRepository>),
}

fn unused(what: &'static str) -> PersistenceError {
    PersistenceError::UnknownError(format!("{what} is not used: see ADR 0002").into())
}

/// Payloads in today's versions. Not by the library's upcasters: these cannot fail but by a panic.
fn raised(events: Vec<SerializedEvent>) -> Result<Vec<SerializedEvent>, PersistenceError> {
    events.into_iter().map(raise).collect()
}

fn raise(mut event: SerializedEvent) -> Result<SerializedEvent, PersistenceError> {
    let failed = |what: String| {
        PersistenceError::DeserializationError(
            format!("{} {}: {what}", event.event_type, event.event_version).into(),
        )
    };
    let version =
        event.event_version.parse().map_err(|_| failed("the version is not a number".to_owned()))?;
    if !upcast::is_current(&event.event_type, version) {
        event.payload =
            upcast::to_current(&event.event_type, version, event.payload.clone()).map_err(failed)?;
    }
    Ok(event)
}

impl PersistedEventRepository for LogRepository {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        match self {
            Self::Sqlite(stock) => raised(stock.get_events::<A>(aggregate_id).await?),
            Self::Postgres(stock) => raised(stock.get_events::<A>(aggregate_id).await?),
        }
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        match self {
            Self::Sqlite(stock) => raised(stock.get_last_events::<A>(aggregate_id, last_sequence).await?),
            Self::Postgres(stock) => raised(stock.get_last_events::<A>(aggregate_id, last_sequence).await?),
        }
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        _: &[SerializedEvent],
        _: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        Err(unused("the library's append"))
    }

    async fn stream_events<A: Aggregate>(&self, _: &str) -> Result<ReplayStream, PersistenceError> {
        Err(unused("the library's replay"))
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        Err(unused("the library's replay"))
    }
}
