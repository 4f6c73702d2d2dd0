//! A named operation of a governed API. Reports, scopes and policies speak of routes, never of raw paths.

mod commands;
mod events;
mod hosts;
mod state;
mod template;
#[cfg(test)]
mod tests;

pub use commands::{COST_MAX, DefineRoute, RetireRoute, ReviseRoute, RouteCommand, RouteRefusal};
pub use events::{CostFromHeader, Defined, Retired, Revised, RouteEvent, RouteSpec};
pub use state::Route;
pub use template::{HeaderName, Host, Method, PathTemplate};
