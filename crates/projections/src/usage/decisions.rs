//! Decisions that are kept one by one, each by its identifier; and of those that were left out, how many.

use domain::{
    Timestamp,
    ids::DecisionId,
    usage::{DecisionRecord, UsageBatch},
};

use super::OWNER;
use crate::{Change, Column, ReadModel, Row, Table, Value, WriteFailure};

pub(super) static DECISIONS: Table = Table {
    name: "decision_log",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("decision_id"),
        Column::integer("at_us"),
        Column::text("environment"),
        Column::text("outcome"),
        Column::text("reason"),
        Column::text("client_id"),
        Column::text("key_id"),
        Column::integer("secret_version"),
        Column::text("route_id"),
        Column::text("method"),
        Column::text("network"),
        Column::text("node"),
        Column::text("limits"),
        Column::integer("retry_after_seconds"),
        Column::integer("position"),
        Column::integer("stale"),
    ],
};

pub(super) static LEFT_OUT: Table = Table {
    name: "decisions_left_out",
    key_columns: 3,
    appended: false,
    columns: &[
        Column::text("node"),
        Column::text("boot"),
        Column::integer("sequence"),
        Column::integer("flushed_at_us"),
        Column::integer("proven"),
        Column::integer("unproven"),
    ],
};

/// What a batch adds to them.
pub(super) fn changes(batch: &UsageBatch) -> impl Iterator<Item = Change> {
    let UsageBatch { node, boot, sequence, flushed_at, decisions, left_out, .. } = batch;
    let decided = decisions.iter().map(|record| Change::Put { table: &DECISIONS, row: row(record, node) });
    let left_out = (!left_out.is_none()).then(|| Change::Put {
        table: &LEFT_OUT,
        row: Row(vec![
            node.as_str().into(),
            boot.as_str().into(),
            (*sequence).into(),
            (*flushed_at).into(),
            left_out.proven.into(),
            left_out.unproven.into(),
        ]),
    });
    decided.chain(left_out)
}

/// In the order of the columns.
fn row(record: &DecisionRecord, node: &str) -> Row {
    let DecisionRecord { id, at, environment, outcome, reason, client_id, key_id, secret_version, .. } =
        record;
    let DecisionRecord { route_id, method, network, limits, retry_after_seconds, position, stale, .. } =
        record;
    Row(vec![
        (*id).into(),
        (*at).into(),
        environment.as_str().into(),
        outcome.as_str().into(),
        reason.map(|reason| reason.as_str()).into(),
        (*client_id).into(),
        (*key_id).into(),
        (*secret_version).into(),
        (*route_id).into(),
        storable(method).into(),
        network.map(|network| network.to_string()).into(),
        node.into(),
        Value::json(limits),
        (*retry_after_seconds).into(),
        (*position).into(),
        i64::from(*stale).into(),
    ])
}

/// A method is what a caller wrote: earlier gateways took any text for one. Postgres has no U+0000 in a text and would refuse the
/// batch whenever it is read.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl ReadModel {
    /// Forgets decisions that were taken before then, the oldest first and at most so many; and what was left out before
    /// then. How many decisions it was.
    ///
    /// # Errors
    /// When the read model cannot be written.
    pub async fn forget_decisions(&self, before: Timestamp, rows_max: u32) -> Result<u64, WriteFailure> {
        let left_out = include_str!("forget_left_out.sql");
        self.change(
            OWNER,
            "forgetting how many were left out",
            left_out,
            vec![before.into(), rows_max.into()],
        )
        .await?;
        let oldest_kept =
            DecisionId::from_parts(u64::try_from(before.as_millisecond()).unwrap_or_default(), 0);
        let (sql, values) = (include_str!("forget_decisions.sql"), vec![oldest_kept.into(), rows_max.into()]);
        self.change(OWNER, "forgetting decisions", sql, values).await
    }
}

#[cfg(test)]
mod tests {
    use domain::{Position, decision::Outcome};

    use super::*;
    use crate::testing::at;

    #[test]
    fn a_method_is_kept_without_what_postgres_refuses() {
        for (said, kept) in [("GET", "GET"), ("G\0T\0", "G\u{fffd}T\u{fffd}"), ("", "")] {
            let record = DecisionRecord {
                id: DecisionId::from_parts(1, 1),
                at: at(0),
                environment: "prod".parse().unwrap(),
                outcome: Outcome::Allowed,
                reason: None,
                client_id: None,
                key_id: None,
                secret_version: None,
                route_id: None,
                method: said.to_owned(),
                network: None,
                limits: vec![],
                retry_after_seconds: None,
                position: Position::new(1),
                stale: false,
            };
            let Row(values) = row(&record, "node");
            let columns = DECISIONS.columns.iter().zip(&values);
            let method = columns.filter(|(column, _)| column.name == "method").map(|(_, value)| value);
            assert_eq!(method.collect::<Vec<_>>(), [&Value::from(kept)], "{said:?}");
        }
    }
}
