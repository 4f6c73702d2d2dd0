//! Usage batches and the gateway's counters, kept outside the log of facts.

use std::{path::Path, sync::Arc};

use domain::{
    Timestamp,
    usage::{Sighting, UsageBatch},
};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use tokio::sync::watch;

use crate::{LogFailure, OpenFailure, sqlite};

/// A batch with its place in the order of arrival, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedBatch {
    pub batch_no: u64,
    pub batch: UsageBatch,
}

/// One counter of the gateway: a stable name and its compact state. An empty state takes the counter away.
pub type Counter = (String, String);

const UPSERT_COUNTER: &str = "insert into gateway_counters (counter_key, state) values (?1, ?2)
     on conflict (counter_key) do update set state = excluded.state";
/// The batch counts as before. Uses `usage_batches_by_decision`.
const FORGET_DECISIONS: &str =
    "update usage_batches set body = json_remove(body, '$.decisions'), decided_at_us = null
      where batch_no in (select batch_no from usage_batches where decided_at_us < ?1 order by decided_at_us limit ?2)";
/// The oldest first, so that what is left goes on without a hole, and never the last one, whose number the next follows. Times of one
/// form and zone sort like their text.
const FORGET_BATCHES: &str = "delete from usage_batches
      where batch_no in (select batch_no from usage_batches where batch_no <= ?2 order by batch_no limit ?3)
        and batch_no < (select max(batch_no) from usage_batches)
        and json_extract(body, '$.flushed_at') < ?1";
const FLUSHED_FROM: &str = "select batch_no, json_extract(body, '$.flushed_at') from usage_batches
      where batch_no >= ?1 order by batch_no limit 1";
const DELETE_COUNTER: &str = "delete from gateway_counters where counter_key = ?1";

/// Takes usage batches, each once, and hands them on in the order of their arrival.
#[derive(Clone)]
pub struct UsageLog {
    connection: Arc<Mutex<Connection>>,
    head: Arc<watch::Sender<u64>>,
}

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> LogFailure {
    LogFailure::Usage { source: Box::new(source) }
}

impl UsageLog {
    /// # Errors
    /// When the file cannot be opened, is damaged, or was written by a newer Tollgate.
    pub async fn open_sqlite(file: &Path) -> Result<Self, OpenFailure> {
        sqlite::migrate(file, &sqlx::migrate!("migrations/usage")).await?;
        let connection = sqlite::open_writer(file)?;
        let head: i64 = connection
            .query_row("select coalesce(max(batch_no), 0) from usage_batches", [], |row| row.get(0))
            .map_err(|source| sqlite::open_failure(file, source))?;
        let (head, _) = watch::channel(u64::try_from(head).unwrap_or_default());
        Ok(Self { connection: Arc::new(Mutex::new(connection)), head: Arc::new(head) })
    }

    /// Keeps a batch and the counters that agree with it, in one transaction. A batch that is already there
    /// counts as kept.
    ///
    /// # Errors
    /// When nothing was kept; the same batch may be given again.
    pub async fn append(&self, batch: Option<UsageBatch>, counters: Vec<Counter>) -> Result<(), LogFailure> {
        let connection = Arc::clone(&self.connection);
        let kept = tokio::task::spawn_blocking(move || append(&mut connection.lock(), batch, &counters))
            .await
            .map_err(failed)??;
        if let Some(batch_no) = kept {
            self.head.send_replace(batch_no);
        }
        Ok(())
    }

