//! An erasure: personal values that are taken out of everything, on record as what it took from where, never as what it was.

mod commands;
mod events;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{Erase, ErasureCommand, ErasureRefusal, Found};
pub use events::{Erased, ErasedValue, ErasureEvent, Holder};
pub use state::Erasure;

/// What one command erases at most; who has more is asked for again.
pub const VALUES_MAX: usize = 5_000;
/// What one event says of at most.
pub const VALUES_PER_EVENT: usize = 500;
