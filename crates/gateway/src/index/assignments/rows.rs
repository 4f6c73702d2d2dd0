//! Assignments as a snapshot has them.

use domain::{AssignmentId, Position};
use serde::{Deserialize, Serialize};

use super::{Assignments, Bound, Target};
use crate::{
    index::slots::{ClientSlot, EnvironmentSlot, PolicySlot, RouteSlot},
    snapshot::Numbers,
};

/// One assignment: id, the policy's number, those of client, route and environment where it names them, when it was
/// made, and from and until when it binds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AssignmentRow(
    AssignmentId,
    u32,
    Option<u32>,
    Option<u32>,
    Option<u32>,
    Position,
    Option<i64>,
    Option<i64>,
);

/// The slots that a snapshot's numbers became.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) environments: Numbers<EnvironmentSlot>,
    pub(crate) clients: Numbers<ClientSlot>,
    pub(crate) routes: Numbers<RouteSlot>,
    pub(crate) policies: Numbers<PolicySlot>,
}

impl Assignments {
    pub(crate) fn rows(&self) -> impl Iterator<Item = AssignmentRow> {
        self.by_target.iter().flat_map(|(target, bounds)| bounds.iter().map(|bound| row(target, bound)))
    }

    /// Puts an assignment back. None when it speaks of what the snapshot does not have.
    pub(crate) fn put_back(&mut self, row: &AssignmentRow, named: &Named) -> Option<()> {
        let AssignmentRow(assignment_id, policy, client, route, environment, assigned_at, from, until) = *row;
        let target = Target {
            client: client.map_or(Some(ClientSlot::NONE), |number| named.clients.get(number))?,
            route: route.map_or(Some(RouteSlot::NONE), |number| named.routes.get(number))?,
            environment: environment
                .map_or(Some(EnvironmentSlot::NONE), |number| named.environments.get(number))?,
        };
        let policy = named.policies.get(policy)?;
        let (from, until) = (from.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX));
        self.bind(target, Bound { assignment_id, policy, assigned_at, from, until });
        Some(())
    }
}

fn row(target: &Target, bound: &Bound) -> AssignmentRow {
    let Target { client, route, environment } = *target;
    let Bound { assignment_id, policy, assigned_at, from, until } = *bound;
    AssignmentRow(
        assignment_id,
        policy.0,
        Some(client.0).filter(|_| client != ClientSlot::NONE),
        Some(route.0).filter(|_| route != RouteSlot::NONE),
        Some(environment.0).filter(|_| environment != EnvironmentSlot::NONE),
        assigned_at,
        Some(from).filter(|at| *at != i64::MIN),
        Some(until).filter(|at| *at != i64::MAX),
    )
}
