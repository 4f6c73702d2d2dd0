//! The rules of an operation.

use super::{
    CancelOperation, Cancelled, ExportPlan, Finished, HELD_FOR, ITEMS_MAX, ImportPlan, KeysChosen, Operation,
    OperationCommand, OperationEvent, OperationKind, OperationRefusal, PlanOperation, Planned,
    ProgressOperation, Progressed, ReplayPlan, Run, Started, TakeOperation, Tally, Work,
};
use crate::{Aggregate, KeyId, Name, Timestamp};

/// An event stays well below what the bus carries in one message.
const KEYS_IN_ONE_EVENT_MAX: usize = 2_000;

impl Aggregate for Operation {
    const TYPE: &'static str = "operation";
    type Command = OperationCommand;
    type Event = OperationEvent;
    type Refusal = OperationRefusal;

    fn decide(&self, command: &OperationCommand) -> Result<Vec<OperationEvent>, OperationRefusal> {
        match command {
            OperationCommand::Plan(ask) => self.plan(ask),
            OperationCommand::Take(ask) => self.take(ask),
            OperationCommand::Progress(ask) => self.progress(ask),
            OperationCommand::Cancel(ask) => self.cancel(ask),
        }
    }

    fn apply(&mut self, event: &OperationEvent) {
        self.fold(event);
    }
}

impl Operation {
    fn plan(&self, ask: &PlanOperation) -> Result<Vec<OperationEvent>, OperationRefusal> {
        let Self::Absent = self else { return Err(OperationRefusal::AlreadyPlanned) };
        let PlanOperation { now, work, reason, ordered } = ask;
        let (kind, keys, given, what) = match work {
            Work::Revoke(keys) => (OperationKind::RevokeKeys, &keys[..], keys.len(), "keys"),
            Work::Suspend(keys) => (OperationKind::SuspendKeys, &keys[..], keys.len(), "keys"),
            Work::Import { plan: _, rows } => {
                let given = usize::try_from(*rows).unwrap_or(usize::MAX);
                (OperationKind::ImportKeys, &[][..], given, "rows")
            }
            Work::Replay { plan: _, deliveries } => {
                let given = usize::try_from(*deliveries).unwrap_or(usize::MAX);
                (OperationKind::ReplayWebhook, &[][..], given, "deliveries")
            }
            Work::Export { plan: _, stretches } => {
                // One of an empty time has a file all the same.
                let given = usize::try_from(*stretches).unwrap_or(usize::MAX).max(1);
                (OperationKind::ExportReport, &[][..], given, "stretches")
            }
        };
        if given > ITEMS_MAX {
            return Err(OperationRefusal::TooManyItems { what, given, allowed: ITEMS_MAX });
        }
        let items_total = u32::try_from(given).unwrap_or(u32::MAX);
        let (import, replay, export) = plans(work);
        let (reason, ordered) = (reason.clone(), ordered.clone());
        let planned = Planned { kind, items_total, reason, import, ordered, replay, export };
        let chosen = keys.chunks(KEYS_IN_ONE_EVENT_MAX).map(<[KeyId]>::to_vec);
        let chosen = chosen.map(|key_ids| OperationEvent::KeysChosen(KeysChosen { key_ids }));
        let finished = Finished { at: *now, tally: Tally::default(), export: None };
        let finished = (given == 0).then_some(OperationEvent::Finished(finished));
        Ok([OperationEvent::Planned(planned)].into_iter().chain(chosen).chain(finished).collect())
    }

    fn take(&self, ask: &TakeOperation) -> Result<Vec<OperationEvent>, OperationRefusal> {
        let TakeOperation { now, node } = ask;
        let run = self.underway()?;
        match &run.held {
            Some((holder, _)) if holder == node => Ok(vec![]),
            Some(_) | None => {
                run.check_free(node, *now)?;
                Ok(vec![OperationEvent::Started(Started { node: node.clone(), at: *now })])
            }
        }
    }

    fn progress(&self, ask: &ProgressOperation) -> Result<Vec<OperationEvent>, OperationRefusal> {
        let ProgressOperation { now, node, items, rows, made } = ask;
        let run = self.underway()?;
        run.check_free(node, *now)?;
        let numbers = run.done.saturating_add(1)..=run.items_total;
        if items.is_empty()
            || !numbers.zip(items).all(|(next, item)| item.number == next)
            || run.left() < items.len()
        {
            return Err(OperationRefusal::NotNext { done: run.done });
        }
        let (at, ends) = (*now, run.left() == items.len());
        let mut tally = run.tally;
        items.iter().for_each(|item| tally.add(item.result));
        let progressed = Progressed { node: node.clone(), at, items: items.clone(), rows: *rows };
        let finished = ends
            .then(|| OperationEvent::Finished(Finished { at, tally, export: made.clone().map(Box::new) }));
        Ok([OperationEvent::Progressed(progressed)].into_iter().chain(finished).collect())
    }

    fn cancel(&self, ask: &CancelOperation) -> Result<Vec<OperationEvent>, OperationRefusal> {
        if let Self::Cancelled(_) = self {
            return Ok(vec![]);
        }
        self.underway()?;
        Ok(vec![OperationEvent::Cancelled(Cancelled { at: ask.now, reason: ask.reason.clone() })])
    }

    fn underway(&self) -> Result<&Run, OperationRefusal> {
        match self {
            Self::Absent => Err(OperationRefusal::NotPlanned),
            Self::Finished(run) | Self::Cancelled(run) => Err(OperationRefusal::Ended { kind: run.kind }),
            Self::Planned(run) | Self::Running(run) => Ok(run),
        }
    }
}

fn plans(work: &Work) -> (Option<ImportPlan>, Option<ReplayPlan>, Option<Box<ExportPlan>>) {
    match work {
        Work::Revoke(_) | Work::Suspend(_) => (None, None, None),
        Work::Import { plan, rows: _ } => (Some(plan.clone()), None, None),
        Work::Replay { plan, deliveries: _ } => (None, Some(plan.clone()), None),
        Work::Export { plan, stretches: _ } => (None, None, Some(plan.clone().into())),
    }
}

impl Run {
    /// Items that are not dealt with.
    fn left(&self) -> usize {
        usize::try_from(self.items_total.saturating_sub(self.done)).unwrap_or(usize::MAX)
    }

    fn check_free(&self, node: &Name, now: Timestamp) -> Result<(), OperationRefusal> {
        let Some((holder, heard_at)) = &self.held else { return Ok(()) };
        let until = heard_at.checked_add(HELD_FOR).unwrap_or(Timestamp::MAX);
        if holder == node || until <= now {
            return Ok(());
        }
        Err(OperationRefusal::HeldElsewhere { node: holder.clone(), until })
    }
}
