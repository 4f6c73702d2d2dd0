//! Events made by the rules themselves, in memory.

use std::{any::Any, collections::HashMap};

use domain::{
    EventId, Position, Recorded,
    api_client::{ApiClient, ApiClientCommand, NewOwner},
    api_key::{ApiKey, ApiKeyCommand, IssueKey},
    operation::{Operation, OperationCommand},
    rate_limit_policy::{Mode, PolicyCommand, RateLimitPolicy},
    route::{Route, RouteCommand},
    scheduled_change::{ScheduledChange, ScheduledChangeCommand},
};
use eventlog::Stored;

use super::{
    ADDRESS, assign, assignment, at, change, client, define_policy, define_route, import, issue, item, key,
    metadata, operation, personal, plan_operation, plan_suspension, policy, progress_operation, register,
    report_leak, rotate, route, route_spec, take_operation,
};

/// A log in memory, written by commands.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) events: Vec<Recorded>,
    states: HashMap<String, Box<dyn Any>>,
}

impl History {
    /// What the rules make of a command now.
    pub(crate) fn when<A: Stored>(mut self, id: A::Id, command: &A::Command) -> Self {
        let stream = id.to_string();
        let (mut state, mut sequence) = match self.states.remove(&stream) {
            Some(kept) => *kept.downcast::<(A, u64)>().unwrap(),
            None => (A::default(), 0),
        };
        for event in state.decide(command).unwrap() {
            state.apply(&event);
            sequence += 1;
            let position = u64::try_from(self.events.len()).unwrap() + 1;
            self.events.push(recorded(position, sequence, A::wrap(id, event)));
        }
        self.states.insert(stream, Box::new((state, sequence)));
        self
    }

    pub(crate) fn client(self, n: u64, command: &ApiClientCommand) -> Self {
        self.when::<ApiClient>(client(n), command)
    }

    pub(crate) fn key(self, n: u64, command: &ApiKeyCommand) -> Self {
        self.when::<ApiKey>(key(n), command)
    }

    pub(crate) fn route(self, n: u64, command: &RouteCommand) -> Self {
        self.when::<Route>(route(n), command)
    }

    pub(crate) fn change(self, n: u64, command: &ScheduledChangeCommand) -> Self {
        self.when::<ScheduledChange>(change(n), command)
    }

    pub(crate) fn policy(self, n: u64, command: &PolicyCommand) -> Self {
        self.when::<RateLimitPolicy>(policy(n), command)
    }
}

fn recorded(position: u64, sequence: u64, event: domain::DomainEvent) -> Recorded {
    let moment = at(i64::try_from(position).unwrap());
    let values = ["Ada", "ada@example.com", "team@example.com", ADDRESS];
    Recorded {
        position: Position::new(position),
        event_id: EventId::from_parts(1_767_225_600_000, u128::from(position)),
        recorded_at: moment,
        sequence,
        metadata: metadata(moment),
        event,
        personal: values.map(|text| (personal(text).commitment(), text.into())).into(),
        leaf_hash: [u8::try_from(position % 251).unwrap(); 32],
    }
}

impl History {
    pub(crate) fn operation(self, n: u64, command: &OperationCommand) -> Self {
        self.when::<Operation>(operation(n), command)
    }
}

