//! An erasure as its events have made it.

use serde::{Deserialize, Serialize};

use super::ErasureEvent;

/// How much an erasure has taken; nothing yet where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub values: u64,
}

impl Erasure {
    pub(super) fn fold(&mut self, event: &ErasureEvent) {
        let ErasureEvent::Erased(erased) = event;
        let more = u64::try_from(erased.values.len()).unwrap_or(u64::MAX);
        self.values = self.values.saturating_add(more);
    }
}
