//! What should be tidied up: keys, scopes, routes and policies that nobody seems to need.

pub mod keys;
pub mod policies;
pub mod routes;
pub mod scopes;
#[cfg(test)]
mod tests;

use domain::{ClientId, Environment, access::Reach};

/// A stretch of a list, and where it goes on. It may be shorter than was asked for, even empty, and still go on: so many
/// rows are looked at in one go and no more, whatever the filter leaves of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch<T, P> {
    pub items: Vec<T>,
    pub next: Option<P>,
}

/// Whose things; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    pub client_id: Option<ClientId>,
    pub environment: Option<Environment>,
    pub owner_team: Option<String>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// Cuts a list that was asked for with one item more, which tells whether there are others.
fn cut<T, P>(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> P) -> Stretch<T, P> {
    let items_max = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > items_max;
    items.truncate(items_max);
    let next = items.last().filter(|_| more).map(place);
    Stretch { items, next }
}
