//! `GET /v1/policies/{id}/findings`, and the warnings of writes about policies.

use std::collections::{BTreeMap, btree_map::Entry};

use axum::{Json, response::Response};
use domain::{
    PolicyId, Position, RouteId, Timestamp,
    rate_limit_policy::{
        Assignment, PolicyCommand, PolicySpec, RateLimitPolicy,
        findings::{self, Bound, Finding, Subject, Surroundings},
    },
};
use http::StatusCode;
use projections::{
    ClientStatus, PolicyStatus, ReadFailure, ReadModel, RouteStatus,
    queries::{
        Page, clients,
        policies::{self, AssignedPolicy, AssignmentRow},
        routes::{self, RouteFilter, RouteRow},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{AssignedPolicyView, AssignmentView};
use crate::{
    answer::{Pending, Shown, settle},
    ask::{Ask, Effect},
    docs::{FoundPlain, Missing, PolicyPath, ReadProblems},
    dry_run::{Instead, view::Warning},
    guard::{
        Allowed, Needs,
        needs::{PolicyAssign, PolicyRead, PolicyWrite},
    },
    path::{Id, Named},
    problem::Problem,
    query::{NoParams, Params},
};

/// A policy as a write left it, and what contradicts itself in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyWritten {
    #[serde(flatten)]
    policy: AssignedPolicyView,
    /// What its limits do to each other. What its assignments and costs come to is among its findings.
    warnings: Vec<Warning>,
}

/// An assignment as it was made, and what it comes to among others.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssignmentWritten {
    #[serde(flatten)]
    pub(super) assignment: AssignmentView,
    pub(super) warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answered {
    Written(PolicyWritten),
    Pending(Pending),
}

/// What contradicts itself in a policy and its assignments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Findings {
    /// Those about limits first, then costs, then assignments in their order.
    items: Vec<Warning>,
}

