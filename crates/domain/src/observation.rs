//! What happened and changed nothing: somebody was denied, failed to sign in, took something out. On record once, and then
//! final.

mod commands;
mod events;
#[cfg(test)]
mod tests;

pub use commands::{Observation, ObservationRefusal, Observe};
pub use events::{
    AccessDenied, AddressesMarked, AddressesUnmarked, AuthenticationFailed, Exported, ExportedWhat,
    ObservationEvent, Overflowed, SecretSearched, SignInWay, SignedIn, SignedOut,
};
