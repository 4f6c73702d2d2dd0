//! Policies that bind nobody.

use domain::{PolicyId, Timestamp};

use super::{Stretch, cut};
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored,
    queries::{Select, policies::PolicyRow},
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

/// Active policies without an assignment that has not ended and whose client is not archived and whose route not retired, in
/// the order of their definition; at most so many.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    now: Timestamp,
    after: Option<PolicyId>,
    limit: u32,
) -> Result<Stretch<IdlePolicy, PolicyId>, ReadFailure> {
    let select = Select::new(include_str!("policies/select.sql"), vec![now.into()])
        .and_some("p.policy_id > {}", after)
        .then(" order by p.policy_id")
        .limit(limit.saturating_add(1));
    let rows = model.fetch(select).await?;
    Ok(cut(rows, limit, |idle: &IdlePolicy| idle.policy.policy_id))
}
