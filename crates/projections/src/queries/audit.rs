//! The audit log: one entry, and lists from the newest on.

mod chain;

use std::net::IpAddr;

use domain::{ClientId, Position, Timestamp, access::Reach};

pub use chain::{Chain, chain};

use crate::audit_log::personal::reveal;
pub use crate::audit_log::{AuditEntry, Outcome};
use crate::{
    BadColumn, Columns, Kind, ReadFailure, ReadModel, Stored,
    queries::select::{Belongs, OF_TEAM, Places},
    queries::{
        Page, Select,
        order::{Field, Listed, Order, Place, Seek},
    },
};

/// Of most entries the request is the correlation, whose index has them: Postgres' index of requests has only the others.
const REQUEST: &str =
    "(request_id = {} and request_id <> correlation_id or correlation_id = {} and request_id = {})";

/// Each value has a commitment of its own: an entry that has one of these was asked for from there. The positions find the entries.
const ADDRESS: &str = "(address in (select own.commitment from audit_personal own where own.value = {})
    and position in (select own.position from audit_personal own where own.value = {}))";

/// What is nobody's: routes, and policies as far as they name no client.
const SHARED: &str = "(client_id is null and subject_type in ('route', 'rate_limit_policy'))";

/// An entry about a key is of the key's environment, one about its client of all of the client's.
const OF_CLIENTS: Belongs = Belongs {
    team: Some(OF_TEAM),
    environment: Places::Where(
        "(subject_type = 'api_key' and subject_id in
           (select own.key_id from key_directory own where own.environment = {})
          or subject_type <> 'api_key' and client_id in
           (select own.client_id from client_directory own where own.environments like {like}))",
    ),
};

/// Which entries; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<String>,
    /// An event's type, `api_key.revoked`, or the beginning of some: `api_key.*`.
    pub action: Option<String>,
    pub outcome: Option<Outcome>,
    /// From where it was asked for, as far as that is not erased.
    pub address: Option<IpAddr>,
    /// An aggregate: `api_key`.
    pub subject_type: Option<String>,
    pub subject_id: Option<String>,
    pub client_id: Option<ClientId>,
    pub request_id: Option<String>,
    pub correlation_id: Option<String>,
    /// Occurred then or later.
    pub from: Option<Timestamp>,
    /// Occurred before then.
    pub until: Option<Timestamp>,
    pub after_position: Option<Position>,
    pub before_position: Option<Position>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

const POSITION: Field<AuditEntry> =
    Field { name: "position", sql: "position", kind: Kind::Integer, value: |entry| entry.position.into() };

/// From the newest to the oldest, unless asked otherwise.
impl Listed for AuditEntry {
    const FIELDS: &'static [Field<Self>] = &[POSITION];
    const KEY: Field<Self> = POSITION;
    const NEWEST_FIRST: bool = true;
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, position: Position) -> Result<Option<AuditEntry>, ReadFailure> {
    let select = Select::new(include_str!("audit/select.sql"), vec![]).and("position = {}", position);
    one(model, select).await
}

/// The same for somebody who may not see it.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get_within(
    model: &ReadModel,
    position: Position,
    reach: &Reach,
) -> Result<Option<AuditEntry>, ReadFailure> {
    let select = Select::new(include_str!("audit/select.sql"), vec![])
        .and("position = {}", position)
        .and_within_or(reach, SHARED, &OF_CLIENTS);
    one(model, select).await
}

async fn one(model: &ReadModel, select: Select) -> Result<Option<AuditEntry>, ReadFailure> {
    let mut found: Vec<AuditEntry> = model.fetch_one(select).await?.into_iter().collect();
    reveal(model, &mut found).await?;
    Ok(found.pop())
}

/// The last entry about a thing that says one of two things of it, up to a position.
///
/// # Errors
/// When the read model cannot be read.
pub async fn last_of(
    model: &ReadModel,
    subject_id: &str,
    [one, other]: [&str; 2],
    until: Position,
) -> Result<Option<AuditEntry>, ReadFailure> {
    let select = Select::new(include_str!("audit/select.sql"), vec![])
        .and("subject_id = {}", subject_id)
        .and("position <= {}", until)
        .and_both("action in ({0}, {1})", one, other)
        .then(" order by position desc")
        .limit(1);
    self::one(model, select).await
}

/// From the newest to the oldest. The page's `after` is the position of the last entry of the page before.
///
/// # Errors
/// When the read model cannot be read, or `after` is not a position.
pub async fn list(
    model: &ReadModel,
    filter: &AuditFilter,
    page: &Page,
) -> Result<Vec<AuditEntry>, ReadFailure> {
    let after = place(page)?.map(|position| Place(vec![position.into()]));
    let mut seek = Seek::from(&Page::first(page.limit));
    seek.after = after;
    sorted(model, filter, &seek).await
}

