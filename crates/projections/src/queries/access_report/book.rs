//! What the report is made from, read once for a stretch: the routes, the policies, and the clients as their keys come by.

use std::collections::{BTreeSet, HashMap};

use domain::{
    ClientId, Environment, PolicyId, RouteId, Timestamp,
    decision::LimitKind,
    rate_limit_policy::{
        Assignment, PolicySpec,
        effective::{Calls, Winner, effective},
        findings::Bound,
    },
};

use super::{Access, AccessLimit};
use crate::{
    ClientStatus, PolicyStatus, ReadFailure, ReadModel, RouteStatus,
    queries::{
        Page, Select,
        clients::{self, ClientRow},
        keys::KeyRow,
        policies::{self, AssignmentRow, PolicyFilter, PolicyRow},
        routes::{self, RouteFilter, RouteRow},
    },
};

/// Everything that keys are looked up in.
pub(super) struct Book<'model> {
    model: &'model ReadModel,
    at: Timestamp,
    /// Active, by id.
    routes: Vec<RouteRow>,
    /// Active.
    policies: HashMap<PolicyId, PolicyRow>,
    /// Those that name no client.
    for_all: Vec<Bound>,
    clients: HashMap<ClientId, Option<Holder>>,
}

/// A client that may call, with the assignments that name it.
struct Holder {
    client: ClientRow,
    assigned: Vec<Bound>,
}

impl<'model> Book<'model> {
    pub(super) async fn open(
        model: &'model ReadModel,
        route_id: Option<RouteId>,
        at: Timestamp,
    ) -> Result<Self, ReadFailure> {
        let active = RouteFilter { status: Some(RouteStatus::Active), ..RouteFilter::default() };
        let mut all = routes::list(model, &active, &Page::first(u32::MAX)).await?;
        all.retain(|route| route_id.is_none_or(|id| id == route.route_id));
        let active = PolicyFilter { status: Some(PolicyStatus::Active), ..PolicyFilter::default() };
        let policies = policies::list(model, &active, &Page::first(u32::MAX)).await?;
        let policies = policies.into_iter().map(|policy| (policy.policy_id, policy)).collect();
        let (for_all, clients) = (vec![], HashMap::new());
        let mut book = Self { model, at, routes: all, policies, for_all, clients };
        book.for_all = book.bound(None).await?;
        Ok(book)
    }

    /// What a key can call, of routes behind one if that is told.
    pub(super) async fn of_key(
        &mut self,
        key: &KeyRow,
        behind: Option<RouteId>,
    ) -> Result<Vec<Access>, ReadFailure> {
        let begun = key.not_before.is_none_or(|from| from <= self.at);
        let over = key.ends_at().is_some_and(|end| end <= self.at);
        if !begun || over {
            return Ok(vec![]);
        }
        self.meet(key.client_id).await?;
        let Some(Some(holder)) = self.clients.get(&key.client_id) else { return Ok(vec![]) };
        if !holder.client.environments.contains(&key.environment) {
            return Ok(vec![]);
        }
        let scopes = holder.scopes(key);
        let open = |route: &&RouteRow| {
            behind.is_none_or(|behind| behind < route.route_id)
                && route.spec.required_scopes.iter().all(|scope| scopes.contains(scope.as_str()))
        };
        Ok(self.routes.iter().filter(open).map(|route| self.access(key, holder, route)).collect())
    }

    async fn meet(&mut self, id: ClientId) -> Result<(), ReadFailure> {
        if self.clients.contains_key(&id) {
            return Ok(());
        }
        let client = clients::get(self.model, id).await?.filter(|row| row.status == ClientStatus::Active);
        let holder = match client {
            Some(client) => Some(Holder { client, assigned: self.bound(Some(id)).await? }),
            None => None,
        };
        self.clients.insert(id, holder);
        Ok(())
    }

