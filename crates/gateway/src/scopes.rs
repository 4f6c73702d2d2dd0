//! Sets of scopes, kept once however many keys and clients hold the same ones.

use std::sync::Arc;

use domain::Scope;
use serde::{Serialize, Serializer};

/// A set of scopes, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct ScopeSet(Box<[Scope]>);

impl ScopeSet {
    pub(crate) fn contains(&self, scope: &Scope) -> bool {
        self.0.binary_search(scope).is_ok()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes.into())
    }
}

/// What a key may do: all that its client holds, or those of its own that the client still holds. In order,
/// without repeats, and made without copying a name.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    pub(crate) held: Option<Arc<ScopeSet>>,
    pub(crate) limited_to: Option<Arc<ScopeSet>>,
}

impl Scopes {
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        let limit = self.limited_to.as_deref();
        self.held
            .iter()
            .flat_map(|held| held.iter())
            .filter(move |scope| limit.is_none_or(|limit| limit.contains(scope)))
    }

    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.held.as_deref().is_some_and(|held| held.contains(scope))
            && self.limited_to.as_deref().is_none_or(|limit| limit.contains(scope))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The scopes in a list of their own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Scope> {
        self.iter().cloned().collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self { held: Some(Arc::new(scopes.into_iter().collect())), limited_to: None }
    }
}

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Scopes {}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
