//! Grants: one, and lists.

use domain::{
    GrantId, PrincipalId, Timestamp,
    access::{Reach, Role},
};

pub use crate::grant_directory::GrantRow;
use crate::{
    GrantStatus, ReadFailure, ReadModel, Value,
    queries::{
        Page, Select,
        select::{Belongs, Places},
    },
};

/// Which of them; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    pub principal_id: Option<PrincipalId>,
    pub role: Option<Role>,
    pub status: Option<GrantStatus>,
    /// Of the scope.
    pub team: Option<String>,
    /// One of the scope's.
    pub environment: Option<String>,
    /// Given, not withdrawn, and not ended by then.
    pub in_force_at: Option<Timestamp>,
}

/// A grant is of the team and the environments of its scope; one over everything is seen by who sees everything.
const SCOPES: Belongs = Belongs { team: Some("team = {}"), environment: Places::Listed("environments") };

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: GrantId) -> Result<Option<GrantRow>, ReadFailure> {
    let select = Select::new(include_str!("grants/select.sql"), vec![]).and("grant_id = {}", id);
    model.fetch_one(select).await
}

/// Those in reach, in the order of their ids, which is that in which they were given.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &GrantFilter,
    reach: &Reach,
    page: &Page,
) -> Result<Vec<GrantRow>, ReadFailure> {
    let GrantFilter { principal_id, role, status, team, environment, in_force_at } = filter;
    let environment = environment.as_ref().map(|name| format!("%\"{name}\"%"));
    let select = Select::new(include_str!("grants/select.sql"), vec![])
        .and_some("grant_id > {}", page.after.as_deref())
        .and_some("principal_id = {}", *principal_id)
        .and_some("role = {}", role.as_ref().map(Value::word))
        .and_some("status = {}", *status)
        .and_some("team = {}", team.as_deref())
        .and_some("environments like {}", environment)
        .and_some("status = 'given' and coalesce(until_us, 9223372036854775807) > {}", *in_force_at)
        .and_within(reach, &SCOPES)
        .then(" order by grant_id")
        .limit(page.limit);
    model.fetch(select).await
}
