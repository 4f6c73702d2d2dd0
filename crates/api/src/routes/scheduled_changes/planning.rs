//! The one way in which a change is planned, from whichever operation: refused at once where it would be refused now,
//! and carried out at once where it is to begin now.

use axum::response::Response;
use domain::{
    Aggregate as _, Reason, Refusal, ScheduledChangeId, Timestamp,
    access::Grant,
    api_client::{ApiClient, ApiClientCommand, SuspendClient},
    api_key::{ApiKey, ApiKeyCommand, SuspendKey},
    rate_limit_policy::{AssignPolicy, PolicyCommand, RateLimitPolicy, UnassignPolicy},
    scheduled_change::{PlanChange, PlannedChange, ScheduledChange, ScheduledChangeCommand},
};
use eventlog::changes::{Order, carry_out};
use http::StatusCode;

use super::view::ChangeView;
use crate::{
    answer::settle,
    ask::{Ask, Effect, Said},
    dry_run::Instead,
    guard::Needs,
    problem::Problem,
    random::id_parts,
    values::Moment,
};

/// When a change is to happen and to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) at: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Times {
    pub(crate) fn new(at: Option<Moment>, until: Option<Moment>) -> Self {
        let time = |moment: Option<Moment>| moment.map(|Moment(time)| time);
        Self { at: time(at), until: time(until) }
    }

    /// Whether anything is planned at all.
    pub(crate) fn are_given(self) -> bool {
        self.at.is_some() || self.until.is_some()
    }
}

/// Puts a change on record that whoever asks is allowed to make.
pub(crate) async fn plan<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    change: PlannedChange,
    times: Times,
    reason: Reason,
    grant: Grant,
) -> Result<Effect<ScheduledChangeId>, Instead> {
    let Times { at, until } = times;
    let now = ask.now();
    let (unix_ms, random) = id_parts(ask.random(), now);
    let id = ScheduledChangeId::from_parts(unix_ms, random);
    let said = Said::because(Some(&reason));
    let command = ScheduledChangeCommand::Plan(PlanChange { now, change, at, until, reason });
    let effect = ask.create::<ScheduledChange>(id, command, grant, said).await?;
    Ok(if at.is_none() { begin(ask, effect).await } else { effect })
}

/// Answers with the change that was planned in place of the thing that it will change.
pub(crate) async fn deferred<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    effect: Effect<ScheduledChangeId>,
) -> Result<Response, Instead> {
    let settled = settle::<_, _, _, ChangeView>(ask, effect).await?;
    Ok(settled.answer(StatusCode::ACCEPTED, |shown| shown))
}

/// What begins now does not wait for the scheduler. Where this fails, the scheduler does it.
async fn begin<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    planned: Effect<ScheduledChangeId>,
) -> Effect<ScheduledChangeId> {
    match Box::pin(carried_out(ask, &planned)).await {
        Ok(Some(effect)) => effect,
        Ok(None) => planned,
        Err(failure) => {
            tracing::warn!(error = %failure, change.id = %planned.id, "Left a change to the scheduler");
            planned
        }
    }
}

async fn carried_out<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    planned: &Effect<ScheduledChangeId>,
) -> Result<Option<Effect<ScheduledChangeId>>, eventlog::LogFailure> {
    // Without a position, nobody can name the event that planned it yet.
    let Some(before) = planned.position.and_then(|position| position.get().checked_sub(1)) else {
        return Ok(None);
    };
    let (log, id) = (ask.log(), planned.id);
    let stored = log.read_stored(domain::Position::new(before), 1).await?;
    let Some(planned_by) = stored.first().and_then(|event| event.event_id.parse().ok()) else {
        return Ok(None);
    };
    let order = Order {
        id,
        requested_by: ask.principal().id.clone(),
        correlation_id: ask.correlation_id().to_owned(),
        planned_by,
    };
    carry_out(log, &order, ask.now()).await?;
    let version = log.load::<ScheduledChange>(id).await?.version;
    // What it did lies after its plan, and before this.
    let position = planned.position.max(Some(log.head()));
    Ok(Some(Effect { version, position, ..*planned }))
}

/// Refuses what would be refused now: a plan is not for things that are not there, or at their end.
pub(crate) async fn check<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    change: &PlannedChange,
    reason: &Reason,
    refused: Refusing,
) -> Result<(), Problem> {
    let (now, reason) = (ask.now(), reason.clone());
    match change.clone() {
        PlannedChange::SuspendKey { key_id, client_id: _ } => {
            let key = ask.load::<ApiKey>(key_id).await?;
            refused.unless(key.state.decide(&ApiKeyCommand::Suspend(SuspendKey { reason })))
        }
        PlannedChange::SuspendClient { client_id } => {
            let client = ask.load::<ApiClient>(client_id).await?;
            refused.unless(client.state.decide(&ApiClientCommand::Suspend(SuspendClient { reason })))
        }
        PlannedChange::AssignPolicy { policy_id, assignment } => {
            let policy = ask.load::<RateLimitPolicy>(policy_id).await?;
            refused.unless(policy.state.decide(&PolicyCommand::Assign(AssignPolicy { now, assignment })))
        }
        PlannedChange::UnassignPolicy { policy_id, assignment_id, client_id: _ } => {
            let policy = ask.load::<RateLimitPolicy>(policy_id).await?;
            let unassign = UnassignPolicy { assignment_id, reason: Some(reason) };
            refused.unless(policy.state.decide(&PolicyCommand::Unassign(unassign)))
        }
        PlannedChange::RevisePolicy { policy_id, revision } => {
            let policy = ask.load::<RateLimitPolicy>(policy_id).await?;
            refused.unless(policy.state.decide(&PolicyCommand::Revise(revision)))
        }
    }
}

/// How a refusal is told: of the subject of the request, or of a thing that its body names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusing {
    Subject,
    Reference { pointer: &'static str },
}

impl Refusing {
    pub(crate) fn because(self, refusal: &impl Refusal) -> Problem {
        match self {
            Self::Subject => Problem::refused(refusal),
            Self::Reference { pointer } => Problem::refused_reference(refusal, pointer),
        }
    }

    fn unless<E, R: Refusal>(self, decided: Result<Vec<E>, R>) -> Result<(), Problem> {
        decided.map(drop).map_err(|refusal| self.because(&refusal))
    }
}
