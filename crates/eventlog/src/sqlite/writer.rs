//! The one writer: gathers waiting appends into one transaction, one sync to disk for many commands.
//!
//! Each command has a savepoint of its own and gets its own answer. A single writer needs no separate sequencer:
//! commit order is position order, so the position and the leaf hash are written beside the event. Source: ADR 0002.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use domain::{Position, SharedClock, Timestamp};
use metrics::{counter, histogram};
use parking_lot::Mutex;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::error;

use super::open;
use crate::{
    LogFailure, OpenFailure, Place, Remembered,
    append::{Answer, Append, AppendRefused, Appended, Waiting, new_event_id},
    warm::WarmAggregates,
};

/// More than this in one transaction only makes the first wait longer.
const GROUP_COMMANDS_MAX: usize = 256;
/// Commands that may wait; beyond it, callers wait to be let in.
const QUEUE_COMMANDS_MAX: usize = 1_024;

/// The writer's handle.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Waiting>>>,
    head: watch::Receiver<Position>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        file: &Path,
        clock: SharedClock,
        warm: Arc<WarmAggregates>,
    ) -> Result<Self, OpenFailure> {
        let connection = open::open_writer(file)?;
        let head: i64 = connection
            .query_row("select coalesce(max(position), 0) from log", [], |row| row.get(0))
            .map_err(|source| open::open_failure(file, source))?;
        let (moved, head) = watch::channel(Position::new(u64::try_from(head).unwrap_or_default()));
        let (queue, waiting) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let task = Task { connection, clock, moved, warm };
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || task.run(waiting))
            .map_err(|source| OpenFailure::Database { file: file.to_owned(), source: Box::new(source) })?;
        Ok(Self { queue: Mutex::new(Some(queue)), head, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn append(&self, append: Append) -> Answer {
        let queue = self.queue.lock().clone().ok_or(LogFailure::Stopped)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Waiting { append, answer }).await.map_err(|_| LogFailure::Stopped)?;
        answered.await.map_err(|_| LogFailure::Stopped)?
    }

    pub(super) fn watch_head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    /// Lets waiting commands finish and takes no new ones.
    pub(super) async fn stop(&self) {
        drop(self.queue.lock().take());
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && tokio::task::spawn_blocking(move || thread.join().is_ok()).await.ok() != Some(true)
        {
            error!("The log's writer did not end as it should");
        }
    }
}

struct Task {
    connection: Connection,
    clock: SharedClock,
    moved: watch::Sender<Position>,
    warm: Arc<WarmAggregates>,
}

impl Task {
    fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut group = Vec::with_capacity(GROUP_COMMANDS_MAX);
        while let Some(first) = queue.blocking_recv() {
            group.push(first);
            while group.len() < GROUP_COMMANDS_MAX
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            self.append_group(&mut group);
        }
    }

    fn append_group(&mut self, group: &mut Vec<Waiting>) {
        let started = std::time::Instant::now();
        let (appends, answers): (Vec<_>, Vec<_>) = group.drain(..).map(|w| (w.append, w.answer)).unzip();
        histogram!("tollgate_append_group_commands").record(u32::try_from(appends.len()).unwrap_or(u32::MAX));
        let head = *self.moved.borrow();
        match self.write_group(&appends, head) {
            Ok((results, head)) => {
                for append in appends
                    .iter()
                    .zip(&results)
                    .filter_map(|(append, result)| result.is_ok().then_some(append))
                {
                    self.warm.outdate(&append.aggregate_id, append.new_version());
                }
                // Everyone who is told of an event can read it.
                self.moved.send_if_modified(|known| std::mem::replace(known, head) != head);
                for (result, answer) in results.into_iter().zip(answers) {
                    // Who no longer waits has gone away; what was appended stays.
                    drop(answer.send(Ok(result)));
                }
            }
            Err(error) => {
                counter!("tollgate_append_failures_total").increment(1);
                error!(error = %error, "Appending {} commands failed; none of them has happened", appends.len());
                let text = error.to_string();
                for answer in answers {
                    let source = text.clone().into();
                    let failure = match cannot_be_used_now(&error) {
                        true => LogFailure::Unreachable { source },
                        false => LogFailure::Append { source },
                    };
                    drop(answer.send(Err(failure)));
                }
            }
        }
        histogram!("tollgate_append_seconds").record(started.elapsed());
    }

    fn write_group(
        &mut self,
        appends: &[Append],
        head: Position,
    ) -> rusqlite::Result<(Vec<Result<Appended, AppendRefused>>, Position)> {
        let recorded_at = self.clock.now();
        let mut group =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut results = Vec::with_capacity(appends.len());
        let mut head = head;
        for append in appends {
            let savepoint = group.savepoint()?;
            let mut one = One { connection: &savepoint, recorded_at, head };
            let result = one.write(append)?;
            match result {
                Ok(_) => {
                    head = one.head;
                    savepoint.commit()?;
                }
                Err(_) => {
                    counter!("tollgate_append_conflicts_total").increment(1);
                    drop(savepoint);
                }
            }
            results.push(result);
        }
        group.commit()?;
        Ok((results, head))
    }
}

