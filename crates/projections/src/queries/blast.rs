//! Whom a change would touch: who has called of late, whose keys these are, and who answers for them.

use std::collections::BTreeSet;

use domain::{AssignmentId, ClientId, Environment, PolicyId, RouteId, Timestamp, api_client::ContactRole};
use jiff::SignedDuration;

use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, Value,
    queries::{
        Page, Select,
        clients::ClientRow,
        policies::{self, AssignmentFilter, AssignmentRow},
    },
};

mod selection;
#[cfg(test)]
mod tests;

use selection::Selection;
pub use selection::Which;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Usage is kept by quarters of an hour: the time that is looked at begins with one.
const QUARTER_S: i64 = 15 * 60;
/// Of each list.
const ITEMS_MAX: usize = 50;
/// Of one change: a policy may have 10,000 assignments, and one statement must not have as many conditions.
const SELECTED_MAX: usize = 200;

/// What a change reaches; nothing, where what is new is not used yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The calls that one of these fits.
    pub calls: Vec<Which>,
    /// The calls that these policies bind.
    pub policies: Vec<PolicyId>,
    /// The calls that these assignments bind.
    pub assignments: Vec<AssignmentId>,
    /// Something new of these clients, in these environments.
    pub new: Vec<(ClientId, Environment)>,
}

impl Reach {
    #[must_use]
    pub fn calls(which: Which) -> Self {
        Self { calls: vec![which], ..Self::default() }
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { calls, policies, assignments, new } = other;
        self.calls.extend(calls);
        self.policies.extend(policies);
        self.assignments.extend(assignments);
        self.new.extend(new);
        self
    }
}

/// Whom a change would touch, as far as the read models know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlastRadius {
    /// What is counted begins here: the quarter of an hour that was under way 24 hours ago.
    pub since: Timestamp,
    /// Since then, whatever became of them.
    pub calls: u64,
    /// Those of them that were let through.
    pub allowed: u64,
    /// Of keys, their latest use ever; of routes, and of policies that bind more than whole clients, to the minute and
    /// within the last 24 hours.
    pub last_used_at: Option<Timestamp>,
    /// Keys that may still be used; of a route, those that called it since then.
    pub keys: u64,
    /// Clients that are not archived; likewise.
    pub clients: u64,
    /// The busiest first.
    pub routes: Vec<CalledRoute>,
    pub environments: Vec<String>,
    /// Teams with their addresses, each once.
    pub owners: Vec<TouchedOwner>,
    pub contacts: Vec<TouchedContact>,
    /// Whether one of the lists is cut, or only a part of a policy's assignments was looked at.
    pub truncated: bool,
}

/// A route with the calls that it has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledRoute {
    pub route_id: RouteId,
    /// None while the directory does not have it.
    pub name: Option<String>,
    pub calls: u64,
}

/// Who answers for a client that is touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TouchedOwner {
    pub team: String,
    /// None once erased.
    pub email: Option<String>,
}

/// A person of a client that is touched; name and address are none once erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchedContact {
    pub client_id: ClientId,
    pub name: Option<String>,
    pub email: Option<String>,
    pub role: ContactRole,
}

/// # Errors
/// When the read model cannot be read.
pub async fn radius(model: &ReadModel, reach: Reach, now: Timestamp) -> Result<BlastRadius, ReadFailure> {
    let since_s = now.saturating_sub(DAY).map_or(0, Timestamp::as_second).div_euclid(QUARTER_S) * QUARTER_S;
    let since = Timestamp::from_second(since_s).unwrap_or_default();
    let new = reach.new.clone();
    let (which, truncated) = selected(model, reach, now).await?;
    let selection = Selection::of(model, which, since_s).await?;
    let mut radius = BlastRadius { since, truncated, ..BlastRadius::default() };
    if !selection.is_empty() {
        radius = with_calls(model, &selection, radius).await?;
        radius = with_keys(model, &selection, radius).await?;
    }
    let mut environments: BTreeSet<_> = std::mem::take(&mut radius.environments).into_iter().collect();
    environments.extend(new.iter().map(|(_, environment)| environment.to_string()));
    radius.environments = environments.into_iter().collect();
    let owned = selection.with(new.into_iter().map(|(client_id, _)| Which::client(client_id)));
    if owned.is_empty() { Ok(radius) } else { with_people(model, &owned, radius).await }
}

/// Which calls that is, and whether they are more than are looked at.
async fn selected(
    model: &ReadModel,
    reach: Reach,
    now: Timestamp,
) -> Result<(Vec<Which>, bool), ReadFailure> {
    let Reach { calls, policies, assignments, new: _ } = reach;
    let mut which = calls;
    for policy_id in policies {
        let filter = AssignmentFilter { policy_id: Some(policy_id), ..AssignmentFilter::default() };
        let rows = policies::assignments(model, &filter, &Page::first(u32::MAX)).await?;
        let binding = rows.into_iter().filter(|row| row.until.is_none_or(|until| until > now));
        which.extend(binding.map(Which::from));
    }
    for assignment_id in assignments {
        which.extend(policies::assignment(model, assignment_id).await?.map(Which::from));
    }
    // Who means everyone means the others too.
    if which.contains(&Which::default()) {
        return Ok((vec![Which::default()], false));
    }
    let truncated = which.len() > SELECTED_MAX;
    which.truncate(SELECTED_MAX);
    Ok((which, truncated))
}

