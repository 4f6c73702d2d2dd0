//! Planned changes: one, lists, and those whose time has come.

use domain::{ClientId, KeyId, PolicyId, ScheduledChangeId, Timestamp, access::Reach};

pub use crate::scheduled_changes::{ChangeFailure, ChangeRow, REVOKE_KEY, revocation_of};
use crate::{
    BadColumn, ChangeStatus, Columns, ReadFailure, ReadModel, Stored,
    queries::select::{Belongs, Places},
    queries::{Page, Select},
};

/// A change of a policy is nobody's, others are their client's or their key's.
const SUBJECTS: Belongs = Belongs {
    team: Some(
        "c.policy_id is null and coalesce(c.client_id, k.client_id) in
           (select own.client_id from client_directory own where own.owner_team = {})",
    ),
    environment: Places::Where(
        "(k.environment = {} or c.key_id is null and c.policy_id is null and c.client_id in
           (select own.client_id from client_directory own where own.environments like {like}))",
    ),
};

/// Which changes; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    pub status: Option<ChangeStatus>,
    /// Also those of its keys.
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub policy_id: Option<PolicyId>,
    /// Changes of which something is due before then. Those that have nothing ahead are left out.
    pub due_before: Option<Timestamp>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: ScheduledChangeId) -> Result<Option<ChangeRow>, ReadFailure> {
    model.fetch_one(Select::new(include_str!("changes/select.sql"), vec![]).and("c.change_id = {}", id)).await
}

/// In the order of their ids: that of planning them, a planned revocation standing where its key was issued.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &ChangeFilter,
    page: &Page,
) -> Result<Vec<ChangeRow>, ReadFailure> {
    let ChangeFilter { status, client_id, key_id, policy_id, due_before, reach } = filter;
    let select = Select::new(include_str!("changes/select.sql"), vec![])
        .and_some("c.change_id > {}", page.after.as_deref())
        .and_some("c.status = {}", *status)
        .and_some("coalesce(c.client_id, k.client_id) = {}", *client_id)
        .and_some("c.key_id = {}", *key_id)
        .and_some("c.policy_id = {}", *policy_id)
        .and_some("c.due_at_us < {}", *due_before)
        .and_within_or(reach, "c.policy_id is not null", &SUBJECTS)
        .then(" order by c.change_id")
        .limit(page.limit);
    model.fetch(select).await
}

/// Changes whose time has come, longest overdue first. Planned revocations are among the keys that are due.
///
/// # Errors
/// When the read model cannot be read.
pub async fn due(model: &ReadModel, now: Timestamp, limit: u32) -> Result<Vec<ChangeRow>, ReadFailure> {
    let select = Select::new(include_str!("changes/select.sql"), vec![])
        .and("c.due_at_us <= {}", now)
        .and("c.kind <> {}", REVOKE_KEY)
        .then(" order by c.due_at_us, c.change_id")
        .limit(limit);
    model.fetch(select).await
}

/// How many changes should have happened before that time and have not.
///
/// # Errors
/// When the read model cannot be read.
pub async fn overdue(model: &ReadModel, before: Timestamp) -> Result<u64, ReadFailure> {
    struct Overdue(u64);
    impl Stored for Overdue {
        fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
            columns.count("overdue").map(Self)
        }
    }
    let select = Select::new(include_str!("changes/overdue.sql"), vec![before.into()]);
    Ok(model.fetch_one::<Overdue>(select).await?.map_or(0, |Overdue(count)| count))
}
