//! Policies that bind nobody.

use domain::{PolicyId, Timestamp, access::Reach};

use super::{Stretch, cut};
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored,
    queries::{
        Select,
        policies::PolicyRow,
        select::{Belongs, Places},
    },
};

/// A policy with the number of its assignments, none of which binds a call now or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdlePolicy {
    pub policy: PolicyRow,
    pub assignments: u64,
}

impl Stored for IdlePolicy {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { policy: PolicyRow::read(columns)?, assignments: columns.count("assignments")? })
    }
}

/// An assignment that names a client is that client's; one that names none is everybody's.
const ASSIGNED: Belongs = Belongs {
    team: Some("a.client_id in (select own.client_id from client_directory own where own.owner_team = {})"),
    environment: Places::Where(
        "a.client_id in (select own.client_id from client_directory own where own.environments like {like})",
    ),
};

/// Active policies without an assignment that has not ended and whose client is not archived and whose route not retired, in
/// the order of their definition; at most so many. Assignments beyond the reach of whoever asks are none.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    now: Timestamp,
    reach: &Reach,
    after: Option<PolicyId>,
    limit: u32,
) -> Result<Stretch<IdlePolicy, PolicyId>, ReadFailure> {
    let select = Select::new(include_str!("policies/select.sql"), vec![now.into()])
        .within_at("{reach}", reach, "a.client_id is null", &ASSIGNED)
        .and_shared(reach)
        .and_some("p.policy_id > {}", after)
        .then(" order by p.policy_id")
        .limit(limit.saturating_add(1));
    let rows = model.fetch(select).await?;
    Ok(cut(rows, limit, |idle: &IdlePolicy| idle.policy.policy_id))
}