    /// Every counter as it was at the last flush.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn counters(&self) -> Result<Vec<Counter>, LogFailure> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || {
            let connection = connection.lock();
            let mut rows = connection
                .prepare_cached("select counter_key, state from gateway_counters")
                .map_err(failed)?;
            rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(failed)?
                .collect::<Result<_, _>>()
                .map_err(failed)
        })
        .await
        .map_err(failed)?
    }

    /// The batches that arrived after this one, at most so many.
    ///
    /// # Errors
    /// When the file cannot be read, or a batch in it is not one.
    pub async fn read(&self, after: u64, batches_max: usize) -> Result<Vec<ArrivedBatch>, LogFailure> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || read(&connection.lock(), after, batches_max))
            .await
            .map_err(failed)?
    }

    /// Forgets who presented which secret in batches that were flushed before then; what they count stays.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_sightings(&self, before: Timestamp) -> Result<(), LogFailure> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || {
            let forget = "delete from usage_sightings where flushed_at_us < ?1";
            let forgotten = connection.lock().execute(forget, params![before.as_microsecond()]);
            forgotten.map(drop).map_err(failed)
        })
        .await
        .map_err(failed)?
    }

    /// Takes decisions that were taken before then out of the batches, of at most so many batches. How many it was.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_decisions(&self, before: Timestamp, batches_max: u32) -> Result<usize, LogFailure> {
        let connection = Arc::clone(&self.connection);
        let forget = move || {
            let connection = connection.lock();
            let mut update = connection.prepare_cached(FORGET_DECISIONS)?;
            update.execute(params![before.as_microsecond(), batches_max])
        };
        tokio::task::spawn_blocking(forget).await.map_err(failed)?.map_err(failed)
    }

    /// Forgets whole batches that were flushed before then, up to this number, at most so many. How many it was. What they count can not
    /// be counted again.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_batches(
        &self,
        before: Timestamp,
        upto: u64,
        batches_max: u32,
    ) -> Result<usize, LogFailure> {
        let connection = Arc::clone(&self.connection);
        let upto = i64::try_from(upto).map_err(failed)?;
        let forget = move || {
            let connection = connection.lock();
            let mut delete = connection.prepare_cached(FORGET_BATCHES)?;
            delete.execute(params![before.to_string(), upto, batches_max])
        };
        tokio::task::spawn_blocking(forget).await.map_err(failed)?.map_err(failed)
    }

    /// Whether every batch that ever arrived is still there, as far as the file can be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let sql = "select coalesce(min(batch_no), 1) = 1 from usage_batches";
        self.connection.lock().query_row(sql, [], |row| row.get(0)).unwrap_or(false)
    }

    /// Since when every batch that was flushed is there: always where nothing was let go of.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn whole_since(&self) -> Result<Option<Timestamp>, LogFailure> {
        Ok(match self.flushed_from(0).await? {
            Some((first, flushed_at)) if first > 1 => Some(flushed_at),
            Some(_) | None => Some(Timestamp::MIN),
        })
    }

    /// The number of a batch before all that were flushed from then on. Found by halves: batches follow each other as they were
    /// flushed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn before(&self, at: Timestamp) -> Result<u64, LogFailure> {
        let (mut low, mut high) = (0, *self.head.borrow());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.flushed_from(middle.saturating_add(1)).await? {
                // It, and all between it and the middle, which are not there.
                Some((batch_no, flushed_at)) if flushed_at < at => low = batch_no,
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }

    /// The first batch from this number on, and when it was flushed.
    async fn flushed_from(&self, batch_no: u64) -> Result<Option<(u64, Timestamp)>, LogFailure> {
        let connection = Arc::clone(&self.connection);
        let from = i64::try_from(batch_no).map_err(failed)?;
        let find = move || {
            let connection = connection.lock();
            let mut select = connection.prepare_cached(FLUSHED_FROM)?;
            select
                .query_row(params![from], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
                .optional()
        };
        let found = tokio::task::spawn_blocking(find).await.map_err(failed)?.map_err(failed)?;
        let Some((batch_no, flushed_at)) = found else { return Ok(None) };
        let flushed_at = flushed_at.parse().map_err(failed)?;
        Ok(Some((u64::try_from(batch_no).map_err(failed)?, flushed_at)))
    }

    /// The number of the last batch, as it moves.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }
}

fn append(
    connection: &mut Connection,
    batch: Option<UsageBatch>,
    counters: &[Counter],
) -> Result<Option<u64>, LogFailure> {
    let transaction = connection.transaction().map_err(failed)?;
    let kept = match batch {
        Some(batch) => insert(&transaction, batch)?,
        None => None,
    };
    for (key, state) in counters {
        let written = if state.is_empty() {
            transaction.prepare_cached(DELETE_COUNTER).and_then(|mut delete| delete.execute(params![key]))
        } else {
            transaction
                .prepare_cached(UPSERT_COUNTER)
                .and_then(|mut upsert| upsert.execute(params![key, state]))
        };
        written.map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(kept)
}

/// None where it is there. Who presented which secret stands apart, where it can be forgotten.
fn insert(transaction: &Transaction<'_>, mut batch: UsageBatch) -> Result<Option<u64>, LogFailure> {
    let sightings = std::mem::take(&mut batch.sightings);
    let body = serde_json::to_string(&batch).map_err(failed)?;
    let sequence = i64::try_from(batch.sequence).map_err(failed)?;
    let decided_at = batch.decisions.iter().map(|decision| decision.at.as_microsecond()).max();
    let inserted = transaction
        .prepare_cached(
            "insert into usage_batches (node, boot, sequence, body, decided_at_us) values (?1, ?2, ?3, ?4, ?5)
             on conflict (node, boot, sequence) do nothing",
        )
        .and_then(|mut insert| insert.execute(params![batch.node, batch.boot, sequence, body, decided_at]))
        .map_err(failed)?;
    if inserted == 0 {
        return Ok(None);
    }
    let batch_no = transaction.last_insert_rowid();
    if !sightings.is_empty() {
        let (flushed_at, body) =
            (batch.flushed_at.as_microsecond(), serde_json::to_string(&sightings).map_err(failed)?);
        transaction
            .prepare_cached("insert into usage_sightings (batch_no, flushed_at_us, body) values (?1, ?2, ?3)")
            .and_then(|mut insert| insert.execute(params![batch_no, flushed_at, body]))
            .map_err(failed)?;
    }
    Ok(u64::try_from(batch_no).ok())
}

fn read(connection: &Connection, after: u64, batches_max: usize) -> Result<Vec<ArrivedBatch>, LogFailure> {
    let mut rows = connection
        .prepare_cached(
            "select b.batch_no, b.body, s.body
               from usage_batches b left join usage_sightings s on s.batch_no = b.batch_no
              where b.batch_no > ?1 order by b.batch_no limit ?2",
        )
        .map_err(failed)?;
    let bounds = params![i64::try_from(after).map_err(failed)?, i64::try_from(batches_max).map_err(failed)?];
    let rows = rows
        .query_map(bounds, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .map_err(failed)?;
    rows.map(|row| {
        let (batch_no, body, sightings): (i64, String, Option<String>) = row.map_err(failed)?;
        let mut batch: UsageBatch = serde_json::from_str(&body).map_err(failed)?;
        if let Some(sightings) = sightings {
            batch.sightings = serde_json::from_str::<Vec<Sighting>>(&sightings).map_err(failed)?;
        }
        Ok(ArrivedBatch { batch_no: u64::try_from(batch_no).map_err(failed)?, batch })
    })
    .collect()
}
