//! Who is refused by limits more than is usual.

use std::collections::BTreeMap;

use domain::{
    ClientId, Environment, LimitName, PolicyId, Timestamp,
    decision::{LimitKind, LimitStatus},
    ids::DecisionId,
};

use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, Value, queries::Select};

/// So many are told of at once: those refused most.
pub const SPIKES_MAX: u32 = 500;
/// So many decisions are looked at to find the limit that refuses most.
const LOOKED_AT_MAX: u32 = 200;

/// A client's calls in one environment, of which limits have refused many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spike {
    pub client_id: ClientId,
    pub environment: Environment,
    /// All of them, whatever became of them.
    pub calls: u64,
    /// By rates and quotas.
    pub refused: u64,
    /// The limit that refused most of those that were kept one by one; none where none was kept.
    pub top: Option<RefusingLimit>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusingLimit {
    pub policy_id: PolicyId,
    pub limit: LimitName,
    /// Whether it is a quota, and not a rate.
    pub is_quota: bool,
}

/// Callers of which limits refused so many calls or more from then on and before then, by whole minutes: those refused most
/// come first, and at most [`SPIKES_MAX`].
///
/// # Errors
/// When the read model cannot be read.
pub async fn spikes(
    model: &ReadModel,
    from: Timestamp,
    until: Timestamp,
    refused_min: u64,
) -> Result<Vec<Spike>, ReadFailure> {
    let minute = |at: Timestamp| at.as_second().div_euclid(60) * 60;
    let values =
        vec![minute(from).into(), minute(until).into(), refused_min.max(1).into(), SPIKES_MAX.into()];
    let mut spikes: Vec<Spike> =
        model.fetch(Select::new(include_str!("throttling/spikes.sql"), values)).await?;
    for spike in &mut spikes {
        spike.top = top(model, spike, from, until).await?;
    }
    Ok(spikes)
}

async fn top(
    model: &ReadModel,
    spike: &Spike,
    from: Timestamp,
    until: Timestamp,
) -> Result<Option<RefusingLimit>, ReadFailure> {
    let values = vec![
        spike.client_id.into(),
        first_of(from),
        first_of(until),
        spike.environment.clone().into(),
        LOOKED_AT_MAX.into(),
    ];
    let refusals: Vec<Limits> =
        model.fetch(Select::new(include_str!("throttling/refusals.sql"), values)).await?;
    let mut counts: BTreeMap<RefusingLimit, usize> = BTreeMap::new();
    for status in refusals.into_iter().flat_map(|Limits(limits)| limits).filter(|status| status.refused) {
        let LimitStatus { policy_id, name: limit, kind, .. } = status;
        let refusing = RefusingLimit { policy_id, limit, is_quota: kind == LimitKind::Quota };
        let count = counts.entry(refusing).or_default();
        *count = count.saturating_add(1);
    }
    Ok(counts.into_iter().max_by_key(|(_, count)| *count).map(|(limit, _)| limit))
}

/// No decision of that moment or later has a smaller identifier.
fn first_of(moment: Timestamp) -> Value {
    DecisionId::from_parts(u64::try_from(moment.as_millisecond()).unwrap_or_default(), 0).into()
}

impl Stored for Spike {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            client_id: columns.parsed("client_id")?,
            environment: columns.parsed("environment")?,
            calls: columns.count("calls")?,
            refused: columns.count("refused")?,
            top: None,
        })
    }
}

struct Limits(Vec<LimitStatus>);

impl Stored for Limits {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.json("limits")?))
    }
}

#[cfg(test)]
mod tests;
