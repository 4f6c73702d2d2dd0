//! Quotas: how much of a period's grant is used.

mod calendar;
mod rolling;
pub(crate) mod shared;

pub(crate) use calendar::{Calendar, CalendarCount, CalendarRow};
pub(crate) use rolling::{RollingCount, RollingRow, Span};
pub(crate) use shared::{SharedCount, SharedRow};
