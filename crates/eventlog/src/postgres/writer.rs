//! Gathers waiting appends into one statement and one commit: one sync to disk for many commands.
//!
//! Two at a time, so that one group is gathered while another is on its way. A command that comes alone, after a rest, gets
//! its position with the commit where this process gives them, and so does a group that was waited for. Each command gets its
//! own answer: when a group conflicts with what is there, its commands are appended one by one. Source: ADR 0018.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Instant,
};

use domain::SharedClock;
use metrics::{counter, histogram};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tracing::error;

use super::{
    fault::{fault, is_unreachable},
    gather::gather,
    head::{Head, Placing},
    insert::{self, Group, Inserted, Positions},
    read,
    sessions::Sessions,
};
use crate::{
    LogFailure, Place,
    append::{Answer, Append, AppendRefused, Appended, Waiting},
    warm::WarmAggregates,
};

pub(super) const WRITERS: u32 = 2;
/// More than this in one statement only makes the first wait longer.
const GROUP_COMMANDS_MAX: usize = 64;
/// Commands that may wait; beyond it, callers wait to be let in.
const QUEUE_COMMANDS_MAX: usize = 1_024;
/// Names of the constraints that tell a conflict from a fault.
const VERSION_TAKEN: &str = "events_pkey";
const COMMAND_GIVEN: &str = "commands_pkey";
/// Somebody else gives positions, too: this process leads no longer, or does not know yet that it does not.
const POSITION_TAKEN: &str = "log_pkey";
/// SQLSTATE of `deadlock_detected`.
const DEADLOCK: &str = "40P01";

/// The writers' handle.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Waiting>>>,
}

impl Writer {
    pub(super) fn start(
        sessions: &Arc<Sessions>,
        appending: &Arc<Sessions>,
        clock: SharedClock,
        warm: Arc<WarmAggregates>,
        head: &Arc<Head>,
        tasks: &TaskTracker,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let waiting = Arc::new(AsyncMutex::new(waiting));
        for _ in 0..WRITERS {
            let task = Task {
                sessions: Arc::clone(sessions),
                appending: Arc::clone(appending),
                clock: Arc::clone(&clock),
                warm: Arc::clone(&warm),
                head: Arc::clone(head),
            };
            tasks.spawn(task.run(Arc::clone(&waiting)));
        }
        Self { queue: Mutex::new(Some(queue)) }
    }

    pub(super) async fn append(&self, append: Append) -> Answer {
        let queue = self.queue.lock().clone().ok_or(LogFailure::Stopped)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Waiting { append, answer }).await.map_err(|_| LogFailure::Stopped)?;
        answered.await.map_err(|_| LogFailure::Stopped)?
    }

    /// Takes no new commands; those that wait are finished.
    pub(super) fn stop(&self) {
        drop(self.queue.lock().take());
    }
}

struct Task {
    sessions: Arc<Sessions>,
    appending: Arc<Sessions>,
    clock: SharedClock,
    warm: Arc<WarmAggregates>,
    head: Arc<Head>,
}

impl Task {
    async fn run(self, waiting: Arc<AsyncMutex<mpsc::Receiver<Waiting>>>) {
        let mut group = Vec::with_capacity(GROUP_COMMANDS_MAX);
        loop {
            // Held while waiting: the other writer is on its way with a group, or waits behind us.
            let mut queue = waiting.lock().await;
            if queue.recv_many(&mut group, GROUP_COMMANDS_MAX).await == 0 {
                return;
            }
            let gathered = gather(&mut queue, &mut group, GROUP_COMMANDS_MAX, &self.head.under_way).await;
            drop(queue);
            let rested = self.head.has_rested();
            let lone = rested && group.len() == 1;
            let placing = if lone || gathered { self.head.placing().await } else { None };
            self.append_group(&mut group, placing).await;
        }
    }

    async fn append_group(&self, group: &mut Vec<Waiting>, placing: Option<Placing<'_>>) {
        let begun = Instant::now();
        let (appends, answers): (Vec<_>, Vec<_>) = group.drain(..).map(|w| (w.append, w.answer)).unzip();
        histogram!("tollgate_append_group_commands").record(u32::try_from(appends.len()).unwrap_or(u32::MAX));
        let results = self.write(&appends, placing).await;
        for (append, result) in appends.iter().zip(&results) {
            if matches!(result, Ok(Ok(_))) {
                self.warm.outdate(&append.aggregate_id, append.new_version());
            }
        }
        if results.iter().any(|result| matches!(result, Ok(Ok(Appended { last: Place::Recorded { .. } })))) {
            self.head.note_appended();
        }
        for (result, answer) in results.into_iter().zip(answers) {
            // Who no longer waits has gone away; what was appended stays.
            drop(answer.send(result));
        }
        histogram!("tollgate_append_seconds").record(begun.elapsed());
    }

