//! A rule that something needs a second person: a permission, everywhere or in one environment.

mod commands;
mod events;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{ApprovalRuleCommand, ApprovalRuleRefusal, EndApprovalRule, MakeApprovalRule};
pub use events::{ApprovalRuleEvent, Ended, Made};
pub use state::{ApprovalRule, Guard};