/// Find contradictions
///
/// A quota below a burst, a limit that another never lets refuse, a cost that never fits, an assignment that never wins or
/// that competes with another for the same calls, one that binds no call. None of them is refused: each can be meant. Assignments of
/// clients that one does not see are not looked at.
#[utoipa::path(
    get,
    path = "/v1/policies/{id}/findings",
    operation_id = "find_contradictions",
    tag = "policies",
    params(PolicyPath),
    responses(FoundPlain<Findings>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn findings(
    allowed: Allowed<PolicyRead>,
    Id(id): Id<PolicyId>,
    _: Params<NoParams>,
) -> Result<Json<Findings>, Problem> {
    let (read, now) = (allowed.read(), allowed.now());
    let policy = policies::get_within(read, id, &allowed.reach()).await;
    let policy = policy.map_err(|failure| Problem::unread(&failure))?.ok_or_else(PolicyId::missing)?;
    let found = of_policy(read, &policy, now).await.map_err(|failure| Problem::unread(&failure))?;
    let place = |finding: &Finding| pointer(finding, &policy.policy.spec, &policy.assignments);
    Ok(Json(Findings { items: found.iter().map(|finding| warning(finding, place(finding))).collect() }))
}

/// The answer of a write about a policy.
pub(super) async fn answered<W>(
    ask: &Ask<PolicyWrite, W>,
    effect: Effect<PolicyId>,
    status: StatusCode,
) -> Result<Response, Instead> {
    let settled = settle::<_, _, _, AssignedPolicyView>(ask, effect).await?;
    Ok(settled.answer(status, |shown| match shown {
        Shown::Resource(policy) => {
            Answered::Written(PolicyWritten { warnings: of_spec(&policy.spec()), policy })
        }
        Shown::Pending(pending) => Answered::Pending(pending),
    }))
}

/// What contradicts itself in a policy's words.
pub(super) fn of_spec(spec: &PolicySpec) -> Vec<Warning> {
    let found = findings::of_spec(spec);
    found.iter().map(|finding| warning(finding, pointer(finding, spec, &[]))).collect()
}

/// The same of what a revision would make of a policy.
pub(super) fn of_revised(policy: &RateLimitPolicy, command: &PolicyCommand) -> Vec<Warning> {
    match (policy, command) {
        (RateLimitPolicy::Active(had), PolicyCommand::Revise(ask)) => of_spec(&ask.applied_to(&had.spec)),
        _ => vec![],
    }
}

/// What an assignment comes to that is to be made, or was just made.
pub(super) async fn of_new(
    ask: &Ask<PolicyAssign, Id<PolicyId>>,
    assignment: &Assignment,
) -> Result<Vec<Warning>, Problem> {
    let policy = ask.load::<RateLimitPolicy>(ask.id()).await?;
    let RateLimitPolicy::Active(policy) = &*policy.state else { return Ok(vec![]) };
    // Later than any other.
    let assigned_at = Position::new(u64::MAX);
    let (policy_id, spec, assignment) = (ask.id(), policy.spec.clone(), assignment.clone());
    let own = Bound { policy_id, spec, assignment, assigned_at };
    let found = of_one(ask, &own).await.map_err(|failure| Problem::unread(&failure))?;
    Ok(found.iter().map(|finding| warning(finding, None)).collect())
}

async fn of_one<P: Needs>(allowed: &Allowed<P>, own: &Bound) -> Result<Vec<Finding>, ReadFailure> {
    let (read, mut known) = (allowed.read(), Known::default());
    let mut found = vec![];
    if let Some(route_id) = own.assignment.route_id
        && let Some(route) = routes::get(read, route_id).await?
    {
        found.extend(findings::costs(&own.spec, route_id, &route.spec));
    }
    let around = surroundings(read, own, &mut known).await?;
    found.extend(findings::of_assignments(own, &around, allowed.now()));
    Ok(found)
}

async fn of_policy(
    read: &ReadModel,
    policy: &AssignedPolicy,
    now: Timestamp,
) -> Result<Vec<Finding>, ReadFailure> {
    let AssignedPolicy { policy, assignments } = policy;
    if policy.status == PolicyStatus::Retired {
        return Ok(vec![]);
    }
    let mut found = findings::of_spec(&policy.spec);
    for route in bound_routes(read, assignments).await? {
        found.extend(findings::costs(&policy.spec, route.route_id, &route.spec));
    }
    let mut known = Known::default();
    for row in assignments {
        let own = bound(row, policy.spec.clone());
        let around = surroundings(read, &own, &mut known).await?;
        found.extend(findings::of_assignments(&own, &around, now));
    }
    Ok(found)
}

/// The routes whose calls the assignments bind: those that they name, and all where one names none.
async fn bound_routes(read: &ReadModel, assignments: &[AssignmentRow]) -> Result<Vec<RouteRow>, ReadFailure> {
    let named: Option<Vec<RouteId>> = assignments.iter().map(|row| row.route_id).collect();
    let Some(mut named) = named else {
        let active = RouteFilter { status: Some(RouteStatus::Active), ..RouteFilter::default() };
        return routes::list(read, &active, &Page::first(u32::MAX)).await;
    };
    named.sort_unstable();
    named.dedup();
    let mut found = vec![];
    for route_id in named {
        found.extend(routes::get(read, route_id).await?.filter(|row| row.status == RouteStatus::Active));
    }
    Ok(found)
}

/// Policies that were looked up already.
type Known = BTreeMap<PolicyId, Option<PolicySpec>>;

async fn surroundings(read: &ReadModel, own: &Bound, known: &mut Known) -> Result<Surroundings, ReadFailure> {
    let Assignment { client_id, route_id, .. } = own.assignment;
    let mut around = Surroundings::default();
    if let Some(client_id) = client_id {
        let client = clients::get(read, client_id).await?;
        around.client_archived =
            client.as_ref().is_some_and(|client| client.status == ClientStatus::Archived);
        let held = client.filter(|client| client.status != ClientStatus::Archived);
        around.environments =
            held.map(|client| client.environments.iter().filter_map(|name| name.parse().ok()).collect());
    }
    if let Some(route_id) = route_id {
        let route = routes::get(read, route_id).await?;
        around.route_retired = route.is_some_and(|route| route.status == RouteStatus::Retired);
    }
    // Of a client that was seen, or of none: nobody sees more by them.
    for row in policies::alike(read, client_id, route_id).await? {
        if let Entry::Vacant(unknown) = known.entry(row.policy_id) {
            let policy = policies::row(read, row.policy_id).await?;
            unknown.insert(policy.map(|policy| policy.spec));
        }
        let spec = known.get(&row.policy_id).cloned().flatten();
        around.others.extend(spec.map(|spec| bound(&row, spec)));
    }
    Ok(around)
}

fn bound(row: &AssignmentRow, spec: PolicySpec) -> Bound {
    let AssignmentRow { assignment_id, policy_id, client_id, route_id, from, until, .. } = *row;
    let environment = row.environment.as_ref().and_then(|name| name.parse().ok());
    let assignment = Assignment { assignment_id, client_id, route_id, environment, from, until };
    Bound { policy_id, spec, assignment, assigned_at: row.position }
}

fn warning(finding: &Finding, pointer: Option<String>) -> Warning {
    Warning { code: finding.code(), message: finding.to_string().into(), pointer }
}

/// Where it stands in the policy as it is shown.
fn pointer(finding: &Finding, spec: &PolicySpec, assignments: &[AssignmentRow]) -> Option<String> {
    match finding.subject() {
        None => Some("/thresholds".to_owned()),
        Some(Subject::Limit(name)) => {
            let rate = spec.rates.iter().position(|rate| rate.name == *name).map(|at| format!("/rates/{at}"));
            let quota = || spec.quotas.iter().position(|quota| quota.name == *name);
            rate.or_else(|| quota().map(|at| format!("/quotas/{at}")))
        }
        Some(Subject::Assignment(id)) => {
            let at = assignments.iter().position(|row| row.assignment_id == id);
            at.map(|at| format!("/assignments/{at}"))
        }
    }
}
