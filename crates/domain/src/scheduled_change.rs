//! A change that is to happen at a time ahead, or to end by itself: planned, cancelled, carried out once.

mod change;
mod commands;
mod events;
mod rules;
mod state;
#[cfg(test)]
mod tests;

pub use change::{Hold, PlannedChange};
pub use commands::{
    BeginChange, CancelChange, PlanChange, RecordApplied, RecordEnded, RecordFailed, ScheduledChangeCommand,
    ScheduledChangeRefusal,
};
pub use events::{Applied, Begun, Cancelled, Ended, Failed, Phase, Planned, ScheduledChangeEvent};
pub use state::{Effect, Plan, ScheduledChange};
