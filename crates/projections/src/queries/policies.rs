//! Policies: one with its assignments, lists, and what binds a client or a route.

use domain::{AssignmentId, ClientId, PolicyId, RouteId};
use serde::Serialize;

use crate::{
    PolicyStatus, ReadFailure, ReadModel,
    queries::{Page, Select},
};
pub use crate::{assignment_directory::AssignmentRow, policy_directory::PolicyRow};

/// A policy and whom it binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssignedPolicy {
    pub policy: PolicyRow,
    /// In the order of their ids.
    pub assignments: Vec<AssignmentRow>,
}

/// Which policies; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    pub status: Option<PolicyStatus>,
    /// In any case.
    pub name_contains: Option<String>,
}

/// Which assignments; what is not given does not matter. A client or a route finds those that name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignmentFilter {
    pub policy_id: Option<PolicyId>,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: PolicyId) -> Result<Option<AssignedPolicy>, ReadFailure> {
    let select = Select::new(include_str!("policies/select.sql"), vec![]).and("policy_id = {}", id);
    let Some(policy) = model.fetch_one::<PolicyRow>(select).await? else { return Ok(None) };
    let filter = AssignmentFilter { policy_id: Some(id), ..AssignmentFilter::default() };
    // A policy takes at most 10,000 assignments.
    let assignments = assignments(model, &filter, &Page::first(u32::MAX)).await?;
    Ok(Some(AssignedPolicy { policy, assignments }))
}

/// In the order of their ids, which is that of their definition.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &PolicyFilter,
    page: &Page,
) -> Result<Vec<PolicyRow>, ReadFailure> {
    let PolicyFilter { status, name_contains } = filter;
    let select = Select::new(include_str!("policies/select.sql"), vec![])
        .and_some("policy_id > {}", page.after.as_deref())
        .and_some("status = {}", *status)
        .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
        .then(" order by policy_id")
        .limit(page.limit);
    model.fetch(select).await
}

/// # Errors
/// When the read model cannot be read.
pub async fn assignment(model: &ReadModel, id: AssignmentId) -> Result<Option<AssignmentRow>, ReadFailure> {
    let file = include_str!("policies/assignments.sql");
    model.fetch_one(Select::new(file, vec![]).and("assignment_id = {}", id)).await
}

/// In the order of their ids.
///
/// # Errors
/// When the read model cannot be read.
pub async fn assignments(
    model: &ReadModel,
    filter: &AssignmentFilter,
    page: &Page,
) -> Result<Vec<AssignmentRow>, ReadFailure> {
    let AssignmentFilter { policy_id, client_id, route_id } = filter;
    let select = Select::new(include_str!("policies/assignments.sql"), vec![])
        .and_some("assignment_id > {}", page.after.as_deref())
        .and_some("policy_id = {}", *policy_id)
        .and_some("client_id = {}", *client_id)
        .and_some("route_id = {}", *route_id)
        .then(" order by assignment_id")
        .limit(page.limit);
    model.fetch(select).await
}
