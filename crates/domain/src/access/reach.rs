//! How far a principal sees: what lists are filtered by, in the query.

use super::{GrantScope, Limits, Permission, Principal, authorize::allowing};
use crate::Timestamp;

/// What somebody may see by one permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// As the program itself asks.
    #[default]
    Everything,
    /// What one of these reaches; none of them is empty, and without any it is nothing.
    Within(Vec<Limits>),
}

impl Reach {
    /// Whether nothing at all can be seen.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Within(limits) if limits.is_empty())
    }

    /// Whether it matters which team owns a thing.
    #[must_use]
    pub fn goes_by_team(&self) -> bool {
        matches!(self, Self::Within(limits) if limits.iter().any(|limits| limits.team.is_some()))
    }
}

/// What the principal may see by the permission now. Says of every thing the same as
/// [`authorize`](super::authorize) does of a permission that reads; a test holds the two together.
#[must_use]
pub fn reach(principal: &Principal, permission: Permission, now: Timestamp) -> Reach {
    let mut within: Vec<Limits> = vec![];
    for held in allowing(principal, permission, now) {
        match &held.scope {
            GrantScope::All => return Reach::Everything,
            GrantScope::Limited(limits) if limits.is_empty() || within.contains(limits) => {}
            GrantScope::Limited(limits) => within.push(limits.clone()),
        }
    }
    Reach::Within(within)
}
