//! Carries out operations: each item is a command of its own, given once however often the work begins anew.

mod export;
mod import;
mod keys;
mod replay;
mod uploads;

use std::{collections::BTreeMap, future::Future, io, sync::Arc, time::Duration};

use domain::{
    Metadata, OperationId,
    metadata::ActorKind,
    operation::{
        Item, Operation, OperationCommand, OperationKind, OperationRefusal, ProgressOperation, Run,
        TakeOperation,
    },
};
use eventlog::{Execute, ExecuteError, LogFailure};
use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use outbox::OutboxFailure;
use projections::{
    ReadFailure,
    queries::{
        operations::{self, OperationRow},
        usage::ReportFailure,
    },
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Api, imports::Row};

use export::Making;
pub(crate) use export::{STRETCHES_MAX, query as export_query};
use import::Importing;
pub(crate) use import::{Before, Checked, Clients, foreign_secret};
pub(crate) use replay::filter as replay_filter;

/// How long a new operation may wait for somebody to look.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Between two looks for files that are not kept any more.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Operations that are worked on in turns.
const OPERATIONS_MAX: u32 = 50;
/// Items between two reports of progress: what a crash has done again, and finds done.
const ITEMS_AT_ONCE: usize = 200;
/// Commands that wait for the store together.
const COMMANDS_AT_ONCE: usize = 16;

