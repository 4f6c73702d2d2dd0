//! Turns quota and expiry events into e-mail and webhooks.
//!
//! Nothing is sent yet: the crate holds the room's place and its name. What stands already is what it will follow:
//! the log with its positions, and each policy's thresholds.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

pub mod mail;
pub mod notice;
pub mod notices;
pub mod templates;
pub mod webhooks;
