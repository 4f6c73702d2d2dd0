//! The copy of the log in motion: NATS JetStream, on which an event's stream sequence is its position.
//!
//! The log is the truth and the bus is rebuilt from it: [`publish::Publisher`] fills the stream, [`BusFeed`] follows
//! it and turns to the log wherever the stream has a gap. Usage batches travel on a stream of their own, which is not
//! a copy of anything. Source: ADR 0014.

mod connect;
pub mod envelope;
mod failure;
mod feed;
pub mod publish;
mod refill;
mod streams;
mod usage;

pub use connect::{Bus, BusSettings, shown};
pub use failure::BusFailure;
pub use feed::BusFeed;
pub use refill::Refill;
pub use streams::{EVENTS_STREAM, EVENTS_SUBJECTS, USAGE_STREAM, USAGE_SUBJECTS};
pub use usage::{BusTold, UsageFeed, UsagePublisher};