/// An operation cannot be worked on now; it is taken up again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stuck {
    #[error(transparent)]
    Log(#[from] LogFailure),
    #[error(transparent)]
    Read(#[from] ReadFailure),
    #[error(transparent)]
    Outbox(#[from] OutboxFailure),
    #[error("reading or writing the file of an operation")]
    Upload(#[from] io::Error),
    #[error("what an operation is to do, or its upload, is damaged")]
    Damaged(#[from] serde_json::Error),
    #[error(transparent)]
    Report(#[from] ReportFailure),
    #[error("the operation's own circumstances are out of their bounds")]
    OutOfBounds(#[from] domain::InvalidValue),
}

/// Works on operations until stopped. Several processes may: each operation is held by one of them.
pub async fn run_operations(api: Arc<Api>, stop: CancellationToken) {
    let mut worker = Worker::new(api);
    worker.forget_halves().await;
    loop {
        let worked = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            // What is cut off between two commands is found done by whoever takes it up.
            worked = worker.work() => worked,
        };
        if !worked {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// One process' part in the work.
pub(crate) struct Worker {
    api: Arc<Api>,
    /// The rows of the import that was worked on last.
    rows: Option<(OperationId, Arc<[Row]>)>,
    /// The reports that are being written by this process.
    making: BTreeMap<OperationId, Making>,
    /// When files that are not kept any more were looked for.
    swept_at: Option<domain::Timestamp>,
}

impl Worker {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self { api, rows: None, making: BTreeMap::new(), swept_at: None }
    }

    /// Moves each operation that is under way by some items. Whether any has moved.
    pub(crate) async fn work(&mut self) -> bool {
        let underway = match operations::underway(&self.api.read, OPERATIONS_MAX).await {
            Ok(underway) => underway,
            Err(failure) => {
                warn!(error = %failure, "Cannot look for operations");
                return false;
            }
        };
        self.making.retain(|id, _| underway.iter().any(|row| row.operation_id == *id));
        self.rows.take_if(|(id, _)| !underway.iter().any(|row| row.operation_id == *id));
        if self.is_sweep_due() {
            self.sweep_reports().await;
            self.sweep_uploads().await;
        }
        let mut moved = false;
        for OperationRow { operation_id, .. } in underway {
            match self.step(operation_id).await {
                Ok(stepped) => moved |= stepped,
                Err(failure) => {
                    warn!(operation.id = %operation_id, error = %failure, "Cannot work on an operation now");
                }
            }
        }
        moved
    }

    /// Whether it is time to look for files that are not kept any more.
    fn is_sweep_due(&mut self) -> bool {
        let now = self.api.clock.now();
        let due = self.swept_at.and_then(|last| last.checked_add(SWEEP_EVERY).ok());
        if due.is_some_and(|due| now < due) {
            return false;
        }
        self.swept_at = Some(now);
        true
    }

    /// Whether the operation has moved. It has not where another node holds it, or keeps what it needs.
    async fn step(&mut self, id: OperationId) -> Result<bool, Stuck> {
        let loaded = self.api.log.load::<Operation>(id).await?;
        // The read model may be behind: what it shows as under way may have ended.
        let Some(run) = underway(&loaded.state) else { return Ok(false) };
        if let Some(plan) = &run.export {
            return self.export(id, run, plan).await;
        }
        let Some(rows) = self.rows_of(id, run).await? else { return Ok(false) };
        let take = TakeOperation { now: self.api.clock.now(), node: self.api.node.clone() };
        if !self.said(id, run, OperationCommand::Take(take)).await? {
            return Ok(false);
        }
        let items = self.deal_with_next(id, run, &rows).await?;
        let ends = run.done.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX)) >= run.items_total;
        let moved = self.said(id, run, self.progress(items)).await?;
        if moved && ends {
            info!(operation.id = %id, "Finished operation `{id}`");
            self.rows = None;
            self.api.uploads.forget(id).await?;
        }
        Ok(moved)
    }

    fn progress(&self, items: Vec<Item>) -> OperationCommand {
        let (now, node) = (self.api.clock.now(), self.api.node.clone());
        OperationCommand::Progress(ProgressOperation { now, node, items, rows: None, made: None })
    }

    /// The next items, each dealt with.
    async fn deal_with_next(&self, id: OperationId, run: &Run, rows: &[Row]) -> Result<Vec<Item>, Stuck> {
        let done = usize::try_from(run.done).unwrap_or(usize::MAX);
        let numbers = run.done.saturating_add(1)..=run.items_total;
        match run.kind {
            OperationKind::RevokeKeys | OperationKind::SuspendKeys => {
                let next = numbers.zip(run.keys.iter().skip(done).take(ITEMS_AT_ONCE));
                together(
                    next.map(|(number, key_id)| keys::item(&self.api, id, run, number, *key_id)).collect(),
                )
                .await
            }
            // Written by a way of its own.
            OperationKind::ExportReport => Ok(vec![]),
            OperationKind::ReplayWebhook => replay::items(&self.api, run, ITEMS_AT_ONCE).await,
            OperationKind::ImportKeys => {
                let importing = Importing::new(&self.api, id, run);
                let next = numbers.zip(rows.iter().skip(done).take(ITEMS_AT_ONCE));
                let mut items = vec![];
                for wave in import::apart(next) {
                    let work = wave.into_iter().map(|(number, row)| importing.item(number, row)).collect();
                    items.extend(together(work).await?);
                }
                Ok(items)
            }
        }
    }

    /// Whether the operation took the command. What it refuses, another process has done or is doing.
    async fn said(&self, id: OperationId, run: &Run, command: OperationCommand) -> Result<bool, Stuck> {
        let (now, number) = (self.api.clock.now(), run.done);
        let metadata = metadata(id, run, now, &format!("{id}/progress-{number}"));
        let ask: Execute<Operation> =
            Execute { id, command, metadata, expected_version: None, idempotency: None, personal: vec![] };
        match self.api.log.execute(ask).await {
            Ok(_) => Ok(true),
            Err(ExecuteError::Refused(
                OperationRefusal::HeldElsewhere { .. }
                | OperationRefusal::NotNext { .. }
                | OperationRefusal::Ended { .. }
                | OperationRefusal::NotPlanned
                | OperationRefusal::AlreadyPlanned
                | OperationRefusal::TooManyItems { .. },
            )) => Ok(false),
            Err(ExecuteError::VersionMismatch { .. } | ExecuteError::Repeated(_)) => Ok(false),
            Err(ExecuteError::Failed(failure)) => Err(failure.into()),
        }
    }
}

fn underway(operation: &Operation) -> Option<&Run> {
    match operation {
        Operation::Planned(run) | Operation::Running(run) => Some(run),
        Operation::Absent | Operation::Finished(_) | Operation::Cancelled(_) => None,
    }
}

/// Some at once, answered in their order.
async fn together<F: Future<Output = Result<Item, Stuck>>>(work: Vec<F>) -> Result<Vec<Item>, Stuck> {
    let mut answers = stream::iter(work).buffered(COMMANDS_AT_ONCE);
    let mut items = vec![];
    while let Some(answer) = answers.next().await {
        items.push(answer?);
    }
    Ok(items)
}

/// Of a command that carries the operation out: done here, for whoever ordered it.
fn metadata(id: OperationId, run: &Run, now: domain::Timestamp, command_id: &str) -> Metadata {
    let id = id.to_string();
    Metadata {
        occurred_at: now,
        actor: "system:operations".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: Some(run.ordered.by.clone()),
        allowed_by: run.ordered.allowed_by.clone(),
        address: None,
        user_agent: None,
        request_id: id.clone(),
        correlation_id: id.clone(),
        causation_id: Some(id),
        reason: run.reason.as_ref().map(ToString::to_string),
        command_id: command_id.to_owned(),
    }
}
