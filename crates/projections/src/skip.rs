//! What lets a projection past an event that it cannot take: an operator's word in the log, and nothing else.
//!
//! The word, `projection.event_skipped`, comes after the event that it is about: it is looked for ahead of the
//! checkpoint. As it is in the log, whoever looks finds the same: the follower that waits for it, the one that takes
//! over, the next start, a rebuild. It allows, and does not order: a program that can take the event takes it.
//! Usage batches are no events of the log, and cannot be left out.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use domain::{
    Aggregate as _, DomainEvent, Position,
    personal::PersonalValues,
    projection::{EventSkipped, Projection as Operated, ProjectionEvent},
};
use eventlog::{EventLog, LogFailure, StoredEvent};
use tracing::{info, warn};

use crate::{
    Projection, ReadModel, WriteFailure,
    runner::{self, Applied},
    store::Checkpoint,
};

const EVENTS_AT_ONCE: usize = 1_000;

/// It could not be found out whether a projection may go on, or it could not be moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassFailure {
    #[error(transparent)]
    Log(#[from] LogFailure),
    #[error(transparent)]
    Write(#[from] WriteFailure),
}

/// What operators have said, as far as was looked: the log is searched once, however many events stop how many
/// projections.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    /// From after where to where. None before the first look.
    looked: Option<(Position, Position)>,
    said: BTreeSet<(String, Position)>,
}

impl Skips {
    /// Whether an operator has said to leave the event at this position out of this projection.
    ///
    /// # Errors
    /// When the log cannot be read; what was seen is not looked at again.
    pub(crate) async fn has(
        &mut self,
        log: &EventLog,
        name: &str,
        position: Position,
    ) -> Result<bool, LogFailure> {
        let head = log.head();
        let (from, mut until) = match self.looked {
            Some((from, until)) if from <= position => (from, until),
            // Nothing is said about an event before it is there.
            Some(_) | None => (position, position),
        };
        while until < head {
            // As they are stored: what cannot be decoded does not end the search.
            let stored = log.read_stored(until, EVENTS_AT_ONCE).await?;
            let Some(last) = stored.last() else { break };
            until = last.position;
            self.said.extend(stored.iter().filter_map(said));
            self.looked = Some((from, until));
        }
        Ok(self.said.contains(&(name.to_owned(), position)))
    }
}

/// What an event says may be left out of which projection.
fn said(stored: &StoredEvent) -> Option<(String, Position)> {
    if stored.aggregate_type != Operated::TYPE {
        return None;
    }
    match stored.recorded(PersonalValues::default()).ok()?.event {
        DomainEvent::Projection {
            id,
            event: ProjectionEvent::EventSkipped(EventSkipped { position, reason: _ }),
        } => Some((id.to_string(), position)),
        DomainEvent::ApiClient { .. }
        | DomainEvent::ApiKey { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::RateLimitPolicy { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => None,
    }
}

/// Moves a projection over the event after its checkpoint, which it cannot take, where that is allowed: an operator
/// has said so, or the event is of an aggregate that it does not take. None where it is not.
///
/// # Errors
/// When the log or the read model cannot be used; then it has not moved.
pub(crate) async fn past(
    model: &ReadModel,
    log: &EventLog,
    projection: &dyn Projection,
    checkpoint: &Checkpoint,
    skips: &mut Skips,
) -> Result<Option<Applied>, PassFailure> {
    let (name, position) = (projection.name(), checkpoint.position.next());
    let stored = log.read_stored(checkpoint.position, 1).await?;
    let Some(stored) = stored.first().filter(|stored| stored.position == position) else { return Ok(None) };
    let event_type = &stored.event_type;
    let taken = projection.takes(&stored.aggregate_type);
    if taken && !skips.has(log, name, position).await? {
        return Ok(None);
    }
    let applied = runner::pass_over(model, projection, checkpoint.clone(), stored.leaf_hash).await?;
    if applied.halt.is_some() {
        return Ok(Some(applied));
    }
    if taken {
        metrics::counter!("tollgate_projection_skipped_events_total", "name" => name).increment(1);
        warn!(
            projection.name = name,
            event.type = event_type,
            event.position = position.get(),
            "The projection `{name}` leaves out the event at position {position}, as an operator has said"
        );
    } else {
        info!(
            projection.name = name,
            event.type = event_type,
            event.position = position.get(),
            "The event at position {position} cannot be decoded and is none of the projection `{name}`"
        );
    }
    Ok(Some(applied))
}
