//! What each scope that somebody holds was needed for: how many of the calls that were allowed would have been refused without
//! it. Judged by what the routes require today.

mod holders;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use domain::{ClientId, KeyId, RouteId, Scope, Timestamp};

use super::{Stretch, Whose, keys::NoPlace};
use crate::{ReadFailure, ReadModel, queries::Select, queries::routes::RouteRow};
pub use holders::Holder;

const DAY_S: i64 = 24 * 60 * 60;
/// So many holders are looked at for one stretch of a list.
const HOLDERS_MAX: u32 = 50;

/// Whose scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// What clients hold, needed by calls of any of their keys.
    Clients,
    /// What keys hold for themselves; those that hold what their client holds are left out.
    Keys,
}

/// Days in UTC: from this one's midnight on, before that one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    from_s: i64,
    until_s: i64,
}

impl Days {
    /// The whole days that these times touch.
    #[must_use]
    pub fn touched(from: Timestamp, until: Timestamp) -> Self {
        let from_s = from.as_second().div_euclid(DAY_S) * DAY_S;
        let last = until.as_second().saturating_sub(i64::from(until.subsec_nanosecond() == 0));
        Self { from_s, until_s: (last.div_euclid(DAY_S) + 1) * DAY_S }
    }

    #[must_use]
    pub fn from(self) -> Timestamp {
        Timestamp::from_second(self.from_s).unwrap_or(Timestamp::MIN)
    }

    #[must_use]
    pub fn until(self) -> Timestamp {
        Timestamp::from_second(self.until_s).unwrap_or(Timestamp::MAX)
    }

    #[must_use]
    pub fn number(self) -> u64 {
        u64::try_from((self.until_s - self.from_s) / DAY_S).unwrap_or_default()
    }
}

/// Which scopes, over which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeQuery {
    pub held_by: HeldBy,
    pub whose: Whose,
    pub days: Days,
    /// Also those that calls needed.
    pub with_used: bool,
}

/// One scope of one holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeUse {
    pub holder: Holder,
    pub scope: String,
    /// Calls of the holder that were allowed.
    pub calls: u64,
    /// Of these, the calls of routes that require the scope.
    pub would_have_refused: u64,
    /// Those routes, the busiest first.
    pub routes: Vec<RouteUse>,
}

/// Calls of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteUse {
    pub route_id: RouteId,
    pub name: String,
    pub calls: u64,
}

/// A place in the list: behind this scope of this holder; without one, behind all of its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopePlace {
    pub(super) holder: HolderId,
    pub(super) scope: Option<Scope>,
}

/// Which holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HolderId {
    Client(ClientId),
    Key(KeyId),
}

impl ScopePlace {
    /// Whether a list of these holders has this place.
    #[must_use]
    pub fn is_of(&self, held_by: HeldBy) -> bool {
        match (held_by, self.holder) {
            (HeldBy::Clients, HolderId::Client(_)) | (HeldBy::Keys, HolderId::Key(_)) => true,
            (HeldBy::Clients, HolderId::Key(_)) | (HeldBy::Keys, HolderId::Client(_)) => false,
        }
    }
}

impl fmt::Display for ScopePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.holder {
            HolderId::Client(id) => write!(f, "{id}")?,
            HolderId::Key(id) => write!(f, "{id}")?,
        }
        self.scope.as_ref().map_or(Ok(()), |scope| write!(f, " {scope}"))
    }
}

impl FromStr for ScopePlace {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (holder, scope) = match text.split_once(' ') {
            Some((holder, scope)) => (holder, Some(scope.parse().map_err(|_| NoPlace)?)),
            None => (text, None),
        };
        let client = holder.parse().map(HolderId::Client);
        let holder = client.or_else(|_| holder.parse().map(HolderId::Key)).map_err(|_| NoPlace)?;
        Ok(Self { holder, scope })
    }
}

/// A stretch of the list, by holder and scope; at most so many scopes.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    query: &ScopeQuery,
    after: Option<&ScopePlace>,
    limit: u32,
) -> Result<Stretch<ScopeUse, ScopePlace>, ReadFailure> {
    let holders = holders::after(model, query, after, HOLDERS_MAX).await?;
    let calls = holders::calls(model, query, &holders).await?;
    let called: BTreeSet<RouteId> = calls.values().flat_map(BTreeMap::keys).copied().flatten().collect();
    let routes = routes(model, called).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut items = vec![];
    for holder in &holders {
        let none = BTreeMap::new();
        let calls = calls.get(&holder.text()).unwrap_or(&none);
        let begun = after.filter(|place| place.holder == holder.id()).and_then(|place| place.scope.as_ref());
        for scope in
            holder.scopes.iter().filter(|scope| begun.is_none_or(|begun| scope.as_str() > begun.as_str()))
        {
            let one = use_of(holder, scope, calls, &routes);
            if !query.with_used && one.would_have_refused > 0 {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(place_behind);
                return Ok(Stretch { items, next });
            }
            items.push(one);
        }
    }
    let whole = holders.len() < usize::try_from(HOLDERS_MAX).unwrap_or(usize::MAX);
    let last = holders.last().filter(|_| !whole);
    let next = last.map(|holder| ScopePlace { holder: holder.id(), scope: None });
    Ok(Stretch { items, next })
}

fn place_behind(of: &ScopeUse) -> ScopePlace {
    ScopePlace { holder: of.holder.id(), scope: of.scope.parse().ok() }
}

/// A pure judgement: which of these calls the scope was needed for.
fn use_of(
    holder: &Holder,
    scope: &str,
    calls: &BTreeMap<Option<RouteId>, u64>,
    routes: &BTreeMap<RouteId, RouteRow>,
) -> ScopeUse {
    let needs =
        |route: &RouteRow| route.spec.required_scopes.iter().any(|required| required.as_str() == scope);
    let needing = calls.iter().filter_map(|(route_id, calls)| {
        let route = route_id.and_then(|id| routes.get(&id)).filter(|route| needs(route))?;
        Some(RouteUse { route_id: route.route_id, name: route.spec.name.to_string(), calls: *calls })
    });
    let mut needing: Vec<RouteUse> = needing.collect();
    needing.sort_by(|one, other| other.calls.cmp(&one.calls).then(one.route_id.cmp(&other.route_id)));
    ScopeUse {
        holder: holder.clone(),
        scope: scope.to_owned(),
        calls: calls.values().sum(),
        would_have_refused: needing.iter().map(|route| route.calls).sum(),
        routes: needing,
    }
}

async fn routes(
    model: &ReadModel,
    ids: BTreeSet<RouteId>,
) -> Result<BTreeMap<RouteId, RouteRow>, ReadFailure> {
    let mut routes = BTreeMap::new();
    for some in ids.into_iter().collect::<Vec<_>>().chunks(500) {
        let select = Select::new(include_str!("../routes/select.sql"), vec![]);
        let select = select.and_in("route_id in ({})", some.iter().map(|id| (*id).into()));
        let rows: Vec<RouteRow> = model.fetch(select).await?;
        routes.extend(rows.into_iter().map(|row| (row.route_id, row)));
    }
    Ok(routes)
}
