//! Decisions that are kept one by one: one, and lists from the newest on.

use domain::{
    ClientId, Environment, KeyId, Position, Timestamp,
    access::Reach,
    decision::{Outcome, RefusalReason},
    ids::DecisionId,
    usage::{DecisionRecord, DecisionsLeftOut},
};

use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, Value,
    queries::select::RECORDED,
    queries::{Page, Select},
};

/// A decision, and the gateway that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    pub record: DecisionRecord,
    pub node: String,
}

/// Which decisions; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub environment: Option<Environment>,
    pub outcome: Option<Outcome>,
    pub reason: Option<RefusalReason>,
    /// Taken then or later.
    pub from: Option<Timestamp>,
    /// Taken before then.
    pub until: Option<Timestamp>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: DecisionId) -> Result<Option<DecisionRow>, ReadFailure> {
    let select = Select::new(include_str!("decisions/select.sql"), vec![]).and("decision_id = {}", id);
    model.fetch_one(select).await
}

/// From the newest to the oldest. The page's `after` is the identifier of the last decision of the page before.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &DecisionFilter,
    page: &Page,
) -> Result<Vec<DecisionRow>, ReadFailure> {
    let DecisionFilter { client_id, key_id, environment, outcome, reason, from, until, reach } = filter;
    let select = Select::new(include_str!("decisions/select.sql"), vec![])
        .and_some("decision_id < {}", page.after.as_deref())
        .and_some("client_id = {}", *client_id)
        .and_some("key_id = {}", *key_id)
        .and_some("environment = {}", environment.clone())
        .and_some("outcome = {}", outcome.map(Outcome::as_str))
        .and_some("reason = {}", reason.map(RefusalReason::as_str))
        .and_some("decision_id >= {}", from.map(first_of))
        .and_some("decision_id < {}", until.map(first_of))
        .and_within(reach, &RECORDED)
        .then(" order by decision_id desc")
        .limit(page.limit);
    model.fetch(select).await
}

/// How many decisions were left out by flushes from then on and before then.
///
/// # Errors
/// When the read model cannot be read.
pub async fn left_out(
    model: &ReadModel,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<DecisionsLeftOut, ReadFailure> {
    let select = Select::new(include_str!("decisions/left_out.sql"), vec![])
        .and_some("flushed_at_us >= {}", from)
        .and_some("flushed_at_us < {}", until);
    Ok(model.fetch_one::<LeftOut>(select).await?.map(|LeftOut(sum)| sum).unwrap_or_default())
}

/// No decision of that moment or later has a smaller identifier.
fn first_of(moment: Timestamp) -> Value {
    DecisionId::from_parts(u64::try_from(moment.as_millisecond()).unwrap_or_default(), 0).into()
}

struct LeftOut(DecisionsLeftOut);

impl Stored for LeftOut {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let (proven, unproven) = (columns.count("proven")?, columns.count("unproven")?);
        Ok(Self(DecisionsLeftOut { proven, unproven }))
    }
}

impl Stored for DecisionRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let reason = columns.text_or_none("reason")?.is_some();
        let record = DecisionRecord {
            id: columns.parsed("decision_id")?,
            at: columns.time("at_us")?,
            environment: columns.parsed("environment")?,
            outcome: columns.word("outcome")?,
            reason: reason.then(|| columns.word("reason")).transpose()?,
            client_id: columns.parsed_or_none("client_id")?,
            key_id: columns.parsed_or_none("key_id")?,
            secret_version: columns.count_or_none("secret_version")?,
            route_id: columns.parsed_or_none("route_id")?,
            method: columns.text("method")?,
            network: columns.parsed_or_none("network")?,
            limits: columns.json("limits")?,
            retry_after_seconds: columns.count_or_none("retry_after_seconds")?,
            position: Position::new(columns.count("position")?),
            stale: columns.count::<u8>("stale")? == 1,
        };
        Ok(Self { record, node: columns.text("node")? })
    }
}
