//! Who may do what to the admin API: typed permissions, one table of roles, and one pure function that decides.
//!
//! A principal holds grants; a grant is a role within a scope. Nothing is allowed that no grant in force allows.
//! Source: ADR 0030.

mod authorize;
mod page;
mod permission;
mod principal;
mod reach;
mod role;
mod scope;
#[cfg(test)]
mod tests;

pub use authorize::{Denied, Grant, authorize, covers, holds, may_give};
pub use page::page;
pub use permission::{Access, Permission};
pub use principal::{HeldGrant, Principal, PrincipalKind, Source};
pub use reach::{Reach, reach};
pub use role::{Role, TABLE};
pub use scope::{GrantScope, Limits, ResourceFacts};