/// Every kind of thing, and most of what can happen to it.
#[expect(clippy::too_many_lines, reason = "a list, one after the other")]
pub(crate) fn eventful() -> History {
    use domain::{
        api_client as c, api_key as k, operation as o, rate_limit_policy as p, route as r,
        scheduled_change as s,
    };
    use s::ScheduledChangeCommand as C;
    let reason = || "because".parse().unwrap();
    let update = c::UpdateClient {
        name: Some("Größe & Söhne".parse().unwrap()),
        owner: Some(NewOwner { team: "billing".parse().unwrap(), email: personal("team@example.com") }),
        contacts: Some(vec![]),
        environments: Some(["prod", "test"].map(|name| name.parse().unwrap()).into()),
        scopes: Some(["orders:read", "a:b"].map(|scope| scope.parse().unwrap()).into()),
        labels: Some([].into()),
    };
    let revoke = |at| k::RevokeKey { now: super::at(10), at, reason: reason() };
    let spec = route_spec(None, &["GET", "POST"], "/orders/{order}");
    let r::RouteSpec { name, hosts, methods, path, required_scopes, cost, cost_from_header } = spec;
    let revise_route = r::ReviseRoute {
        name: Some(name),
        hosts: Some(hosts),
        methods: Some(methods),
        path: Some(path),
        required_scopes: Some(required_scopes),
        cost: Some(cost),
        cost_from_header: Some(cost_from_header),
    };
    let revise_policy = p::RevisePolicy { mode: Some(Mode::Shadow), ..p::RevisePolicy::default() };
    let unassign = p::UnassignPolicy { assignment_id: assignment(1), reason: Some(reason()) };
    let extend = k::ExtendOverlap { now: at(20), until: k::OverlapEnd::At(at(7_200)), reason: reason() };
    let reset = p::ResetLimit {
        limit: "burst".parse().unwrap(),
        client_id: Some(client(1)),
        key_id: None,
        environment: None,
        reason: reason(),
    };
    let judge = k::JudgePrevious { now: at(25), version: 1, last_used_at: Some(at(22)) };
    let begin = |now| C::Begin(s::BeginChange { now: at(now) });
    let applied = || C::RecordApplied(s::RecordApplied { now: at(101), version: 9, changed: true });
    let failed =
        s::RecordFailed { now: at(101), code: "key_revoked".to_owned(), message: "revoked".to_owned() };
    History::default()
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .client(1, &ApiClientCommand::Update(update))
        .client(1, &ApiClientCommand::Suspend(c::SuspendClient { reason: reason() }))
        .client(1, &ApiClientCommand::Reinstate(c::ReinstateClient { reason: reason() }))
        .client(2, &ApiClientCommand::Archive(c::ArchiveClient { reason: reason() }))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(issue(1)))
        .key(3, &ApiKeyCommand::Issue(IssueKey { expires_at: None, ..issue(2) }))
        .key(1, &rotate(at(10)))
        .key(1, &ApiKeyCommand::ExtendOverlap(extend))
        .key(1, &ApiKeyCommand::JudgePrevious(judge))
        .key(1, &ApiKeyCommand::RetirePrevious(k::RetirePrevious { now: at(30), reason: reason() }))
        .key(1, &ApiKeyCommand::Suspend(k::SuspendKey { reason: reason() }))
        .key(1, &ApiKeyCommand::Reinstate(k::ReinstateKey { reason: reason() }))
        .key(1, &ApiKeyCommand::Revoke(revoke(Some(at(400_000)))))
        .key(1, &ApiKeyCommand::CancelRevocation(k::CancelRevocation { now: at(20), reason: reason() }))
        .key(1, &ApiKeyCommand::Revoke(revoke(Some(at(500_000)))))
        .key(3, &ApiKeyCommand::Revoke(revoke(None)))
        .key(2, &ApiKeyCommand::Expire(k::ExpireKey { now: at(1_000_001) }))
        .route(1, &define_route())
        .route(1, &RouteCommand::Revise(revise_route))
        .route(1, &RouteCommand::Retire(r::RetireRoute { reason: None }))
        .policy(1, &define_policy())
        .policy(1, &assign(1, Some(client(1))))
        .policy(1, &assign(2, None))
        .policy(1, &PolicyCommand::Reset(reset))
        .policy(1, &PolicyCommand::Revise(revise_policy))
        .policy(1, &PolicyCommand::Unassign(unassign))
        .policy(2, &define_policy())
        .policy(2, &PolicyCommand::Retire(p::RetirePolicy { reason: None }))
        .key(4, &import(1))
        .key(4, &report_leak(1))
        .key(4, &rotate(at(10)))
        .key(4, &ApiKeyCommand::Release(k::ReleaseKey { now: at(100_000), reason: reason() }))
        .operation(1, &plan_operation(&[1, 2]))
        .operation(1, &take_operation())
        .operation(1, &progress_operation(vec![item(1, o::ItemResult::Applied)]))
        .operation(1, &progress_operation(vec![item(2, o::ItemResult::Refused)]))
        .operation(2, &plan_operation(&[3]))
        .operation(2, &OperationCommand::Cancel(o::CancelOperation { now: at(9), reason: reason() }))
        .change(1, &plan_suspension(Some(at(200))))
        .change(1, &begin(100))
        .change(1, &applied())
        .change(1, &begin(200))
        .change(1, &C::RecordEnded(s::RecordEnded { now: at(201), changed: true }))
        .change(2, &plan_suspension(None))
        .change(2, &C::Cancel(s::CancelChange { now: at(50), reason: reason() }))
        .change(3, &plan_suspension(None))
        .change(3, &begin(100))
        .change(3, &C::RecordFailed(failed))
}

/// The row that a history makes of one key, through the fold alone.
pub(crate) fn folded<D: crate::Directory>(history: &History, key: impl Into<crate::Value>) -> Option<D::Row> {
    let key = key.into();
    let events = history.events.iter().filter(|recorded| D::key(&recorded.event).as_ref() == Some(&key));
    events.fold(None, |row, recorded| D::fold(row, &recorded.into()).unwrap())
}
