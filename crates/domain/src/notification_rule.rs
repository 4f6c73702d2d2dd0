//! A rule of what is told to whom.

mod commands;
mod events;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{
    EndNotificationRule, MakeNotificationRule, NotificationRuleCommand, NotificationRuleRefusal,
    RECIPIENTS_MAX, ReviseNotificationRule,
};
pub use events::{
    About, Cadence, DEFAULT_DAYS_BEFORE, DEFAULT_THRESHOLDS, Ended, Made, NotificationRuleEvent, Recipient,
    ReportEvery, ReportForm, ReportSettings, Revised, RuleSpec,
};
pub use state::NotificationRule;
