//! The rules of a planned change.

use jiff::SignedDuration;

use super::{
    Applied, BeginChange, Begun, CancelChange, Cancelled, Ended, Failed, Phase, Plan, PlanChange, Planned,
    RecordApplied, RecordEnded, RecordFailed, ScheduledChange, ScheduledChangeCommand, ScheduledChangeEvent,
    ScheduledChangeRefusal,
};
use crate::{Aggregate, Timestamp};

/// The furthest that a change may be away: ten calendar years always fit, leap days and all.
const HORIZON: SignedDuration = SignedDuration::from_hours(3_660 * 24);

type Decided = Result<Vec<ScheduledChangeEvent>, ScheduledChangeRefusal>;

impl Aggregate for ScheduledChange {
    const TYPE: &'static str = "scheduled_change";
    type Command = ScheduledChangeCommand;
    type Event = ScheduledChangeEvent;
    type Refusal = ScheduledChangeRefusal;

    fn decide(&self, command: &ScheduledChangeCommand) -> Decided {
        match command {
            ScheduledChangeCommand::Plan(ask) => self.plan_it(ask),
            ScheduledChangeCommand::Cancel(ask) => self.cancel(ask),
            ScheduledChangeCommand::Begin(ask) => self.begin(ask),
            ScheduledChangeCommand::RecordApplied(ask) => self.record_applied(ask),
            ScheduledChangeCommand::RecordEnded(ask) => self.record_ended(ask),
            ScheduledChangeCommand::RecordFailed(ask) => self.record_failed(ask),
        }
    }

    fn apply(&mut self, event: &ScheduledChangeEvent) {
        self.fold(event);
    }
}

impl ScheduledChange {
    fn plan_it(&self, ask: &PlanChange) -> Decided {
        let Self::Absent = self else { return Err(ScheduledChangeRefusal::AlreadyPlanned) };
        let PlanChange { now, change, at, until, reason } = ask;
        if at.is_none() && until.is_none() {
            return Err(ScheduledChangeRefusal::NoTime);
        }
        if until.is_some() && !change.can_end() {
            return Err(ScheduledChangeRefusal::EndNotPossible { kind: change.kind() });
        }
        if let Some(at) = at.filter(|at| at <= now) {
            return Err(ScheduledChangeRefusal::NotAhead { at, now: *now });
        }
        let (start, latest) = (at.unwrap_or(*now), now.checked_add(HORIZON).unwrap_or(Timestamp::MAX));
        if let Some(at) = at.iter().chain(until).find(|time| **time > latest) {
            return Err(ScheduledChangeRefusal::TooFar { at: *at, latest });
        }
        if let Some(until) = until.filter(|until| *until <= start) {
            return Err(ScheduledChangeRefusal::EndNotAfterStart { at: start, until });
        }
        Ok(vec![ScheduledChangeEvent::Planned(Planned {
            change: change.clone(),
            at: start,
            until: *until,
            reason: reason.clone(),
        })])
    }

    fn cancel(&self, ask: &CancelChange) -> Decided {
        let CancelChange { now, reason } = ask;
        match self {
            // A second cancellation is a retry, and a retry is not news.
            Self::Cancelled(_) => Ok(vec![]),
            Self::Pending(_) | Self::Applied(Plan { until: Some(_), .. }, _) => {
                let reason = reason.clone();
                Ok(vec![ScheduledChangeEvent::Cancelled(Cancelled { cancelled_at: *now, reason })])
            }
            Self::Absent
            | Self::Applying(_)
            | Self::Applied(..)
            | Self::Ending(..)
            | Self::Ended(_)
            | Self::Failed(_) => Err(self.standing()),
        }
    }

    fn begin(&self, ask: &BeginChange) -> Decided {
        let BeginChange { now } = ask;
        let (phase, due_at) = match self {
            // Begun and not finished: whoever begins again goes on with it, whatever the clock says meanwhile.
            Self::Applying(_) | Self::Ending(..) => return Ok(vec![]),
            Self::Pending(plan) => (Phase::Apply, plan.at),
            Self::Applied(Plan { until: Some(until), .. }, _) => (Phase::End, *until),
            Self::Absent | Self::Applied(..) | Self::Ended(_) | Self::Cancelled(_) | Self::Failed(_) => {
                return Err(self.standing());
            }
        };
        if due_at > *now {
            return Err(ScheduledChangeRefusal::NotDue { due_at });
        }
        Ok(vec![ScheduledChangeEvent::Begun(Begun { phase, begun_at: *now })])
    }

    fn record_applied(&self, ask: &RecordApplied) -> Decided {
        let RecordApplied { now, version, changed } = ask;
        match self {
            Self::Applying(_) => {
                let (applied_at, version, changed) = (*now, *version, *changed);
                Ok(vec![ScheduledChangeEvent::Applied(Applied { applied_at, version, changed })])
            }
            Self::Applied(..) => Ok(vec![]),
            Self::Absent
            | Self::Pending(_)
            | Self::Ending(..)
            | Self::Ended(_)
            | Self::Cancelled(_)
            | Self::Failed(_) => Err(ScheduledChangeRefusal::NotBegun),
        }
    }

    fn record_ended(&self, ask: &RecordEnded) -> Decided {
        let RecordEnded { now, changed } = ask;
        match self {
            Self::Ending(..) => {
                let (ended_at, changed) = (*now, *changed);
                Ok(vec![ScheduledChangeEvent::Ended(Ended { ended_at, changed })])
            }
            Self::Ended(_) => Ok(vec![]),
            Self::Absent
            | Self::Pending(_)
            | Self::Applying(_)
            | Self::Applied(..)
            | Self::Cancelled(_)
            | Self::Failed(_) => Err(ScheduledChangeRefusal::NotBegun),
        }
    }

    fn record_failed(&self, ask: &RecordFailed) -> Decided {
        let RecordFailed { now, code, message } = ask;
        let phase = match self {
            Self::Applying(_) => Phase::Apply,
            Self::Ending(..) => Phase::End,
            Self::Failed(_) => return Ok(vec![]),
            Self::Absent | Self::Pending(_) | Self::Applied(..) | Self::Ended(_) | Self::Cancelled(_) => {
                return Err(ScheduledChangeRefusal::NotBegun);
            }
        };
        let (failed_at, code, message) = (*now, code.clone(), message.clone());
        Ok(vec![ScheduledChangeEvent::Failed(Failed { phase, failed_at, code, message })])
    }

    /// Why nothing is left to be done or taken back.
    fn standing(&self) -> ScheduledChangeRefusal {
        match self {
            Self::Absent => ScheduledChangeRefusal::NotPlanned,
            Self::Pending(plan) => ScheduledChangeRefusal::NotDue { due_at: plan.at },
            Self::Applying(_) => ScheduledChangeRefusal::UnderWay { phase: Phase::Apply },
            Self::Ending(..) => ScheduledChangeRefusal::UnderWay { phase: Phase::End },
            Self::Applied(..) => ScheduledChangeRefusal::Applied,
            Self::Ended(_) => ScheduledChangeRefusal::Ended,
            Self::Cancelled(_) => ScheduledChangeRefusal::Cancelled,
            Self::Failed(_) => ScheduledChangeRefusal::Failed,
        }
    }
}
