//! Tells people and programs what concerns them: letters by e-mail, and webhooks.
//!
//! The log is followed, and the time is watched: what either gives occasion to tell goes, by the rules and the subscriptions, into
//! the [`outbox`], each once. From there it is delivered, and tried again until it is.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod book;
mod command;
mod compose;
mod deliver;
mod digests;
mod follow;
mod lead;
pub mod mail;
pub mod notice;
pub mod notices;
mod occasion;
mod of_events;
mod parts;
mod preview;
mod recipients;
mod rules;
mod subscriptions;
pub mod templates;
#[cfg(test)]
mod tests;
mod timed;
mod told;
pub mod webhooks;

pub use lead::{LeaseTooShort, Notifier, Status};
pub use parts::{Parts, Settings};
pub use preview::{
    DAYS as PREVIEW_DAYS, NOTICES_MAX as PREVIEWED_MAX, Preview, PreviewFailure, Previewed, preview,
};
pub use told::{Kept, NoticeMessage, sample_message};
