//! How much of their quotas the nodes have used: a row for each node of each series, which is one counter in one window
//! since it last began anew.

use std::collections::BTreeMap;

use domain::{Timestamp, usage::QuotaLevel};
use jiff::SignedDuration;

use super::OWNER;
use crate::{Change, Column, Merge, ReadModel, Row, Table, Value, WriteFailure};

pub(super) static TABLE: Table = Table {
    name: "quota_levels",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("level_key"),
        Column::text("series"),
        Column::text("node"),
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
        Column::integer("epoch"),
        // A node that was killed may say less than before: the most that it said holds.
        Column::merged("used", Merge::Latest),
        Column::integer("allowed"),
        Column::integer("batch_no"),
        Column::integer("forget_at_us"),
    ],
};

/// A window that ended is kept for as long as forty of it take, but for a day at least and forty days at most.
const KEPT_WINDOWS: i32 = 40;
const KEPT_MIN: SignedDuration = SignedDuration::from_hours(24);
const KEPT_MAX: SignedDuration = SignedDuration::from_hours(40 * 24);

/// What some batches say, of each node and series once.
#[derive(Debug, Default)]
pub(super) struct Levels<'batches>(BTreeMap<String, News<'batches>>);

#[derive(Debug)]
struct News<'batches> {
    series: String,
    node: &'batches str,
    level: &'batches QuotaLevel,
    used: u64,
    batch_no: u64,
}

impl<'batches> Levels<'batches> {
    pub(super) fn add(&mut self, batch_no: u64, node: &'batches str, level: &'batches QuotaLevel) {
        let series = series(level);
        let news = News { series: series.clone(), node, level, used: level.used, batch_no };
        let there = self.0.entry(format!("{series}/{node}")).or_insert(news);
        (there.level, there.batch_no) = (level, batch_no);
        there.used = there.used.max(level.used);
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        self.0.into_iter().map(|(key, news)| Change::Put { table: &TABLE, row: row(key, news) })
    }
}

/// `<policy>/<limit>/<environment>/<client, key or all>/<route or any>/<window's first second>/<its end>/<epoch>`. A month
/// that became a day begins at the same moment and is another window.
pub(super) fn series(level: &QuotaLevel) -> String {
    let QuotaLevel { policy_id, limit, environment, client_id, key_id, route_id, .. } = level;
    let QuotaLevel { window_start, window_end, epoch, .. } = level;
    let key = key_id.map(|key| key.to_string());
    let subject = key.or_else(|| client_id.map(|client| client.to_string()));
    let subject = subject.unwrap_or_else(|| "all".to_owned());
    let route = route_id.map_or_else(|| "any".to_owned(), |route| route.to_string());
    let (start, end) = (window_start.as_second(), window_end.as_second());
    format!("{policy_id}/{limit}/{environment}/{subject}/{route}/{start}/{end}/{epoch}")
}

/// In the order of the columns.
fn row(key: String, news: News<'_>) -> Row {
    let News { series, node, level, used, batch_no } = news;
    let QuotaLevel { policy_id, policy_revision, limit, environment, counting, client_id, .. } = level;
    let QuotaLevel { key_id, route_id, window_start, window_end, epoch, used: _, allowed, .. } = level;
    Row(vec![
        key.into(),
        series.into(),
        node.into(),
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
        (*epoch).into(),
        used.into(),
        (*allowed).into(),
        batch_no.into(),
        forget_at(level).into(),
    ])
}

fn forget_at(QuotaLevel { window_start, window_end, .. }: &QuotaLevel) -> Timestamp {
    let length = window_end.duration_since(*window_start);
    let kept = length.checked_mul(KEPT_WINDOWS).unwrap_or(KEPT_MAX).clamp(KEPT_MIN, KEPT_MAX);
    window_end.checked_add(kept).unwrap_or(Timestamp::MAX)
}

impl ReadModel {
    /// Forgets levels whose time is over, at most so many: those of a day or more forty days after their window, those of
    /// an hour some two days after it. How many it was.
    ///
    /// # Errors
    /// When the read model cannot be written.
    pub async fn forget_quota_levels(&self, now: Timestamp, rows_max: u32) -> Result<u64, WriteFailure> {
        let (sql, values): (_, Vec<Value>) =
            (include_str!("forget_levels.sql"), vec![now.into(), rows_max.into()]);
        self.change(OWNER, "forgetting levels of quotas", sql, values).await
    }
}
