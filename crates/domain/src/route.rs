//! A named operation of a governed API. Reports, scopes and policies speak of routes, never of raw paths.

mod commands;
mod events;
mod state;
mod template;
#[cfg(test)]
mod tests;

pub use commands::{DefineRoute, RetireRoute, ReviseRoute, RouteCommand, RouteRefusal};
pub use events::{Defined, Retired, Revised, RouteEvent, RouteSpec};
pub use state::Route;
pub use template::{Host, Method, PathTemplate};
