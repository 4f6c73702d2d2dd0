//! An API client: a partner or internal consumer, with its owner, its people and what it may do at most.

mod commands;
mod events;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{
    ApiClientCommand, ApiClientRefusal, ArchiveClient, NewContact, NewOwner, RegisterClient, ReinstateClient,
    SuspendClient, UpdateClient,
};
pub use events::{
    ApiClientEvent, Archived, ClientKind, Contact, ContactRole, ContactsChanged, EnvironmentAllowed,
    EnvironmentWithdrawn, LabelsChanged, Owner, OwnerChanged, Registered, Reinstated, Renamed, ScopeGranted,
    ScopeRevoked, Suspended,
};
pub use state::{ApiClient, ClientFacts, ClientStanding, Profile};
