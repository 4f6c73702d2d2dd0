//! `GET /v1/hygiene/scopes`

use axum::response::Response;
use domain::{ClientId, Environment, KeyId, RouteId, Timestamp};
use http::HeaderMap;
use projections::queries::hygiene::{
    Whose,
    scopes::{self, HeldBy, RouteUse, ScopePlace, ScopeQuery, ScopeUse},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    csv::Cell,
    docs::{Listing, ReadProblems, form},
    guard::{Allowed, needs::KeyRead},
    listing::{Line, form_for, listed},
    problem::{Problem, kinds},
    query::{Cursor, Limit, Page, Params, parsed},
    routes::hygiene::Days,
    values::Moment,
};

/// What is looked at unless said.
const DAYS_DEFAULT: Days = Days(30);
const DAYS_MAX: u64 = 366;

/// Whose scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holders {
    #[default]
    Clients,
    Keys,
}

/// Which of their scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Which {
    #[default]
    Unused,
    All,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `clients`: what clients hold, needed by any of their keys. `keys`: what keys hold for themselves. Absent: `clients`.
    #[serde(default)]
    #[param(inline, required = false)]
    held_by: Holders,
    /// `unused`: scopes that no allowed call needed. `all`: the others too. Absent: `unused`.
    #[serde(default)]
    #[param(inline, required = false)]
    which: Which,
    /// Rounded down to midnight UTC. Absent: 30 days before `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise, at most 366 days after `from`. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    /// Of calls, and of the holders.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[param(value_type = String, required = false)]
    owner_team: Option<String>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// A scope that somebody holds, and what it was needed for: removing it would have refused so many of so many calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScopeUse)]
pub(crate) struct ScopeUseView {
    #[schema(value_type = form::ClientId, inline)]
    client_id: ClientId,
    client_name: String,
    owner_team: String,
    /// Null where the client itself holds it.
    #[schema(value_type = Option<String>)]
    key_id: Option<KeyId>,
    key_name: Option<String>,
    scope: String,
    /// Calls of the holder that were allowed from `from` on, before `until`.
    calls: u64,
    /// Of these, the calls of routes that require the scope today.
    would_have_refused: u64,
    from: Timestamp,
    until: Timestamp,
    /// The routes that need it, the busiest first.
    routes: Vec<ScopeRouteView>,
}

/// A route whose calls needed a scope.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScopeRoute)]
pub(crate) struct ScopeRouteView {
    #[schema(value_type = form::RouteId, inline)]
    route_id: RouteId,
    name: String,
    calls: u64,
}

/// List scopes that nobody needs
///
/// By what routes require today and what was called. So many holders are looked at for one page and no more: it may have fewer
/// items than asked for, even none, while there is a `next_cursor`. As CSV, which needs the permission `report.export` too, the cursor
/// is in the header `Tollgate-Next-Cursor`, and routes are left out.
#[utoipa::path(
    get,
    path = "/v1/hygiene/scopes",
    operation_id = "list_hygiene_scopes",
    tag = "hygiene",
    params(Asked),
    responses(Listing<ScopeUseView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn scopes(
    allowed: Allowed<KeyRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let days = asked.days(allowed.now())?;
    let Asked { held_by, which, from: _, until: _, client_id, environment, owner_team, limit, cursor } =
        asked;
    let held_by = match held_by {
        Holders::Clients => HeldBy::Clients,
        Holders::Keys => HeldBy::Keys,
    };
    let place = cursor.place::<ScopePlace>()?;
    if place.as_ref().is_some_and(|place| !place.is_of(held_by)) {
        return Err(Problem::new(kinds::CURSOR_INVALID));
    }
    let whose = Whose { client_id, environment, owner_team, reach: allowed.reach() };
    let query = ScopeQuery { held_by, whose, days, with_used: which == Which::All };
    let found = scopes::list(allowed.read(), &query, place.as_ref(), limit.get()).await;
    let found = found.map_err(|failure| Problem::unread(&failure))?;
    let items = found.items.into_iter().map(|of| ScopeUseView::of(of, days)).collect();
    listed(form, "scopes", Page::until(items, found.next))
}

impl Asked {
    fn days(&self, now: Timestamp) -> Result<scopes::Days, Problem> {
        let until = self.until.map_or(now, |Moment(time)| time);
        let from = self.from.map_or(DAYS_DEFAULT.before(until), |Moment(time)| time);
        if from >= until {
            return Err(Problem::because(kinds::QUERY_INVALID, "from: must be before `until`"));
        }
        let days = scopes::Days::touched(from, until);
        if days.number() > DAYS_MAX {
            return Err(Problem::because(
                kinds::QUERY_INVALID,
                "from: must be at most 366 days before `until`",
            ));
        }
        Ok(days)
    }
}

impl ScopeUseView {
    fn of(of: ScopeUse, days: scopes::Days) -> Self {
        let ScopeUse { holder, scope, calls, would_have_refused, routes } = of;
        let (key_id, key_name) = holder.key.unzip();
        let route = |RouteUse { route_id, name, calls }| ScopeRouteView { route_id, name, calls };
        Self {
            client_id: holder.client_id,
            client_name: holder.client_name,
            owner_team: holder.owner_team,
            key_id,
            key_name,
            scope,
            calls,
            would_have_refused,
            from: days.from(),
            until: days.until(),
            routes: routes.into_iter().map(route).collect(),
        }
    }
}

impl Line for ScopeUseView {
    const COLUMNS: &'static [&'static str] = &[
        "client_id",
        "client_name",
        "owner_team",
        "key_id",
        "key_name",
        "scope",
        "calls",
        "would_have_refused",
        "from",
        "until",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.client_id),
            Cell::text(&self.client_name),
            Cell::text(&self.owner_team),
            Cell::text_or_empty(self.key_id),
            Cell::text_or_empty(self.key_name.as_deref()),
            Cell::text(&self.scope),
            Cell::number(self.calls),
            Cell::number(self.would_have_refused),
            Cell::text(self.from),
            Cell::text(self.until),
        ]
    }
}
