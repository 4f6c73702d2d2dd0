//! Two active routes must not take the same call: which of them counts it would be chance.

use domain::{
    RouteId,
    route::{Route, RouteSpec},
};
use projections::queries::routes::find_overlapping;
use tokio::sync::MutexGuard;

use crate::{
    ask::Ask,
    guard::needs::RouteWrite,
    problem::{Problem, kinds},
};

/// Refuses a specification whose calls an active route takes. Nobody in this process defines or revises a route
/// until what is returned is dropped.
pub(super) async fn check<'ask, W, Q>(
    ask: &'ask Ask<RouteWrite, W, Q>,
    spec: &RouteSpec,
    except: Option<RouteId>,
) -> Result<MutexGuard<'ask, ()>, Problem> {
    let alone = ask.door().routes.lock().await;
    ask.caught_up::<Route>().await?;
    let RouteSpec { hosts, methods, path, .. } = spec;
    let overlapping = find_overlapping(ask.read(), hosts, methods, &path.shape(), except).await;
    let overlapping = overlapping.map_err(|failure| Problem::unread(&failure))?;
    let Some(other) = overlapping.first() else { return Ok(alone) };
    let shared: Vec<_> = other.spec.methods.intersection(methods).collect();
    let method = shared.first().map(|method| method.as_str()).unwrap_or_default();
    let (route_id, path) = (other.route_id, &other.spec.path);
    let detail = format!("the route {route_id} takes the same calls: {method} {path}");
    let problem = Problem::because(kinds::ROUTE_OVERLAPS, detail);
    Err(problem.with("route_id", route_id).with("methods", shared).with("path", path))
}
