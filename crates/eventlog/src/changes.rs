//! The one way from a planned change to the log: when its time has come, the command that it stands for is given, once.
//!
//! Three steps, each safe to repeat: the change says that it begins, its command is given under a name that follows from
//! the change, the change says what came of it. Whoever stops between two of them, or does the same at the same time as
//! another, leaves what the next one finishes. Source: ADR 0022.

mod undo;

use domain::{
    EventId, Metadata, Refusal, ScheduledChangeId, Timestamp,
    api_client::{ApiClient, ApiClientCommand, SuspendClient},
    api_key::{ApiKey, ApiKeyCommand, SuspendKey},
    metadata::ActorKind,
    rate_limit_policy::{AssignPolicy, PolicyCommand, RateLimitPolicy, UnassignPolicy},
    scheduled_change::{
        BeginChange, Effect, Phase, Plan, PlannedChange, RecordApplied, RecordEnded, RecordFailed,
        ScheduledChange, ScheduledChangeCommand,
    },
};

use crate::{EventLog, Execute, ExecuteError, Idempotency, LogFailure, Stored};

/// Who carries out what was planned.
pub const ACTOR: &str = "system:scheduler";

/// The name of a change's command says all that was asked.
const REQUEST_DIGEST: [u8; 32] = [0; 32];

/// A change that may be due, and whom what it does is accounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: ScheduledChangeId,
    /// The principal that planned it.
    pub requested_by: String,
    /// Of the plan: all that it sets in motion keeps it.
    pub correlation_id: String,
    /// The event that planned it.
    pub planned_by: EventId,
}

/// What came of a look at a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedOut {
    /// It is not due, or cancelled, or over.
    Nothing,
    Applied,
    Ended,
    /// The rules said no, and that is on record.
    Refused,
}

/// What a command did.
enum Given {
    Done(Effect),
    Refused {
        code: &'static str,
        message: String,
    },
    /// The subject is not in the version that was looked at.
    Moved,
}

impl Given {
    fn refused(refusal: &impl Refusal) -> Self {
        Self::Refused { code: refusal.code(), message: refusal.to_string() }
    }
}

/// Carries out what is due of a change.
///
/// # Errors
/// When the log cannot be used: nothing is lost, and the same may be asked again.
pub async fn carry_out(log: &EventLog, order: &Order, now: Timestamp) -> Result<CarriedOut, LogFailure> {
    let begin = ScheduledChangeCommand::Begin(BeginChange { now });
    let Some(state) = say(log, order, begin, metadata(order, "begin", now, None)).await? else {
        return Ok(CarriedOut::Nothing);
    };
    let (plan, phase, effect) = match state {
        ScheduledChange::Applying(plan) => (plan, Phase::Apply, None),
        ScheduledChange::Ending(plan, effect) => (plan, Phase::End, Some(effect)),
        // Somebody else was quicker.
        ScheduledChange::Absent
        | ScheduledChange::Pending(_)
        | ScheduledChange::Applied(..)
        | ScheduledChange::Ended(_)
        | ScheduledChange::Cancelled(_)
        | ScheduledChange::Failed(_) => return Ok(CarriedOut::Nothing),
    };
    let run = Run { log, order, now, plan, phase };
    let given = match effect {
        None => run.apply().await?,
        Some(effect) => run.undo(effect).await?,
    };
    run.record(given).await
}

/// One phase of one change.
struct Run<'of> {
    log: &'of EventLog,
    order: &'of Order,
    now: Timestamp,
    plan: Plan,
    phase: Phase,
}

