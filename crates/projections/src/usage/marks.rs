//! When quotas filled: of each series of levels, when all nodes together first passed each whole percentage of the limit. It is
//! what a rule that is only tried would have told, and is kept longer than the levels of short windows are.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Timestamp, usage::QuotaLevel};
use jiff::SignedDuration;

use super::{OWNER, levels::series};
use crate::{
    BadColumn, Change, Column, Columns, ReadFailure, ReadModel, Row, Stored, Table, Value, WriteFailure,
    queries::{
        Select,
        quota_marks::{SERIES_MAX, Step},
    },
};

pub(super) static TABLE: Table = Table {
    name: "quota_marks",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("mark_key"),
        Column::text("series"),
        Column::text("policy_id"),
        Column::integer("policy_revision"),
        Column::text("limit_name"),
        Column::text("environment"),
        Column::text("counting"),
        Column::text("client_id"),
        Column::text("key_id"),
        Column::text("route_id"),
        Column::integer("window_start_us"),
        Column::integer("window_end_us"),
        Column::integer("allowed"),
        Column::text("steps"),
        Column::integer("last_at_us"),
    ],
};

/// So long it is known when a quota filled: a preview looks back over thirty days.
const KEPT: SignedDuration = SignedDuration::from_hours(40 * 24);
/// So many series are looked up in one statement.
const SERIES_AT_ONCE: usize = 500;

/// What some batches say of levels, in their order.
#[derive(Debug, Default)]
pub(super) struct Marks<'batches>(Vec<(Timestamp, &'batches str, &'batches QuotaLevel)>);

impl<'batches> Marks<'batches> {
    pub(super) fn add(&mut self, at: Timestamp, node: &'batches str, level: &'batches QuotaLevel) {
        self.0.push((at, node, level));
    }

    /// The rows as they are then. Read outside the transaction, as sightings are.
    pub(super) async fn into_changes(self, model: &ReadModel) -> Result<Vec<Change>, ReadFailure> {
        let all: BTreeSet<String> = self.0.iter().map(|(_, _, level)| series(level)).collect();
        let all: Vec<String> = all.into_iter().collect();
        let mut standing = Standing::default();
        for some in all.chunks(SERIES_AT_ONCE) {
            standing.load(model, some).await?;
        }
        for (at, node, level) in self.0 {
            standing.take(at, node, level);
        }
        Ok(standing.into_changes())
    }
}

/// The series that something is said of, as they are kept and as they become.
#[derive(Debug, Default)]
struct Standing {
    nodes: BTreeMap<String, BTreeMap<String, Part>>,
    /// By series and limit: another limit is passed anew, as it is told anew.
    steps: BTreeMap<(String, u64), Vec<Step>>,
    changed: BTreeMap<(String, u64), QuotaLevel>,
}

/// What one node has used.
#[derive(Clone, Copy, Debug)]
struct Part {
    used: u64,
    policy_revision: u32,
    allowed: u64,
}

impl Standing {
    async fn load(&mut self, model: &ReadModel, series: &[String]) -> Result<(), ReadFailure> {
        let named = || series.iter().map(|one| one.as_str().into());
        let select =
            Select::new(include_str!("marks/select_levels.sql"), vec![]).and_in("series in ({})", named());
        for OfNode { series, node, part } in model.fetch(select).await? {
            self.nodes.entry(series).or_default().insert(node, part);
        }
        let select = Select::new(include_str!("marks/select.sql"), vec![]).and_in("series in ({})", named());
        for Kept { series, allowed, steps } in model.fetch(select).await? {
            self.steps.insert((series, allowed), steps);
        }
        Ok(())
    }

    fn take(&mut self, at: Timestamp, node: &str, level: &QuotaLevel) {
        let name = series(level);
        let nodes = self.nodes.entry(name.clone()).or_default();
        let QuotaLevel { used, policy_revision, allowed, .. } = *level;
        // A node that was killed may say less than before: the most that it said holds.
        let before = nodes.get(node).map_or(0, |part| part.used);
        nodes.insert(node.to_owned(), Part { used: used.max(before), policy_revision, allowed });
        let used = nodes.values().fold(0_u64, |sum, part| sum.saturating_add(part.used));
        let latest = nodes.values().max_by_key(|part| part.policy_revision);
        let allowed = latest.map_or(allowed, |part| part.allowed);
        let key = (name, allowed);
        let steps = self.steps.entry(key.clone()).or_default();
        let percent = percent(used, allowed);
        if percent > steps.last().map_or(0, |step| step.percent) {
            // Batches of several nodes come in no order of time; what was passed later was not passed earlier.
            let at = steps.last().map_or(at, |step| step.at.max(at));
            steps.push(Step { percent, at, used });
            self.changed.insert(key, level.clone());
        }
    }

    fn into_changes(mut self) -> Vec<Change> {
        let mut changes = vec![];
        for (key, level) in self.changed {
            let steps = self.steps.remove(&key).unwrap_or_default();
            changes.push(Change::Put { table: &TABLE, row: row(key, &level, &steps) });
        }
        changes
    }
}

fn percent(used: u64, allowed: u64) -> u8 {
    let percent = u128::from(used).saturating_mul(100) / u128::from(allowed.max(1));
    u8::try_from(percent.min(100)).unwrap_or(100)
}

/// In the order of the columns.
fn row((series, allowed): (String, u64), level: &QuotaLevel, steps: &[Step]) -> Row {
    let QuotaLevel { policy_id, policy_revision, limit, environment, counting, client_id, .. } = level;
    let QuotaLevel { key_id, route_id, window_start, window_end, .. } = level;
    Row(vec![
        format!("{series}/{allowed}").into(),
        series.into(),
        (*policy_id).into(),
        (*policy_revision).into(),
        limit.as_str().into(),
        environment.as_str().into(),
        counting.as_str().into(),
        (*client_id).into(),
        (*key_id).into(),
        (*route_id).into(),
        (*window_start).into(),
        (*window_end).into(),
        allowed.into(),
        Value::json(&steps),
        steps.last().map_or(*window_start, |step| step.at).into(),
    ])
}

struct OfNode {
    series: String,
    node: String,
    part: Part,
}

impl Stored for OfNode {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let part = Part {
            used: columns.count("used")?,
            policy_revision: columns.count("policy_revision")?,
            allowed: columns.count("allowed")?,
        };
        Ok(Self { series: columns.text("series")?, node: columns.text("node")?, part })
    }
}

struct Kept {
    series: String,
    allowed: u64,
    steps: Vec<Step>,
}

impl Stored for Kept {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            series: columns.text("series")?,
            allowed: columns.count("allowed")?,
            steps: columns.json("steps")?,
        })
    }
}

impl ReadModel {
    /// Forgets when quotas filled whose last step was more than forty days ago, and those beyond 500,000 that are the oldest; at
    /// most so many. How many it was.
    ///
    /// # Errors
    /// When the read model cannot be written.
    pub async fn forget_quota_marks(&self, now: Timestamp, rows_max: u32) -> Result<u64, WriteFailure> {
        self.forget_marks_beyond(now, SERIES_MAX, rows_max).await
    }

    pub(crate) async fn forget_marks_beyond(
        &self,
        now: Timestamp,
        series_max: u32,
        rows_max: u32,
    ) -> Result<u64, WriteFailure> {
        let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        let values: Vec<Value> = vec![before.into(), series_max.into(), rows_max.into()];
        self.change(OWNER, "forgetting when quotas filled", include_str!("marks/forget.sql"), values).await
    }
}
