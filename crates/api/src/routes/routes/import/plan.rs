//! What a document would change: operation by operation, held against the active routes.

use std::collections::BTreeSet;

use domain::{
    Aggregate as _, Refusal as _, RouteId,
    route::{DefineRoute, Host, ReviseRoute, Route, RouteCommand, RouteSpec},
};
use projections::queries::routes::RouteRow;
use serde_json::{Value, json};

use super::{
    super::define::COST_DEFAULT,
    document::{Operation, Wanted},
};

/// What becomes of one operation, or of one route that the document does not name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) operation: Option<Operation>,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Added(RouteSpec),
    Changed { had: RouteRow, spec: RouteSpec },
    Unchanged(RouteRow),
    Missing(RouteRow),
    Refused { code: String, message: String, route_id: Option<RouteId> },
}

/// The steps of a document: its operations in their order, then what is missing in it.
///
/// An operation is the route that has its method, a template that selects the same paths, and a host in common: the
/// name may change, and a route keeps its history. Missing is what has the hosts of an operation, lies below its
/// server's base path and is named by none.
pub(super) fn plan(operations: Vec<Operation>, active: &[RouteRow]) -> Vec<Step> {
    let mut seen: Vec<Wanted> = vec![];
    let mut named = BTreeSet::new();
    let mut steps = vec![];
    for operation in operations {
        let what = match &operation.wanted {
            Err(unfit) => refused(unfit.code(), unfit.to_string(), None),
            Ok(wanted) => {
                named.extend(active.iter().filter(|row| selects(row, wanted)).map(|row| row.route_id));
                let twice = seen.iter().any(|other| alike(other, wanted));
                seen.push(wanted.clone());
                if twice {
                    let said = "an operation before it in the document takes the same calls".to_owned();
                    refused("duplicate_operation", said, None)
                } else {
                    of_operation(wanted, active)
                }
            }
        };
        steps.push(Step { operation: Some(operation), what });
    }
    let missing = active.iter().filter(|row| !named.contains(&row.route_id) && is_meant(row, &seen));
    steps.extend(missing.map(|row| Step { operation: None, what: What::Missing(row.clone()) }));
    steps
}

fn refused(code: &str, message: String, route_id: Option<RouteId>) -> What {
    What::Refused { code: code.to_owned(), message, route_id }
}

fn of_operation(wanted: &Wanted, active: &[RouteRow]) -> What {
    let mut rivals = active.iter().filter(|row| selects(row, wanted));
    let Some(had) = rivals.next() else { return added(wanted) };
    if let Some(other) = rivals.next() {
        let said = format!("the routes {} and {} take its calls", had.route_id, other.route_id);
        return refused("several_routes", said, Some(had.route_id));
    }
    let spec = said_of(wanted, &had.spec);
    if had.spec.methods.len() > 1 {
        return of_shared(had, &spec);
    }
    if spec == had.spec {
        return What::Unchanged(had.clone());
    }
    let state = Route::Active(had.spec.clone());
    match state.decide(&RouteCommand::Revise(revision(&had.spec, &spec))) {
        Ok(_) => What::Changed { had: had.clone(), spec },
        Err(refusal) => refused(refusal.code(), refusal.to_string(), Some(had.route_id)),
    }
}

/// A route of several methods belongs to other calls too: it is right as it is, or somebody must split it.
fn of_shared(had: &RouteRow, spec: &RouteSpec) -> What {
    let right = spec.required_scopes == had.spec.required_scopes && spec.cost == had.spec.cost;
    if right && spec.hosts == had.spec.hosts {
        return What::Unchanged(had.clone());
    }
    let said = format!("the route {} takes calls by other methods too; split it first", had.route_id);
    refused("route_of_several_methods", said, Some(had.route_id))
}

fn added(wanted: &Wanted) -> What {
    let Wanted { name, hosts, method, path, required_scopes, cost, base: _ } = wanted.clone();
    let spec = RouteSpec {
        name,
        hosts,
        methods: [method].into(),
        path,
        required_scopes: required_scopes.unwrap_or_default(),
        cost: cost.unwrap_or(COST_DEFAULT),
        cost_from_header: None,
    };
    match Route::default().decide(&RouteCommand::Define(DefineRoute { spec: spec.clone() })) {
        Ok(_) => What::Added(spec),
        Err(refusal) => refused(refusal.code(), refusal.to_string(), None),
    }
}

/// What the document says in the place of what there is; of what it does not speak, that stays.
fn said_of(wanted: &Wanted, had: &RouteSpec) -> RouteSpec {
    RouteSpec {
        name: wanted.name.clone(),
        hosts: wanted.hosts.clone(),
        path: wanted.path.clone(),
        required_scopes: wanted.required_scopes.as_ref().unwrap_or(&had.required_scopes).clone(),
        cost: wanted.cost.unwrap_or(had.cost),
        ..had.clone()
    }
}

/// The command that makes the one of the other.
pub(super) fn revision(had: &RouteSpec, spec: &RouteSpec) -> ReviseRoute {
    ReviseRoute {
        name: (spec.name != had.name).then(|| spec.name.clone()),
        hosts: (spec.hosts != had.hosts).then(|| spec.hosts.clone()),
        path: (spec.path != had.path).then(|| spec.path.clone()),
        required_scopes: (spec.required_scopes != had.required_scopes).then(|| spec.required_scopes.clone()),
        cost: (spec.cost != had.cost).then_some(spec.cost),
        ..ReviseRoute::default()
    }
}

/// Field by field: its name, what it was, what it becomes.
pub(super) fn changes(had: &RouteSpec, spec: &RouteSpec) -> Vec<(&'static str, Value, Value)> {
    let fields = [
        ("name", json!(had.name), json!(spec.name)),
        ("hosts", json!(had.hosts), json!(spec.hosts)),
        ("path", json!(had.path), json!(spec.path)),
        ("required_scopes", json!(had.required_scopes), json!(spec.required_scopes)),
        ("cost", json!(had.cost), json!(spec.cost)),
    ];
    fields.into_iter().filter(|(_, from, to)| from != to).collect()
}

fn share(one: &BTreeSet<Host>, other: &BTreeSet<Host>) -> bool {
    (one.is_empty() && other.is_empty()) || !one.is_disjoint(other)
}

/// Whether the route takes calls of the operation.
fn selects(row: &RouteRow, wanted: &Wanted) -> bool {
    let RouteSpec { hosts, methods, path, .. } = &row.spec;
    methods.contains(&wanted.method) && share(hosts, &wanted.hosts) && path.shape() == wanted.path.shape()
}

fn alike(one: &Wanted, other: &Wanted) -> bool {
    one.method == other.method && share(&one.hosts, &other.hosts) && one.path.shape() == other.path.shape()
}

/// Whether the document speaks of the place where the route is.
fn is_meant(row: &RouteRow, seen: &[Wanted]) -> bool {
    let below =
        |base: &str| row.spec.path.as_str().strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    seen.iter().any(|wanted| wanted.hosts == row.spec.hosts && below(&wanted.base))
}
