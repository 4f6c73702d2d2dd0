//! Routes: one, lists, and those that would select the same calls.

use std::collections::BTreeSet;

use domain::{
    RouteId, Scope,
    route::{Host, Method},
};

pub use crate::route_directory::RouteRow;
use crate::{
    Kind, ReadFailure, ReadModel, RouteStatus,
    queries::{
        Page, Select,
        order::{Field, Listed, Seek},
        select::escape_like,
    },
};

/// Which routes; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFilter {
    pub status: Option<RouteStatus>,
    /// One of the route's hosts as they were given.
    pub host: Option<Host>,
    /// In any case.
    pub name_contains: Option<String>,
    /// In any case.
    pub name_prefix: Option<String>,
    pub method: Option<Method>,
    /// Required by the route.
    pub scope: Option<Scope>,
    /// What the path begins with, its places numbered like a [shape](domain::route::PathTemplate::shape)'s.
    pub shape_prefix: Option<String>,
}

impl Listed for RouteRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "name",
            sql: "name_folded",
            kind: Kind::Text,
            value: |row| row.spec.name.as_str().to_lowercase().into(),
        },
        Field { name: "path", sql: "shape", kind: Kind::Text, value: |row| row.spec.path.shape().into() },
        Field {
            name: "created_at",
            sql: "defined_at_us",
            kind: Kind::Integer,
            value: |row| row.defined_at.into(),
        },
        Field {
            name: "updated_at",
            sql: "updated_at_us",
            kind: Kind::Integer,
            value: |row| row.updated_at.into(),
        },
    ];
    const KEY: Field<Self> =
        Field { name: "id", sql: "route_id", kind: Kind::Text, value: |row| row.route_id.into() };
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: RouteId) -> Result<Option<RouteRow>, ReadFailure> {
    let select = Select::new(include_str!("routes/select.sql"), vec![]).and("route_id = {}", id);
    model.fetch_one(select).await
}

/// In the order of their ids, which is that of their definition.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &RouteFilter,
    page: &Page,
) -> Result<Vec<RouteRow>, ReadFailure> {
    sorted(model, filter, &page.into()).await
}

/// In the order that is asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sorted(
    model: &ReadModel,
    filter: &RouteFilter,
    seek: &Seek<RouteRow>,
) -> Result<Vec<RouteRow>, ReadFailure> {
    let RouteFilter { status, host, name_contains, name_prefix, method, scope, shape_prefix } = filter;
    let select = Select::new(include_str!("routes/select.sql"), vec![])
        .and_some("status = {}", *status)
        // A host has no `%` and no `_` in it.
        .and_some("' ' || host || ' ' like {}", host.as_ref().map(|host| format!("% {host} %")))
        .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
        .and_begins("name_folded like {} escape '\\'", name_prefix.as_deref())
        .and_some(LISTED, method.as_ref().map(|method| listed("methods", method.as_str(), "path")))
        .and_some(LISTED, scope.as_ref().map(|scope| listed("required_scopes", scope.as_str(), "cost")))
        .and_some(
            "shape like {} escape '\\'",
            shape_prefix.as_deref().map(|text| format!("{}%", escape_like(text))),
        );
    model.fetch(select.page(seek)).await
}

/// An item of a list in the specification's JSON, between the list's name and that of the member behind it. A quote in a text
/// has a backslash before it, so that members are found by their own names only.
const LISTED: &str = "spec like {} escape '\\'";

fn listed(list: &str, item: &str, behind: &str) -> String {
    format!("%\"{}\":[%\"{}\"%],\"{behind}\":%", escape_like(list), escape_like(item))
}

/// Active routes of the same shape ([`PathTemplate::shape`](domain::route::PathTemplate::shape)) that share a host
/// (or are all of any host) and a method: the same call could be either. `except` is the route that is being revised.
///
/// # Errors
/// When the read model cannot be read.
pub async fn find_overlapping(
    model: &ReadModel,
    hosts: &BTreeSet<Host>,
    methods: &BTreeSet<Method>,
    shape: &str,
    except: Option<RouteId>,
) -> Result<Vec<RouteRow>, ReadFailure> {
    let select = Select::new(include_str!("routes/select.sql"), vec![])
        .and("shape = {}", shape)
        .and("status = {}", RouteStatus::Active)
        .and_some("route_id <> {}", except)
        .then(" order by route_id");
    let rows: Vec<RouteRow> = model.fetch(select).await?;
    let shares = |row: &RouteRow| {
        let any = hosts.is_empty() && row.spec.hosts.is_empty();
        (any || !row.spec.hosts.is_disjoint(hosts)) && !row.spec.methods.is_disjoint(methods)
    };
    Ok(rows.into_iter().filter(shares).collect())
}