/// One command inside the group's transaction.
struct One<'group> {
    connection: &'group Connection,
    recorded_at: Timestamp,
    head: Position,
}

impl One<'_> {
    fn write(&mut self, append: &Append) -> rusqlite::Result<Result<Appended, AppendRefused>> {
        if let Some(remembered) = self.repeated(append)? {
            return Ok(Err(AppendRefused::Repeated(remembered)));
        }
        // Nothing to append is an answer about the version it was decided on, so that must be the current one.
        if append.events.is_empty() && self.version(append)? != append.version {
            return Ok(Err(AppendRefused::Conflict));
        }
        let mut sequence = append.version;
        for at in 0..append.events.len() {
            sequence = sequence.saturating_add(1);
            match self.insert_event(append, at, sequence) {
                Ok(()) => {}
                Err(error) if is_version_conflict(&error) => return Ok(Err(AppendRefused::Conflict)),
                Err(error) => return Err(error),
            }
        }
        self.remember(append, sequence)?;
        Ok(Ok(Appended { last: Place::At(self.head) }))
    }

    fn insert_event(&mut self, append: &Append, at: usize, sequence: u64) -> rusqlite::Result<()> {
        let Some(event) = append.events.get(at) else { return Ok(()) };
        let event_id = new_event_id(self.recorded_at).to_string();
        let recorded_at = self.recorded_at.to_string();
        let leaf = append.leaf(event, sequence, &event_id, &recorded_at);
        self.connection.prepare_cached(include_str!("../sql/insert_event.sql"))?.execute(params![
            append.aggregate_type,
            append.aggregate_id,
            as_column(sequence),
            event.event_type,
            event.event_version,
            event.payload,
            event.metadata,
            event_id,
            recorded_at,
        ])?;
        let event_no = self.connection.last_insert_rowid();
        self.head = self.head.next();
        self.connection.prepare_cached(include_str!("../sql/insert_log.sql"))?.execute(params![
            as_column(self.head.get()),
            event_no,
            leaf.as_slice()
        ])?;
        for person in append.personal_of(event) {
            self.connection.prepare_cached(include_str!("../sql/insert_personal_data.sql"))?.execute(
                params![
                    event_no,
                    person.commitment,
                    person.subject,
                    person.value.salt().as_slice(),
                    person.value.text()
                ],
            )?;
        }
        Ok(())
    }

    fn version(&self, append: &Append) -> rusqlite::Result<u64> {
        let mut version = self.connection.prepare_cached(include_str!("../sql/select_version.sql"))?;
        let version: i64 =
            version.query_row(params![append.aggregate_type, append.aggregate_id], |row| row.get(0))?;
        Ok(u64::try_from(version).unwrap_or_default())
    }

    fn repeated(&self, append: &Append) -> rusqlite::Result<Option<Remembered>> {
        let Some(idempotency) = &append.idempotency else { return Ok(None) };
        let mut recall = self.connection.prepare_cached(include_str!("../sql/recall_command.sql"))?;
        let mut rows = recall.query(params![idempotency.key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Remembered {
            request_digest: row.get(0)?,
            aggregate_type: row.get(1)?,
            aggregate_id: row.get(2)?,
            version: row.get::<_, i64>(3)?.try_into().unwrap_or_default(),
            place: Place::At(Position::new(row.get::<_, i64>(4)?.try_into().unwrap_or_default())),
        }))
    }

    fn remember(&self, append: &Append, version: u64) -> rusqlite::Result<()> {
        let Some(idempotency) = &append.idempotency else { return Ok(()) };
        self.connection.prepare_cached(include_str!("../sql/insert_command.sql"))?.execute(params![
            idempotency.key,
            idempotency.request_digest.as_slice(),
            append.aggregate_type,
            append.aggregate_id,
            as_column(version),
            as_column(self.head.get()),
            self.recorded_at.to_string()
        ])?;
        Ok(())
    }
}

/// Told by the constraint's columns: a breach of any other constraint is a failure, not a conflict.
fn is_version_conflict(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, Some(message)) => {
            failure.code == rusqlite::ErrorCode::ConstraintViolation && message.contains("events.sequence")
        }
        _ => false,
    }
}

fn as_column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether the disk or the file is at fault and not what was asked, which may be asked again. As `postgres/fault.rs` tells it there.
fn cannot_be_used_now(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    let code = error.sqlite_error_code();
    matches!(code, Some(Code::DiskFull | Code::SystemIoFailure | Code::ReadOnly | Code::CannotOpen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_breach_of_a_constraint() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("create table t (a blob not null); pragma max_page_count = 2;").unwrap();
        let insert = |value: &str| connection.execute_batch(&format!("insert into t values ({value})"));
        assert!(cannot_be_used_now(&insert("zeroblob(100000)").unwrap_err()));
        assert!(!cannot_be_used_now(&insert("null").unwrap_err()));
    }
}
