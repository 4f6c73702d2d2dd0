//! A rate limit policy: how fast and how much a client may call, and to whom that applies.

mod commands;
pub mod effective;
mod events;
pub mod findings;
mod limits;
mod state;
#[cfg(test)]
mod tests;
mod windows;

pub use commands::{
    AssignPolicy, DefinePolicy, PolicyCommand, RateLimitPolicyRefusal, ResetLimit, RetirePolicy,
    RevisePolicy, UnassignPolicy,
};
pub use events::{
    Assigned, Assignment, Defined, LimitReset, RateLimitPolicyEvent, Retired, Revised, Unassigned,
};
pub use limits::{Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit, TimeZoneName};
pub use state::{ActivePolicy, RateLimitPolicy};
pub use windows::{ROLLING_PARTS, WindowBounds, calendar_window, rolling_part_seconds};
