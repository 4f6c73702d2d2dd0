//! Who somebody is: tokens of identity providers, the sign-in of people, their sessions, and how often one may fail.
//!
//! Knows neither the log nor the routes. Time and randomness are given. Source: ADR 0037.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod budget;
mod claims;
mod cross_site;
mod flow;
mod jwk;
mod jws;
mod keys;
mod mapping;
mod provider;
mod sessions;
#[cfg(test)]
mod tests;
mod web;

pub use budget::{BudgetSettings, Failures, Spent};
pub use claims::{Identity, TokenRefusal};
pub use cross_site::{CrossSite, Origin, refuse_cross_site};
pub use flow::{Begun, Callback, CodeFlow, Finished, FlowSettings, ReturnTo, SignInRefusal};
pub use jws::{Algorithm, UnknownAlgorithm, is_shaped_like_jwt};
pub use mapping::{Rule, given};
pub use provider::{Machines, Provider, ProviderFailure, ProviderSettings, UnfitIssuer};
pub use sessions::{
    MemorySessions, NewSession, SessionLimits, SessionRow, SessionSecret, SessionStore, Sessions,
    StoreFailure,
};
pub use web::{Web, WebFailure, WebSettings};
