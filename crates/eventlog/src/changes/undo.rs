//! The end of a change: what it did is undone, unless somebody has decided the same anew since, or holds it beside the change.

use domain::{
    Reason, ScheduledChangeId,
    api_client::{ApiClient, ApiClientCommand, ReinstateClient},
    api_key::{ApiKey, ApiKeyCommand, ReinstateKey},
    rate_limit_policy::{PolicyCommand, RateLimitPolicy, RevisePolicy, UnassignPolicy},
    scheduled_change::{Effect, Hold, PlannedChange, ScheduledChange, ScheduledChangeRefusal},
};

use super::{ACTOR, Given, Run};
use crate::{LogFailure, Past, Stored, execute::TRIES_MAX};

impl Run<'_> {
    pub(super) async fn undo(&self, effect: Effect) -> Result<Given, LogFailure> {
        let reason = || self.plan.reason.clone();
        if !effect.changed {
            return Ok(Given::Done(effect));
        }
        match &self.plan.change {
            PlannedChange::SuspendKey { key_id, client_id: _ } => {
                let reinstate = || ApiKeyCommand::Reinstate(ReinstateKey { reason: reason() });
                self.let_go::<ApiKey>(*key_id, effect, reinstate).await
            }
            PlannedChange::SuspendClient { client_id } => {
                let reinstate = || ApiClientCommand::Reinstate(ReinstateClient { reason: reason() });
                self.let_go::<ApiClient>(*client_id, effect, reinstate).await
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

    /// Reinstates who was suspended, unless a suspension by hand or by another change holds them still.
    async fn let_go<A: Stored>(
        &self,
        id: A::Id,
        effect: Effect,
        reinstate: impl Fn() -> A::Command,
    ) -> Result<Given, LogFailure> {
        let key = self.command_key();
        for _ in 0..TRIES_MAX {
            let history = self.log.history::<A>(id).await?;
            let seen = history.last().map_or(0, |past| past.version);
            if history.iter().any(|past| past.metadata.command_id == key) {
                return Ok(Given::Done(Effect { version: seen, changed: true }));
            }
            let given = match self.held_by(id, &history, effect).await? {
                HeldBy::Change => self.give::<A>(id, reinstate(), Some(seen)).await?,
                HeldBy::Others => return Ok(Given::Done(Effect { version: seen, changed: false })),
                HeldBy::LaterDecision => return Ok(Given::refused(&ScheduledChangeRefusal::Overtaken)),
            };
            match given {
                Given::Moved => {}
                given @ (Given::Done(_) | Given::Refused { .. }) => return Ok(given),
            }
        }
        Err(LogFailure::Contended { stream: id.to_string(), tries: TRIES_MAX })
    }

    /// By whom the subject is held, of all who have suspended it since it was last free.
    async fn held_by<A: Stored>(
        &self,
        id: A::Id,
        history: &[Past<A>],
        effect: Effect,
    ) -> Result<HeldBy, LogFailure> {
        let mut held_by = HeldBy::Change;
        for past in history.iter().rev().filter(|past| past.version != effect.version) {
            let Some(hold) = self.plan.change.hold(&A::wrap(id, past.event.clone())) else { continue };
            let by_change = change_of(&past.metadata.command_id);
            match (hold, by_change) {
                (Hold::Released, _) if past.version < effect.version => break,
                // Another change has ended after this one would have, and found nobody who holds.
                (Hold::Released, Some(_)) => return Ok(HeldBy::Others),
                (Hold::Released, None) => return Ok(HeldBy::LaterDecision),
                (Hold::Taken, None) if past.version > effect.version => return Ok(HeldBy::LaterDecision),
                (Hold::Taken, None) => held_by = HeldBy::Others,
                (Hold::Taken, Some(other)) => {
                    if self.still_holds(other).await? {
                        held_by = HeldBy::Others;
                    }
                }
            }
        }
        Ok(held_by)
    }

    /// Of a change that has suspended.
    async fn still_holds(&self, other: ScheduledChangeId) -> Result<bool, LogFailure> {
        let other = self.log.load::<ScheduledChange>(other).await?.state;
        Ok(match &*other {
            ScheduledChange::Applying(plan) | ScheduledChange::Applied(plan, _) => {
                plan.until.is_none_or(|until| until > self.now)
            }
            // Its end was called off: who is suspended is to stay so.
            ScheduledChange::Cancelled(_) => true,
            ScheduledChange::Absent
            | ScheduledChange::Pending(_)
            | ScheduledChange::Ending(..)
            | ScheduledChange::Ended(_)
            | ScheduledChange::Failed(_) => false,
        })
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

/// Who keeps somebody suspended whom a change has suspended.
enum HeldBy {
    /// The change alone.
    Change,
    /// Somebody before it, or another change whose end is ahead; or nobody any more, since all have ended.
    Others,
    /// What somebody has decided since.
    LaterDecision,
}

/// The change that gave a command, if one did.
fn change_of(command_id: &str) -> Option<ScheduledChangeId> {
    let (id, _step) = command_id.strip_prefix(ACTOR)?.strip_prefix(':')?.split_once(':')?;
    id.parse().ok()
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
