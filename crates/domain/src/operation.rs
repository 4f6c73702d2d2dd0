//! Work on many things that takes longer than an answer may: what it is to do, how far it is, what became of each.

mod commands;
mod events;
mod export;
mod rules;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{
    CancelOperation, HELD_FOR, ITEMS_MAX, OperationCommand, OperationRefusal, PlanOperation,
    ProgressOperation, TakeOperation, Work,
};
pub use events::{
    Cancelled, Finished, ImportPlan, Item, ItemResult, KeysChosen, OperationEvent, OperationKind, Ordered,
    Planned, Progressed, ReplayPlan, Started, Tally,
};
pub use export::{ExportFormat, ExportMade, ExportPlan, ExportedReport};
pub use state::{Operation, Run};