impl From<AssignmentRow> for Which {
    fn from(row: AssignmentRow) -> Self {
        let AssignmentRow { client_id, route_id, environment, .. } = row;
        let environment = environment.and_then(|environment| environment.parse().ok());
        Self { client_id, key_id: None, route_id, environment }
    }
}

async fn with_calls(
    model: &ReadModel,
    selection: &Selection,
    radius: BlastRadius,
) -> Result<BlastRadius, ReadFailure> {
    let counted: Option<Counted> = model.fetch_one(selection.calls(include_str!("blast/calls.sql"))).await?;
    let Counted { calls, allowed } = counted.unwrap_or_default();
    let mut routes: Vec<CalledRoute> =
        model.fetch(selection.calls(&limited(include_str!("blast/routes.sql")))).await?;
    let truncated = radius.truncated | cut(&mut routes);
    Ok(BlastRadius { calls, allowed, routes, truncated, ..radius })
}

async fn with_keys(
    model: &ReadModel,
    selection: &Selection,
    radius: BlastRadius,
) -> Result<BlastRadius, ReadFailure> {
    let number: Option<Number> = model.fetch_one(selection.keys(include_str!("blast/keys.sql"))).await?;
    let mut environments: Vec<Named> =
        model.fetch(selection.keys(&limited(include_str!("blast/environments.sql")))).await?;
    let last_use = if selection.is_of_whole_keys() {
        selection.keys(include_str!("blast/last_use.sql"))
    } else {
        selection.calls(include_str!("blast/latest.sql"))
    };
    let last_use: Option<LastUse> = model.fetch_one(last_use).await?;
    let truncated = radius.truncated | cut(&mut environments);
    Ok(BlastRadius {
        keys: number.map_or(0, |Number(number)| number),
        environments: environments.into_iter().map(|Named(environment)| environment).collect(),
        last_used_at: last_use.and_then(|LastUse(at)| at),
        truncated,
        ..radius
    })
}

async fn with_people(
    model: &ReadModel,
    selection: &Selection,
    radius: BlastRadius,
) -> Result<BlastRadius, ReadFailure> {
    let number: Option<Number> =
        model.fetch_one(selection.clients(include_str!("blast/clients.sql"))).await?;
    let rows = include_str!("clients/select.sql").replace("1 = 1", "status <> 'archived' and ({selected})");
    let rows = limited(&(rows + " order by client_id\n limit {rows}"));
    let mut clients: Vec<ClientRow> = model.fetch(selection.clients(&rows)).await?;
    let mut truncated = radius.truncated | cut(&mut clients);
    let owner = |client: &ClientRow| TouchedOwner {
        team: client.owner_team.clone(),
        email: client.owner_email.clone(),
    };
    let owners: BTreeSet<_> = clients.iter().map(owner).collect();
    let mut contacts: Vec<_> = clients.into_iter().flat_map(contacts).collect();
    truncated |= cut(&mut contacts);
    let clients = number.map_or(0, |Number(number)| number);
    Ok(BlastRadius { clients, owners: owners.into_iter().collect(), contacts, truncated, ..radius })
}

fn contacts(client: ClientRow) -> impl Iterator<Item = TouchedContact> {
    let client_id = client.client_id;
    client.contacts.into_iter().map(move |contact| TouchedContact {
        client_id,
        name: contact.name,
        email: contact.email,
        role: contact.role,
    })
}

/// Asks for one row more than is shown.
fn limited(sql: &str) -> String {
    sql.replace("{rows}", &ITEMS_MAX.saturating_add(1).to_string())
}

/// Cuts a list to what is shown of it, and says whether that left something out.
fn cut<T>(list: &mut Vec<T>) -> bool {
    let more = list.len() > ITEMS_MAX;
    list.truncate(ITEMS_MAX);
    more
}

#[derive(Default)]
struct Counted {
    calls: u64,
    allowed: u64,
}

impl Stored for Counted {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { calls: columns.count("calls")?, allowed: columns.count("allowed")? })
    }
}

impl Stored for CalledRoute {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            route_id: columns.parsed("route_id")?,
            name: columns.text_or_none("name")?,
            calls: columns.count("calls")?,
        })
    }
}

struct Number(u64);

impl Stored for Number {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.count("number")?))
    }
}

struct Named(String);

impl Stored for Named {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.text("environment")?))
    }
}

struct LastUse(Option<Timestamp>);

impl Stored for LastUse {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.time_or_none("last_used_at_us")?))
    }
}
