//! How much of a calendar quota is used, over all nodes; and when it will be used up, should calls go on as they did.

use std::collections::BTreeMap;

use domain::{
    ClientId, Environment, KeyId, LimitName, PolicyId, Position, RouteId, Timestamp,
    rate_limit_policy::{Counting, Mode},
};
use jiff::SignedDuration;

use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, queries::Select};

/// The use of one quota by one of those who are counted apart, in one window, since the counter last began anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRow {
    /// Names it: the same for as long as the window lasts and the limit is not reset.
    pub series: String,
    pub policy_id: PolicyId,
    /// None while the policy's definition is not in the read model.
    pub policy_name: Option<String>,
    /// Likewise.
    pub policy_mode: Option<Mode>,
    /// The latest that a node has counted under.
    pub policy_revision: u32,
    pub limit: LimitName,
    pub environment: Environment,
    pub counting: Counting,
    /// The client that is counted, or whose key is; none where all that the policy binds are counted together.
    pub client_id: Option<ClientId>,
    /// Where each key is counted by itself.
    pub key_id: Option<KeyId>,
    pub route_id: Option<RouteId>,
    pub window_start: Timestamp,
    /// The first moment after it.
    pub window_end: Timestamp,
    /// Where the log last had the counter begin anew: 0 where the limit was never reset.
    pub epoch: Position,
    /// By all nodes together, as they last said: each at most a thousandth of the limit behind, for a minute or two.
    pub used: u64,
    /// Under the policy's latest revision that is known here.
    pub allowed: u64,
    /// The last batch that told of it, of those that were asked for.
    pub batch_no: u64,
}

/// What batches after this one have changed, in the order of the last of them: some `rows` levels, and more where a batch
/// would be cut, for none ever is. Whoever goes on from the last row's `batch_no` misses nothing; what changes meanwhile
/// comes again, under a higher number.
///
/// Numbers begin anew where the stream of batches does: a number beyond [`crate::USAGE`]'s checkpoint is of the numbers
/// before, and then 0 is where to go on.
///
/// # Errors
/// When the read model cannot be read.
pub async fn changed_after(
    model: &ReadModel,
    batch_no: u64,
    rows: u32,
) -> Result<Vec<LevelRow>, ReadFailure> {
    let page =
        Select::new(include_str!("quota_levels/last_of_page.sql"), vec![batch_no.into(), rows.max(1).into()]);
    let Some(Last(Some(last))) = model.fetch_one(page).await? else { return Ok(vec![]) };
    let changed = Select::new(include_str!("quota_levels/changed.sql"), vec![batch_no.into(), last.into()]);
    let mut series: BTreeMap<String, LevelRow> = BTreeMap::new();
    for row in model.fetch::<LevelRow>(changed).await? {
        // Told again since by another node: that comes with its own batch.
        let told_in = if row.batch_no <= last { row.batch_no } else { 0 };
        let row = LevelRow { batch_no: told_in, ..row };
        match series.get_mut(&row.series) {
            Some(there) => there.add(row),
            None => {
                series.insert(row.series.clone(), row);
            }
        }
    }
    // All that a page is about may have moved on between the two statements.
    let mut rows: Vec<_> = series.into_values().filter(|row| row.batch_no > batch_no).collect();
    rows.sort_by(|one, other| one.batch_no.cmp(&other.batch_no).then_with(|| one.series.cmp(&other.series)));
    Ok(rows)
}

impl LevelRow {
    /// Takes another node's part over.
    pub(crate) fn add(&mut self, other: Self) {
        self.used = self.used.saturating_add(other.used);
        self.batch_no = self.batch_no.max(other.batch_no);
        if other.policy_revision > self.policy_revision {
            (self.policy_revision, self.allowed) = (other.policy_revision, other.allowed);
        }
    }
}

impl Stored for LevelRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let mode = columns.text_or_none("policy_mode")?.is_some();
        Ok(Self {
            series: columns.text("series")?,
            policy_id: columns.parsed("policy_id")?,
            policy_name: columns.text_or_none("policy_name")?,
            policy_mode: mode.then(|| columns.word("policy_mode")).transpose()?,
            policy_revision: columns.count("policy_revision")?,
            limit: columns.parsed("limit_name")?,
            environment: columns.parsed("environment")?,
            counting: columns.word("counting")?,
            client_id: columns.parsed_or_none("client_id")?,
            key_id: columns.parsed_or_none("key_id")?,
            route_id: columns.parsed_or_none("route_id")?,
            window_start: columns.time("window_start_us")?,
            window_end: columns.time("window_end_us")?,
            epoch: Position::new(columns.count("epoch")?),
            used: columns.count("used")?,
            allowed: columns.count("allowed")?,
            batch_no: columns.count("batch_no")?,
        })
    }
}

struct Last(Option<u64>);

impl Stored for Last {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.count_or_none("batch_no")?))
    }
}

/// Fewer units than this say nothing of what is to come.
const UNITS_MIN: u64 = 20;
/// Nor does less than this part of the window: a twentieth.
const WINDOW_PARTS: i128 = 20;

/// When a quota will be used up, should the rest of its window be like the part that is over: a straight line through the
/// window's beginning and now. Whole seconds, rounded up, so that it is never said to be earlier than it would be.
///
/// None when less than a twentieth of the window is over, when fewer than 20 units are used, when it would not come before
/// the window ends, and when it is used up already. Who sleeps at night is forecast too late in the evening and too early in the
/// morning: no more is known here than the sum.
#[must_use]
pub fn forecast(
    used: u64,
    allowed: u64,
    window_start: Timestamp,
    window_end: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let nanoseconds = |of: SignedDuration| Some(of.as_nanos()).filter(|nanoseconds| *nanoseconds > 0);
    let length = nanoseconds(window_end.duration_since(window_start))?;
    let passed = nanoseconds(now.duration_since(window_start))?;
    if used < UNITS_MIN || used >= allowed || passed >= length || passed < length / WINDOW_PARTS {
        return None;
    }
    // A second of use by so many units, below 2^64 · 2^30.
    let second = i128::from(used).checked_mul(NANOSECONDS)?;
    let taken = passed.checked_mul(i128::from(allowed))?;
    let seconds = i64::try_from(taken.checked_add(second - 1)?.div_euclid(second)).ok()?;
    let reached = window_start.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    (reached < window_end).then_some(reached)
}

const NANOSECONDS: i128 = 1_000_000_000;

#[cfg(test)]
mod tests;
