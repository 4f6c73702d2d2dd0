//! The chain of causes that an entry stands in: the request, its events, and what they have set in motion later.
//!
//! A request's events share its correlation. What goes on after the answer has a correlation of its own where it is an operation, and
//! names what caused it: from either side the others are found.

use std::collections::BTreeSet;

use domain::{Position, access::Reach, operation::Operation};

use super::{AuditEntry, OF_CLIENTS, SHARED, get_within, reveal};
use crate::{ReadFailure, ReadModel, Value, queries::Select};

/// Steps from one correlation to the next: an operation of a change of an operation is three.
const STEPS_MAX: usize = 8;
/// Correlations that one step follows.
const CORRELATIONS_MAX: usize = 200;

/// The entries of a chain that whoever asks may see, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    pub entries: Vec<AuditEntry>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
}

/// The chain that the entry at a position stands in, at most so many entries, the first ones. None where there is no such entry, or
/// it is not for whoever asks.
///
/// # Errors
/// When the read model cannot be read.
pub async fn chain(
    model: &ReadModel,
    position: Position,
    reach: &Reach,
    entries_max: u32,
) -> Result<Option<Chain>, ReadFailure> {
    let Some(asked) = get_within(model, position, reach).await? else { return Ok(None) };
    let mut followed = BTreeSet::new();
    let mut next: BTreeSet<String> = correlations(&asked).collect();
    let mut chain = Chain::default();
    for _ in 0..STEPS_MAX {
        next.retain(|correlation| !followed.contains(correlation));
        if next.is_empty() || chain.truncated {
            break;
        }
        followed.extend(next.iter().cloned());
        let found = of(model, std::mem::take(&mut next), reach, entries_max).await?;
        next.extend(found.iter().flat_map(correlations));
        chain.entries.extend(found);
        chain.close(entries_max);
    }
    reveal(model, &mut chain.entries).await?;
    Ok(Some(chain))
}

impl Chain {
    fn close(&mut self, entries_max: u32) {
        let most = usize::try_from(entries_max).unwrap_or(usize::MAX);
        self.entries.sort_by_key(|entry| entry.position);
        self.entries.dedup_by_key(|entry| entry.position);
        self.truncated |= self.entries.len() > most;
        self.entries.truncate(most);
    }
}

/// The correlation of an entry, and those that its causes and effects may have.
fn correlations(entry: &AuditEntry) -> impl Iterator<Item = String> {
    // The items of an operation are correlated by its identifier, which also names it.
    let operation =
        (entry.subject_type == <Operation as domain::Aggregate>::TYPE).then(|| entry.subject_id.clone());
    [Some(entry.correlation_id.clone()), operation].into_iter().flatten()
}

/// Entries of these correlations, and those about what a correlation names. One more than is wanted, to see that there are more.
async fn of(
    model: &ReadModel,
    correlations: BTreeSet<String>,
    reach: &Reach,
    entries_max: u32,
) -> Result<Vec<AuditEntry>, ReadFailure> {
    let wanted: Vec<Value> = correlations.into_iter().take(CORRELATIONS_MAX).map(Value::from).collect();
    let mut found = vec![];
    for condition in ["correlation_id in ({})", "subject_id in ({})"] {
        let select = Select::new(include_str!("select.sql"), vec![])
            .and_in(condition, wanted.iter().cloned())
            .and_within_or(reach, SHARED, &OF_CLIENTS)
            .then(" order by position")
            .limit(entries_max.saturating_add(1));
        found.extend(model.fetch::<AuditEntry>(select).await?);
    }
    Ok(found)
}