/// The order of the log.
#[must_use]
pub fn oldest_first() -> Order<AuditEntry> {
    POSITION.name.parse().unwrap_or_default()
}

/// In the order that is asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sorted(
    model: &ReadModel,
    filter: &AuditFilter,
    seek: &Seek<AuditEntry>,
) -> Result<Vec<AuditEntry>, ReadFailure> {
    let AuditFilter { actor, action, subject_type, subject_id, client_id, request_id, .. } = filter;
    let AuditFilter { correlation_id, from, until, after_position, before_position, reach, .. } = filter;
    let AuditFilter { outcome, address, .. } = filter;
    let select = Select::new(include_str!("audit/select.sql"), vec![])
        .and_some("position < {}", *before_position)
        .and_some("position > {}", *after_position)
        .and_some("actor = {}", actor.as_deref())
        .and_some("subject_type = {}", subject_type.as_deref())
        .and_some("subject_id = {}", subject_id.as_deref())
        .and_some("client_id = {}", *client_id)
        .and_some(REQUEST, request_id.as_deref())
        .and_some("correlation_id = {}", correlation_id.as_deref())
        .and_some(ADDRESS, address.map(|address| address.to_canonical().to_string()))
        .and_within_or(reach, SHARED, &OF_CLIENTS);
    let select = of_outcome(of_action(select, action.as_deref()), *outcome);
    let mut entries: Vec<AuditEntry> = model.fetch(within(select, *from, *until).page(seek)).await?;
    reveal(model, &mut entries).await?;
    Ok(entries)
}

/// One type, or all that begin so: a stretch of the index of types.
fn of_action(select: Select, action: Option<&str>) -> Select {
    match action.map(|action| (action, action.strip_suffix('*'))) {
        None | Some((_, Some(""))) => select,
        Some((action, None)) => select.and("action = {}", action),
        Some((_, Some(begins))) => {
            select.and_both("action >= {0} and action < {1}", begins, format!("{begins}{}", char::MAX))
        }
    }
}

/// What has not succeeded is rare, and has an index of its own.
fn of_outcome(select: Select, outcome: Option<Outcome>) -> Select {
    match outcome {
        None => select,
        Some(Outcome::Succeeded) => select.and("outcome = {}", Outcome::Succeeded.as_str()),
        Some(rare @ (Outcome::Denied | Outcome::Failed)) => {
            select.and("outcome = {} and outcome <> 'succeeded'", rare.as_str())
        }
    }
}

/// Where a row is, and nothing else of it.
struct Found(Option<Position>);

impl Stored for Found {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.count_or_none("position")?.map(Position::new)))
    }
}

/// The position of the last event that had occurred by then; none before the first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn position_at(model: &ReadModel, time: Timestamp) -> Result<Option<Position>, ReadFailure> {
    let file = include_str!("audit/select_position_at.sql");
    Ok(model.fetch_one(Select::new(file, vec![time.into()])).await?.and_then(|Found(position)| position))
}

/// The positions of the events of one thing up to another position, in order, at most so many.
///
/// # Errors
/// When the read model cannot be read.
pub async fn positions_of(
    model: &ReadModel,
    subject_id: &str,
    until: Position,
    positions_max: u32,
) -> Result<Vec<Position>, ReadFailure> {
    let file = include_str!("audit/select_positions.sql");
    let select = Select::new(file, vec![subject_id.into(), until.into()]).limit(positions_max);
    let found: Vec<Found> = model.fetch(select).await?;
    Ok(found.into_iter().filter_map(|Found(position)| position).collect())
}

/// Finds the positions that bound a time, and looks only there. The plus keeps the engine from sorting all of
/// that time anew for every page.
fn within(select: Select, from: Option<Timestamp>, until: Option<Timestamp>) -> Select {
    let select = select.and_some("+occurred_at_us >= {}", from).and_some("+occurred_at_us < {}", until);
    match (from, until) {
        (None, None) => select,
        (Some(from), None) => select.and(
            "position >= (select min(position) from audit_log where occurred_at_us >= {})",
            from,
        ),
        (None, Some(until)) => select.and(
            "position <= (select max(position) from audit_log where occurred_at_us < {})",
            until,
        ),
        (Some(from), Some(until)) => select.and_both(
            "position between (select min(position) from audit_log where occurred_at_us >= {0} and occurred_at_us < {1})
                      and (select max(position) from audit_log where occurred_at_us >= {0} and occurred_at_us < {1})",
            from,
            until,
        ),
    }
}

fn place(page: &Page) -> Result<Option<Position>, ReadFailure> {
    let place = page.after.as_deref().map(|cursor| {
        cursor.parse().map(Position::new).map_err(|_| ReadFailure::Cursor { cursor: cursor.to_owned() })
    });
    place.transpose()
}
