//! Routes: one, lists, and those that would select the same calls.

use std::collections::BTreeSet;

use domain::{
    RouteId,
    route::{Host, Method},
};

pub use crate::route_directory::RouteRow;
use crate::{
    ReadFailure, ReadModel, RouteStatus,
    queries::{Page, Select},
};

/// Which routes; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFilter {
    pub status: Option<RouteStatus>,
    /// One of the route's hosts as they were given.
    pub host: Option<Host>,
    /// In any case.
    pub name_contains: Option<String>,
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
    let RouteFilter { status, host, name_contains } = filter;
    let select = Select::new(include_str!("routes/select.sql"), vec![])
        .and_some("route_id > {}", page.after.as_deref())
        .and_some("status = {}", *status)
        // A host has no `%` and no `_` in it.
        .and_some("' ' || host || ' ' like {}", host.as_ref().map(|host| format!("% {host} %")))
        .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
        .then(" order by route_id")
        .limit(page.limit);
    model.fetch(select).await
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
