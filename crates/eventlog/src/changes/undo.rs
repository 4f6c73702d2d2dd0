//! The end of a change: what it did is undone, unless somebody has decided the same anew since.

use domain::{
    Reason,
    api_client::{ApiClient, ApiClientCommand, ReinstateClient},
    api_key::{ApiKey, ApiKeyCommand, ReinstateKey},
    rate_limit_policy::{PolicyCommand, RateLimitPolicy, RevisePolicy, UnassignPolicy},
    scheduled_change::{Effect, PlannedChange, ScheduledChangeRefusal},
};

use super::{Given, Run};
use crate::{LogFailure, Past, Stored, execute::TRIES_MAX};

impl Run<'_> {
    pub(super) async fn undo(&self, effect: Effect) -> Result<Given, LogFailure> {
        let reason = || self.plan.reason.clone();
        if !effect.changed {
            return Ok(Given::Done(effect));
        }
        match &self.plan.change {
            PlannedChange::SuspendKey { key_id, client_id: _ } => {
                let reinstate = |_: &ApiKey| ApiKeyCommand::Reinstate(ReinstateKey { reason: reason() });
                self.undo_of(*key_id, effect, reinstate).await
            }
            PlannedChange::SuspendClient { client_id } => {
                let reinstate =
                    |_: &ApiClient| ApiClientCommand::Reinstate(ReinstateClient { reason: reason() });
                self.undo_of(*client_id, effect, reinstate).await
            }
            PlannedChange::AssignPolicy { policy_id, assignment } => {
                let assignment_id = assignment.assignment_id;
                let unassign = |_: &RateLimitPolicy| removal(assignment_id, reason());
                self.undo_of(*policy_id, effect, unassign).await
            }
            PlannedChange::RevisePolicy { policy_id, revision: _ } => {
                self.undo_of(*policy_id, effect, restoration).await
            }
            // Is given no end.
            PlannedChange::UnassignPolicy { .. } => Ok(Given::Done(Effect { changed: false, ..effect })),
        }
    }

    /// Gives the command that leads back to how the subject was before, on no other version than the one that was
    /// looked through.
    async fn undo_of<A: Stored>(
        &self,
        id: A::Id,
        effect: Effect,
        back_to: impl Fn(&A) -> A::Command,
    ) -> Result<Given, LogFailure> {
        let key = self.command_key();
        for _ in 0..TRIES_MAX {
            let history = self.log.history::<A>(id).await?;
            let seen = history.last().map_or(0, |past| past.version);
            if history.iter().any(|past| past.metadata.command_id == key) {
                return Ok(Given::Done(Effect { version: seen, changed: true }));
            }
            let overtakes = |past: &Past<A>| {
                past.version > effect.version
                    && self.plan.change.is_overtaken_by(&A::wrap(id, past.event.clone()))
            };
            if history.iter().any(overtakes) {
                return Ok(Given::refused(&ScheduledChangeRefusal::Overtaken));
            }
            let before = history.iter().take_while(|past| past.version < effect.version);
            let before = A::replay(before.map(|past| &past.event));
            match self.give::<A>(id, back_to(&before), Some(seen)).await? {
                Given::Moved => {}
                given @ (Given::Done(_) | Given::Refused { .. }) => return Ok(given),
            }
        }
        Err(LogFailure::Contended { stream: id.to_string(), tries: TRIES_MAX })
    }
}

fn removal(assignment_id: domain::AssignmentId, reason: Reason) -> PolicyCommand {
    PolicyCommand::Unassign(UnassignPolicy { assignment_id, reason: Some(reason) })
}

/// Back to what the policy said before.
fn restoration(before: &RateLimitPolicy) -> PolicyCommand {
    PolicyCommand::Revise(match before {
        RateLimitPolicy::Absent => RevisePolicy::default(),
        RateLimitPolicy::Active(policy) | RateLimitPolicy::Retired(policy) => policy.spec.clone().into(),
    })
}
