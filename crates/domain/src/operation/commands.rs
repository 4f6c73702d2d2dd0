//! What may be asked of an operation, and what it may be refused for.

use jiff::SignedDuration;

use super::{ExportMade, ExportPlan, ImportPlan, Item, OperationKind, Ordered, ReplayPlan};
use crate::{KeyId, Name, Reason, Timestamp, refusal::refusals};

/// One operation is about no more things.
pub const ITEMS_MAX: usize = 100_000;

/// How long a node that says nothing keeps an operation; then another may go on with it.
pub const HELD_FOR: SignedDuration = SignedDuration::from_secs(30);

/// What may be asked of an operation.
#[derive(Debug)]
pub enum OperationCommand {
    Plan(PlanOperation),
    Take(TakeOperation),
    Progress(ProgressOperation),
    Cancel(CancelOperation),
}

/// Makes an operation. One about nothing is finished at once.
#[derive(Debug)]
pub struct PlanOperation {
    pub now: Timestamp,
    pub work: Work,
    pub reason: Option<Reason>,
    pub ordered: Ordered,
}

/// What is to be done, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Revoke(Vec<KeyId>),
    Suspend(Vec<KeyId>),
    Import { plan: ImportPlan, rows: u32 },
    Replay { plan: ReplayPlan, deliveries: u64 },
    Export { plan: ExportPlan, stretches: u32 },
}

/// Lets a node work on it: nobody else does, or nobody has been heard of for [`HELD_FOR`].
#[derive(Debug)]
pub struct TakeOperation {
    pub now: Timestamp,
    pub node: Name,
}

/// Puts on record what became of the next items.
#[derive(Debug)]
pub struct ProgressOperation {
    pub now: Timestamp,
    pub node: Name,
    /// In their order, from the first that is not dealt with.
    pub items: Vec<Item>,
    /// Of an export: how many rows are written by now.
    pub rows: Option<u64>,
    /// Of an export, with its last item: the file, where it is whole.
    pub made: Option<ExportMade>,
}

/// Stops it before its next items.
#[derive(Debug)]
pub struct CancelOperation {
    pub now: Timestamp,
    pub reason: Reason,
}

refusals! {
    /// Why a command about an operation was refused.
    pub enum OperationRefusal {
        NotPlanned = ("operation_not_found", "there is no such operation"),
        AlreadyPlanned = ("operation_already_planned", "the operation is already planned"),
        TooManyItems { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
        Ended { kind: OperationKind } = ("operation_ended", "the operation has ended, which is final"),
        HeldElsewhere { node: Name, until: Timestamp }
            = ("operation_held", "the node `{node}` works on it, and is waited for until {until}"),
        NotNext { done: u32 } = ("operation_moved_on", "{done} items are dealt with already; the next follow these"),
    }
}
