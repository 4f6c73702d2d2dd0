//! Policies: one with its assignments, lists, and what binds a client or a route.

use domain::{
    AssignmentId, ClientId, Environment, PolicyId, RouteId, Timestamp, access::Reach, rate_limit_policy::Mode,
};
use serde::Serialize;

use crate::{
    Kind, PolicyStatus, ReadFailure, ReadModel, Value,
    queries::select::{Belongs, OF_TEAM, Places},
    queries::{
        Page, Select,
        order::{Field, Listed, Seek},
    },
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
    pub mode: Option<Mode>,
    /// In any case.
    pub name_contains: Option<String>,
    /// In any case.
    pub name_prefix: Option<String>,
}

impl Listed for PolicyRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "name",
            sql: "name_folded",
            kind: Kind::Text,
            value: |row| row.spec.name.as_str().to_lowercase().into(),
        },
        Field {
            name: "created_at",
            sql: "defined_at_us",
            kind: Kind::Integer,
            value: |row| row.defined_at.into(),
        },
        Field {
            name: "updated_at",
            sql: "updated_at_us",
            kind: Kind::Integer,
            value: |row| row.updated_at.into(),
        },
    ];
    const KEY: Field<Self> =
        Field { name: "id", sql: "policy_id", kind: Kind::Text, value: |row| row.policy_id.into() };
}

/// Which assignments; what is not given does not matter. A client or a route finds those that name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignmentFilter {
    pub policy_id: Option<PolicyId>,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
    /// Whose time has begun by then and not ended.
    pub in_force_at: Option<Timestamp>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// An assignment that names a client is that client's.
const ASSIGNED: Belongs = Belongs {
    team: Some(OF_TEAM),
    environment: Places::Where(
        "client_id in (select own.client_id from client_directory own where own.environments like {like})",
    ),
};

/// In the order in which they were made: no other has a use that a filter has not.
impl Listed for AssignmentRow {
    const FIELDS: &'static [Field<Self>] = &[Field {
        name: "created_at",
        sql: "assigned_at_us",
        kind: Kind::Integer,
        value: |row| row.assigned_at.into(),
    }];
    const KEY: Field<Self> =
        Field { name: "id", sql: "assignment_id", kind: Kind::Text, value: |row| row.assignment_id.into() };
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: PolicyId) -> Result<Option<AssignedPolicy>, ReadFailure> {
    get_within(model, id, &Reach::Everything).await
}

/// The same, with the assignments in reach alone.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get_within(
    model: &ReadModel,
    id: PolicyId,
    reach: &Reach,
) -> Result<Option<AssignedPolicy>, ReadFailure> {
    let select = Select::new(include_str!("policies/select.sql"), vec![]).and("policy_id = {}", id);
    let Some(policy) = model.fetch_one::<PolicyRow>(select).await? else { return Ok(None) };
    let filter =
        AssignmentFilter { policy_id: Some(id), reach: reach.clone(), ..AssignmentFilter::default() };
    // A policy takes at most 10,000 assignments.
    let assignments = assignments(model, &filter, &Page::first(u32::MAX)).await?;
    Ok(Some(AssignedPolicy { policy, assignments }))
}

/// One without its assignments.
///
/// # Errors
/// When the read model cannot be read.
pub async fn row(model: &ReadModel, id: PolicyId) -> Result<Option<PolicyRow>, ReadFailure> {
    model.fetch_one(Select::new(include_str!("policies/select.sql"), vec![]).and("policy_id = {}", id)).await
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
    sorted(model, filter, &page.into()).await
}

/// In the order that is asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sorted(
    model: &ReadModel,
    filter: &PolicyFilter,
    seek: &Seek<PolicyRow>,
) -> Result<Vec<PolicyRow>, ReadFailure> {
    let PolicyFilter { status, mode, name_contains, name_prefix } = filter;
    let select = Select::new(include_str!("policies/select.sql"), vec![])
        .and_some("status = {}", *status)
        .and_some("mode = {}", mode.as_ref().map(Value::word))
        .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
        .and_begins("name_folded like {} escape '\\'", name_prefix.as_deref());
    model.fetch(select.page(seek)).await
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
    sorted_assignments(model, filter, &page.into()).await
}

/// In the order that is asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sorted_assignments(
    model: &ReadModel,
    filter: &AssignmentFilter,
    seek: &Seek<AssignmentRow>,
) -> Result<Vec<AssignmentRow>, ReadFailure> {
    let AssignmentFilter { policy_id, client_id, route_id, environment, in_force_at, reach } = filter;
    let select = Select::new(include_str!("policies/assignments.sql"), vec![])
        .and_some("policy_id = {}", *policy_id)
        .and_some("client_id = {}", *client_id)
        .and_some("route_id = {}", *route_id)
        .and_some("environment = {}", environment.clone())
        .and_some("coalesce(from_us, 0) <= {}", *in_force_at)
        .and_some("coalesce(until_us, 9223372036854775807) > {}", *in_force_at)
        .and_within_or(reach, "client_id is null", &ASSIGNED);
    model.fetch(select.page(seek)).await
}

/// The assignments that name the same client, or none likewise, and the same route, or none: those that may compete.
///
/// # Errors
/// When the read model cannot be read.
pub async fn alike(
    model: &ReadModel,
    client_id: Option<ClientId>,
    route_id: Option<RouteId>,
) -> Result<Vec<AssignmentRow>, ReadFailure> {
    let select = Select::new(include_str!("policies/assignments.sql"), vec![])
        .and_some("client_id = {}", client_id)
        .and_some("route_id = {}", route_id)
        .then(if client_id.is_none() { "   and client_id is null" } else { "" })
        .then(if route_id.is_none() { "   and route_id is null" } else { "" })
        .then(" order by assignment_id");
    model.fetch(select).await
}