    /// The answer to each. One by one where they cannot go together, and then by the queue: the right to give positions is
    /// others' meanwhile.
    async fn write(&self, appends: &[Append], placing: Option<Placing<'_>>) -> Vec<Answer> {
        let positions = if placing.is_some() { Positions::Given } else { Positions::Queued };
        let (together, mut alone) = apart(appends);
        let mut answers = BTreeMap::new();
        if !together.is_empty() {
            let group: Vec<_> = together.iter().map(|(_, append)| *append).collect();
            match self.write_all(&group, positions).await {
                Ok(appended) => {
                    let places = together.iter().map(|(place, _)| *place);
                    answers.extend(places.zip(appended.into_iter().map(|appended| Ok(Ok(appended)))));
                }
                Err(source) if is_of_one(&source) => {
                    alone.extend(together);
                    alone.sort_unstable_by_key(|(place, _)| *place);
                }
                Err(source) => {
                    report(&source, appends.len());
                    // The connection may have died with the answer on its way.
                    return failed(source, appends.len());
                }
            }
        }
        drop(placing);
        answers.extend(self.write_alone(alone).await);
        answers.into_values().collect()
    }

    async fn write_alone(&self, alone: Vec<Placed<'_>>) -> Vec<(usize, Answer)> {
        let mut answers: Vec<(usize, Answer)> = Vec::with_capacity(alone.len());
        for (place, append) in alone {
            let answer = match answers.last() {
                // Each would wait as long for the same.
                Some((_, Err(LogFailure::Unreachable { .. }))) => {
                    Err(LogFailure::Unreachable { source: "it did not answer the one before".into() })
                }
                Some(_) | None => self.write_one(append).await,
            };
            answers.push((place, answer));
        }
        answers
    }

    /// In one statement; where another process gives positions as well, the sequencers see to them.
    async fn write_all(
        &self,
        appends: &[&Append],
        positions: Positions,
    ) -> Result<Vec<Appended>, sqlx::Error> {
        let rows = insert::Rows::of(appends, self.clock.now());
        let insert = async |positions| {
            self.appending.run(async |session| insert::all(session, appends, &rows, positions).await).await
        };
        let mut written = insert(positions).await;
        if written.as_ref().is_err_and(|source| constraint_of(source) == Some(POSITION_TAKEN)) {
            written = insert(Positions::Queued).await;
        }
        let Group { appended, placed } = written?;
        if !placed.is_empty() {
            self.head.note_sequenced(&placed);
        }
        Ok(appended)
    }

    async fn write_one(&self, append: &Append) -> Answer {
        let written: Result<Inserted, sqlx::Error> = if append.events.is_empty() {
            let now = self.clock.now();
            self.sessions.run(async |session| insert::nothing(session, append, now).await).await
        } else {
            let one = self.write_all(&[append], Positions::Queued).await;
            one.and_then(|appended| appended.first().copied().ok_or(sqlx::Error::RowNotFound)).map(Ok)
        };
        match written {
            Ok(inserted) => Ok(inserted),
            Err(source) if conflict_of(&source).is_some() => self.refused(append).await,
            Err(source) => {
                report(&source, 1);
                Err(fault(source, |source| LogFailure::Append { source }))
            }
        }
    }

    /// Which of two constraints broke first is not promised: a repetition is the graver news.
    async fn refused(&self, append: &Append) -> Answer {
        counter!("tollgate_append_conflicts_total").increment(1);
        let remembered = match &append.idempotency {
            Some(name) => read::recall(&self.sessions, &name.key).await?,
            None => None,
        };
        Ok(Err(remembered.map_or(AppendRefused::Conflict, AppendRefused::Repeated)))
    }
}

/// An append and its place in the group.
type Placed<'of> = (usize, &'of Append);

/// Those that can go in one statement, and the others: each of the first has events, and no two of them are about the same
/// aggregate or bear the same name.
fn apart(appends: &[Append]) -> (Vec<Placed<'_>>, Vec<Placed<'_>>) {
    let mut streams = HashSet::with_capacity(appends.len());
    let mut names = HashSet::new();
    appends.iter().enumerate().partition(|(_, append)| {
        !append.events.is_empty()
            && streams.insert(append.aggregate_id.as_str())
            && append.idempotency.as_ref().is_none_or(|name| names.insert(name.key.as_str()))
    })
}

/// Whether one of a group has failed it and the others may do without: a conflict, or two groups that waited for each other.
fn is_of_one(source: &sqlx::Error) -> bool {
    let deadlock =
        source.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == DEADLOCK);
    deadlock || conflict_of(source).is_some()
}

/// The constraint that tells a conflict; a breach of any other is a fault.
fn conflict_of(source: &sqlx::Error) -> Option<&str> {
    constraint_of(source).filter(|constraint| [VERSION_TAKEN, COMMAND_GIVEN].contains(constraint))
}

fn constraint_of(source: &sqlx::Error) -> Option<&str> {
    source.as_database_error()?.constraint()
}

/// The same answer to each.
fn failed(source: sqlx::Error, commands: usize) -> Vec<Answer> {
    let text = source.to_string();
    let unreachable = is_unreachable(&source);
    let answer = || {
        let source = text.clone().into();
        Err(if unreachable { LogFailure::Unreachable { source } } else { LogFailure::Append { source } })
    };
    std::iter::repeat_with(answer).take(commands).collect()
}

fn report(source: &sqlx::Error, commands: usize) {
    counter!("tollgate_append_failures_total").increment(1);
    error!(error = %source, "Appending {commands} commands failed; who gave them is told so");
}