    /// The assignments of active policies that name this client, or none.
    async fn bound(&self, client_id: Option<ClientId>) -> Result<Vec<Bound>, ReadFailure> {
        let select = Select::new(include_str!("../policies/assignments.sql"), vec![])
            .and_some("client_id = {}", client_id)
            .then(if client_id.is_none() { "   and client_id is null" } else { "" });
        let rows: Vec<AssignmentRow> = self.model.fetch(select).await?;
        Ok(rows.into_iter().filter_map(|row| self.bind(row)).collect())
    }

    fn bind(&self, row: AssignmentRow) -> Option<Bound> {
        let AssignmentRow { assignment_id, policy_id, client_id, route_id, environment, from, until, .. } =
            row;
        let spec = self.policies.get(&policy_id)?.spec.clone();
        let environment = environment.map(|name| name.parse()).transpose().ok()?;
        let assignment = Assignment { assignment_id, client_id, route_id, environment, from, until };
        Some(Bound { policy_id, spec, assignment, assigned_at: row.position })
    }

    fn access(&self, key: &KeyRow, holder: &Holder, route: &RouteRow) -> Access {
        let spec = &route.spec;
        Access {
            key_id: key.key_id,
            key_name: key.name.clone(),
            client_id: key.client_id,
            client_name: holder.client.name.clone(),
            owner_team: holder.client.owner_team.clone(),
            environment: key.environment.clone(),
            ends_at: key.ends_at(),
            allowed_cidrs: key.allowed_cidrs.clone(),
            quarantined: key.quarantine.is_some(),
            route_id: route.route_id,
            route_name: spec.name.to_string(),
            methods: spec.methods.iter().map(ToString::to_string).collect(),
            hosts: spec.hosts.iter().map(ToString::to_string).collect(),
            path: spec.path.to_string(),
            required_scopes: spec.required_scopes.iter().map(ToString::to_string).collect(),
            limits: self.limits(key, holder, route.route_id),
        }
    }

    fn limits(&self, key: &KeyRow, holder: &Holder, route_id: RouteId) -> Vec<AccessLimit> {
        // One that was stored was one.
        let Ok(environment) = key.environment.parse::<Environment>() else { return vec![] };
        let calls = Calls { client_id: key.client_id, route_id, environment: &environment };
        let winners = effective(self.for_all.iter().chain(&holder.assigned), calls, self.at);
        winners.iter().flat_map(|winner| self.limits_of(winner)).collect()
    }

    fn limits_of(&self, winner: &Winner<'_>) -> Vec<AccessLimit> {
        let Winner { kind, mode, bound } = winner;
        let revision = self.policies.get(&bound.policy_id).map_or(0, |policy| policy.revision);
        let limit = |(name, says): (String, String)| AccessLimit {
            kind: *kind,
            mode: *mode,
            name,
            policy_id: bound.policy_id.to_string(),
            policy_name: bound.spec.name.to_string(),
            policy_revision: revision,
            assignment_id: bound.assignment.assignment_id.to_string(),
            until: bound.assignment.until,
            says,
        };
        told(&bound.spec, *kind).into_iter().map(limit).collect()
    }
}

impl Holder {
    /// What the key may do: all that its client holds, or those of its own that the client still holds.
    fn scopes<'of>(&'of self, key: &'of KeyRow) -> BTreeSet<&'of str> {
        let held = self.client.scopes.iter();
        let own = |scope: &&String| key.scopes.as_ref().is_none_or(|own| own.contains(*scope));
        held.filter(own).map(String::as_str).collect()
    }
}

/// The limits of a kind, each with its name and in words.
fn told(spec: &PolicySpec, kind: LimitKind) -> Vec<(String, String)> {
    let by = spec.counting.as_str();
    match kind {
        LimitKind::Rate => {
            let said = spec.rates.iter().map(|rate| {
                let says =
                    format!("{} per {} s, burst {}, by {by}", rate.requests, rate.per_seconds, rate.burst);
                (rate.name.to_string(), says)
            });
            said.collect()
        }
        LimitKind::Quota => {
            let said = spec.quotas.iter().map(|quota| {
                let says = format!(
                    "{} per {}, {}, by {by}",
                    quota.requests,
                    quota.period.as_str(),
                    quota.window.as_str()
                );
                (quota.name.to_string(), says)
            });
            said.collect()
        }
    }
}