impl Run<'_> {
    async fn apply(&self) -> Result<Given, LogFailure> {
        let (now, reason) = (self.now, self.plan.reason.clone());
        match self.plan.change.clone() {
            PlannedChange::SuspendKey { key_id, client_id: _ } => {
                self.give::<ApiKey>(key_id, ApiKeyCommand::Suspend(SuspendKey { reason }), None).await
            }
            PlannedChange::SuspendClient { client_id } => {
                let command = ApiClientCommand::Suspend(SuspendClient { reason });
                self.give::<ApiClient>(client_id, command, None).await
            }
            PlannedChange::AssignPolicy { policy_id, assignment } => {
                let command = PolicyCommand::Assign(AssignPolicy { now, assignment });
                self.give::<RateLimitPolicy>(policy_id, command, None).await
            }
            PlannedChange::UnassignPolicy { policy_id, assignment_id, client_id: _ } => {
                let command = PolicyCommand::Unassign(UnassignPolicy { assignment_id, reason: Some(reason) });
                self.give::<RateLimitPolicy>(policy_id, command, None).await
            }
            PlannedChange::RevisePolicy { policy_id, revision } => {
                self.give::<RateLimitPolicy>(policy_id, PolicyCommand::Revise(revision), None).await
            }
        }
    }

    /// Gives a command under the name of this change and phase, on the version that was looked at, if one was.
    async fn give<A: Stored>(
        &self,
        id: A::Id,
        command: A::Command,
        expected_version: Option<u64>,
    ) -> Result<Given, LogFailure> {
        let key = self.command_key();
        // Asked first: what was done before may be refused by now.
        if let Some(remembered) = self.log.recall(&key).await? {
            return self.given_before::<A>(id, remembered.version).await;
        }
        let ask = Execute {
            id,
            command,
            metadata: metadata(self.order, self.phase.as_str(), self.now, Some(&self.plan)),
            expected_version,
            idempotency: Some(Idempotency { key, request_digest: REQUEST_DIGEST }),
            personal: vec![],
        };
        match self.log.execute::<A>(ask).await {
            Ok(done) => {
                let (version, changed) = (done.version, !done.events.is_empty());
                Ok(Given::Done(Effect { version, changed }))
            }
            Err(ExecuteError::Refused(refusal)) => Ok(Given::refused(&refusal)),
            Err(ExecuteError::VersionMismatch { .. }) => Ok(Given::Moved),
            Err(ExecuteError::Repeated(remembered)) => self.given_before::<A>(id, remembered.version).await,
            Err(ExecuteError::Failed(failure)) => Err(failure),
        }
    }

    /// What the command did when it was given.
    async fn given_before<A: Stored>(&self, id: A::Id, version: u64) -> Result<Given, LogFailure> {
        let key = self.command_key();
        let history = self.log.history::<A>(id).await?;
        let changed = history.iter().any(|past| past.metadata.command_id == key);
        Ok(Given::Done(Effect { version, changed }))
    }

    async fn record(&self, given: Given) -> Result<CarriedOut, LogFailure> {
        let now = self.now;
        let (command, came) = match (given, self.phase) {
            (Given::Done(Effect { version, changed }), Phase::Apply) => {
                let applied = RecordApplied { now, version, changed };
                (ScheduledChangeCommand::RecordApplied(applied), CarriedOut::Applied)
            }
            (Given::Done(Effect { version: _, changed }), Phase::End) => {
                (ScheduledChangeCommand::RecordEnded(RecordEnded { now, changed }), CarriedOut::Ended)
            }
            (Given::Refused { code, message }, _) => {
                let failed = RecordFailed { now, code: code.to_owned(), message };
                (ScheduledChangeCommand::RecordFailed(failed), CarriedOut::Refused)
            }
            // Looked at again at the next look.
            (Given::Moved, _) => return Ok(CarriedOut::Nothing),
        };
        let said = say(self.log, self.order, command, metadata(self.order, "record", now, Some(&self.plan)));
        Ok(if said.await?.is_some() { came } else { CarriedOut::Nothing })
    }

    fn command_key(&self) -> String {
        command_key(self.order.id, self.phase.as_str())
    }
}

/// Gives a command to the change itself; its state after it, or none where the rules say no.
async fn say(
    log: &EventLog,
    order: &Order,
    command: ScheduledChangeCommand,
    metadata: Metadata,
) -> Result<Option<ScheduledChange>, LogFailure> {
    let ask = Execute {
        id: order.id,
        command,
        metadata,
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    match log.execute::<ScheduledChange>(ask).await {
        Ok(done) => Ok(Some((*done.state).clone())),
        Err(ExecuteError::Refused(_) | ExecuteError::VersionMismatch { .. } | ExecuteError::Repeated(_)) => {
            Ok(None)
        }
        Err(ExecuteError::Failed(failure)) => Err(failure),
    }
}

/// The same from whoever it is given, whenever: so it happens once.
fn command_key(id: ScheduledChangeId, step: &str) -> String {
    format!("{ACTOR}:{id}:{step}")
}

fn metadata(order: &Order, step: &str, now: Timestamp, plan: Option<&Plan>) -> Metadata {
    let command_id = command_key(order.id, step);
    Metadata {
        occurred_at: now,
        actor: ACTOR.to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: Some(order.requested_by.clone()),
        // Whoever planned it was allowed to, which the event that planned it says.
        allowed_by: format!("change:{}", order.id),
        address: None,
        user_agent: None,
        request_id: command_id.clone(),
        correlation_id: order.correlation_id.clone(),
        causation_id: Some(order.planned_by.to_string()),
        reason: plan.map(|plan| plan.reason.to_string()),
        command_id,
    }
}
