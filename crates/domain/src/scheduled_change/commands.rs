//! What may be asked of a planned change, and what it may be refused for.

use super::{Phase, PlannedChange};
use crate::{Reason, Timestamp, refusal::refusals};

/// What may be asked of a planned change.
#[derive(Debug)]
pub enum ScheduledChangeCommand {
    Plan(PlanChange),
    Cancel(CancelChange),
    Begin(BeginChange),
    RecordApplied(RecordApplied),
    RecordEnded(RecordEnded),
    RecordFailed(RecordFailed),
}

/// Plans a change. One of the two times must be given.
#[derive(Debug)]
pub struct PlanChange {
    pub now: Timestamp,
    pub change: PlannedChange,
    /// When it is to happen: after now, at most ten years ahead. None: now.
    pub at: Option<Timestamp>,
    /// When it is to be undone: after it has happened, at most ten years ahead. None: it stays.
    pub until: Option<Timestamp>,
    pub reason: Reason,
}

/// Takes back what has not happened yet: the change, or, once that has, its end.
#[derive(Debug)]
pub struct CancelChange {
    pub now: Timestamp,
    pub reason: Reason,
}

/// Says that its time has come and its command is about to be given.
#[derive(Debug)]
pub struct BeginChange {
    pub now: Timestamp,
}

/// Puts on record that the change has happened.
#[derive(Debug)]
pub struct RecordApplied {
    pub now: Timestamp,
    /// The subject's version with it.
    pub version: u64,
    /// Whether its command had anything new to say.
    pub changed: bool,
}

/// Puts on record that the change is undone.
#[derive(Debug)]
pub struct RecordEnded {
    pub now: Timestamp,
    pub changed: bool,
}

/// Puts on record that the rules have refused what was begun.
#[derive(Debug)]
pub struct RecordFailed {
    pub now: Timestamp,
    pub code: String,
    pub message: String,
}

refusals! {
    /// Why a command about a planned change was refused.
    pub enum ScheduledChangeRefusal {
        NotPlanned = ("change_not_found", "there is no such change"),
        AlreadyPlanned = ("change_already_planned", "the change is already planned"),
        NoTime = ("change_needs_time", "a change that is planned needs a time at which it happens or ends"),
        NotAhead { at: Timestamp, now: Timestamp }
            = ("change_not_ahead", "a change at {at} is not after now ({now}); leave `at` out to have it happen now"),
        TooFar { at: Timestamp, latest: Timestamp }
            = ("change_too_far", "a change at {at} is too far ahead; the latest allowed is {latest}"),
        EndNotAfterStart { at: Timestamp, until: Timestamp }
            = ("change_end_not_after_start", "the change would end at {until}, not after it has happened at {at}"),
        EndNotPossible { kind: &'static str } = ("change_has_no_end", "a change of the kind `{kind}` cannot end by itself"),
        NotDue { due_at: Timestamp } = ("change_not_due", "nothing is to happen before {due_at}"),
        NotBegun = ("change_not_begun", "the change has not begun"),
        UnderWay { phase: Phase } = ("change_under_way", "the change is being carried out just now"),
        Applied = ("change_applied", "the change has happened, and no end of it is ahead"),
        Ended = ("change_ended", "the change has happened and has ended"),
        Failed = ("change_failed", "the change was refused when its time came"),
        Cancelled = ("change_cancelled", "the change is cancelled"),
        Overtaken = ("change_overtaken", "somebody has decided the same anew since the change, and that stands"),
    }
}
