//! `/v1/access-report`: who can call what, with which limits, now or then, and what has changed between two times.

pub(crate) mod changes;
mod list;
pub(crate) mod view;

use domain::{ClientId, Environment, KeyId, Name, RouteId};
use projections::queries::access_report::AccessFilter;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::{Allowed, Door, needs::ReportRead};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(changes::changes))
}

/// Whose access, to what, as far as the caller sees.
fn filter(
    allowed: &Allowed<ReportRead>,
    (client_id, key_id, route_id): (Option<ClientId>, Option<KeyId>, Option<RouteId>),
    environment: Option<Environment>,
    owner_team: Option<Name>,
) -> AccessFilter {
    let (owner_team, reach) = (owner_team.map(String::from), allowed.reach());
    AccessFilter { client_id, key_id, route_id, environment, owner_team, reach }
}
