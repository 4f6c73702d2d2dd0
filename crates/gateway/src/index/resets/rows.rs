//! Resets as a snapshot has them.

use domain::{LimitName, Position, rate_limit_policy::Counting};
use serde::{Deserialize, Serialize};

use super::{Reset, Resets};
use crate::{
    index::{
        assignments::rows::Named,
        limits::Policies,
        slots::{EnvironmentSlot, KeySlot},
    },
    snapshot::Numbers,
};

/// One reset: the policy's number, the limit, how it counts, the number of the client or the key where it is one's, the
/// environment's where it is in one, and where the log says so.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResetRow(u32, LimitName, Counting, Option<u32>, Option<u32>, Position);

impl Resets {
    pub(crate) fn rows(&self, policies: &Policies) -> Vec<ResetRow> {
        let row = |(reset, at): (&Reset, &Position)| {
            let Reset { limit, counting, subject, environment } = *reset;
            let (policy, name) = policies.limit_of(limit)?;
            let subject = (counting != Counting::Shared).then_some(subject);
            let environment = (environment != EnvironmentSlot::NONE).then_some(environment.0);
            Some(ResetRow(policy.0, name.clone(), counting, subject, environment, *at))
        };
        let mut rows: Vec<_> = self.last.iter().filter_map(row).collect();
        // Each event made one.
        rows.sort_by_key(|ResetRow(.., at)| *at);
        rows
    }

    /// Puts a reset back. None when it speaks of what the snapshot does not have.
    pub(crate) fn put_back(
        &mut self,
        row: &ResetRow,
        named: &Named,
        keys: &Numbers<KeySlot>,
        policies: &mut Policies,
    ) -> Option<()> {
        let ResetRow(policy, name, counting, subject, environment, at) = row;
        let policy = named.policies.get(*policy)?;
        let subject = match (counting, subject) {
            (Counting::Client, Some(client)) => named.clients.get(*client)?.0,
            (Counting::Key, Some(key)) => keys.get(*key)?.0,
            (Counting::Shared, None) => policy.0,
            (Counting::Client | Counting::Key, None) | (Counting::Shared, Some(_)) => return None,
        };
        let environment = match environment {
            Some(number) => named.environments.get(*number)?,
            None => EnvironmentSlot::NONE,
        };
        let limit = policies.limit_slot_of(policy, name);
        self.note(Reset { limit, counting: *counting, subject, environment }, *at);
        Some(())
    }
}
