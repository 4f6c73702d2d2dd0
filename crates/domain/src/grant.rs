//! A grant on record: a role that somebody was given within a scope, by somebody who holds as much.

mod commands;
mod events;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{GiveGrant, GrantCommand, GrantRefusal, WithdrawGrant};
pub use events::{Given, GrantEvent, Withdrawn};
pub use state::{GivenGrant, Terms};
