//! `GET /v1/routes`

use axum::response::Response;
use domain::{
    InvalidValue, Name, Scope,
    route::{Host, Method, PathTemplate},
};
use projections::{
    RouteStatus,
    queries::{
        order::Order,
        routes::{self, RouteFilter, RouteRow},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::RouteView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
    guard::{Allowed, needs::RouteRead},
    problem::Problem,
    query::{Cursor, Limit, Params, parsed},
};

/// What a path begins with, its places numbered like a shape's.
#[derive(Clone, Debug)]
struct PathPrefix(String);

impl std::str::FromStr for PathPrefix {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if !text.starts_with('/') || text.len() > 512 {
            return Err(InvalidValue::expected("must begin with / and have at most 512 characters"));
        }
        // What breaks off in the middle of a segment is no template, and its literal part stands as it is.
        Ok(Self(text.parse().map_or(text.to_owned(), |template: PathTemplate| template.shape())))
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteStatus, inline, required = false)]
    status: Option<RouteStatus>,
    /// One of the route's hosts as it was given. Leaves out routes of any host.
    #[param(value_type = form::Host, inline, required = false)]
    host: Option<Host>,
    #[param(value_type = form::Method, inline, required = false)]
    method: Option<Method>,
    /// One that the route requires.
    #[param(value_type = form::Scope, inline, required = false)]
    scope: Option<Scope>,
    /// What the path begins with; a place is equal to one of another name.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PathPrefix, inline, required = false)]
    path_prefix: Option<PathPrefix>,
    /// A part of the name, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_contains: Option<Name>,
    /// What the name begins with, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_prefix: Option<Name>,
    /// Fields with commas between them, `-` for backwards. Where all of them are equal the id decides.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteSort, inline, required = false)]
    sort: Option<Order<RouteRow>>,
    /// A position of the log or a time: the list as it stood then, which must be within the first events of the log, as
    /// many as a server folds for one answer (50,000 unless set otherwise). Use is in no event.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AsOf, inline, required = false)]
    as_of: Option<AsOf>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before, of the same question.
    #[serde(default)]
    #[param(value_type = form::Cursor, inline, required = false)]
    cursor: Cursor,
}

/// List routes
///
/// In the order of their definition unless sorted.
#[utoipa::path(
    get,
    path = "/v1/routes",
    operation_id = "list_routes",
    tag = "routes",
    params(List),
    responses(Listed<RouteView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("route.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<RouteRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { sort, as_of, limit, cursor, .. } = asked.clone();
    let filter = asked.filter();
    let sought = cursor.seek(sort, &(&filter, as_of), limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows = routes::sorted(&reading.model, &filter, &sought.seek).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(sought.page::<RouteView>(rows)))
}

impl List {
    fn filter(self) -> RouteFilter {
        RouteFilter {
            status: self.status,
            host: self.host,
            name_contains: self.name_contains.map(String::from),
            name_prefix: self.name_prefix.map(String::from),
            method: self.method,
            scope: self.scope,
            shape_prefix: self.path_prefix.map(|PathPrefix(prefix)| prefix),
        }
    }
}
