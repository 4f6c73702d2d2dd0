//! Each question against rows that the projections made.

use domain::{
    Position,
    api_client::{ApiClientCommand, ArchiveClient, ClientKind, RegisterClient},
    api_key::{ApiKeyCommand, IssueKey, RevokeKey},
    route::{DefineRoute, RouteCommand},
};
use tempfile::TempDir;

use super::{
    Page,
    audit::{self, AuditFilter},
    clients::{self, ClientFilter},
    keys::{self, KeyFilter},
    leaks::{self, LeakFilter},
    matching::{self, KeysMatching},
    operations::{self, OperationFilter},
    order::{Listed, Order, Seek},
    policies::{self, AssignmentFilter, PolicyFilter},
    routes::{self, RouteFilter},
};
use crate::{
    ClientStatus, KeyStatus, OperationStatus, PolicyStatus, ReadFailure, ReadModel, RouteStatus,
    testing::{
        Engine, History, assign, assignment, at, client, define_policy, define_route, eventful, issue, item,
        key, leak, on_every_engine, operation, plan_operation, policy, progress_operation, project,
        read_model, register, report_leak, route, route_spec, take_operation, usage_batch,
    },
};

async fn given(on: Engine, history: History) -> (TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    project(&model, &history, 100).await;
    (dir, model)
}

on_every_engine!(
    clients_are_found_by_what_they_are,
    pages_meet_without_a_hole_or_a_repeat,
    pages_meet_in_every_order,
    keys_without_an_expiry_come_last,
    keys_are_found_by_their_use_and_their_client,
    routes_policies_and_assignments_are_found_by_what_they_are,
    keys_are_found_by_what_they_are,
    keys_are_due_from_their_end_on_until_it_is_on_record,
    routes_overlap_when_the_same_call_could_be_either,
    retired_routes_and_policies_stay_and_do_not_overlap,
    a_policy_comes_with_whom_it_binds,
    audit_entries_are_found_by_who_what_when,
    operations_come_with_what_became_of_their_items,
    leaks_are_found_by_whose_and_what_was_done,
    keys_match_by_what_they_and_their_clients_are,
    keys_expire_in_their_order_and_only_those_that_live,
);

const ALL: Page = Page { after: None, limit: 100 };

async fn clients_are_found_by_what_they_are(on: Engine) {
    let archive = ApiClientCommand::Archive(ArchiveClient { reason: "gone".parse().unwrap() });
    let history = History::default()
        .client(1, &register("Größe 100%"))
        .client(2, &register("Beta_1"))
        .client(3, &register("Alpha"))
        .client(3, &archive);
    let (_dir, model) = given(on, history).await;
    let check = async |filter: ClientFilter, expected: &[u64]| {
        let rows = clients::list(&model, &filter, &ALL).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.client_id).collect();
        assert_eq!(found, expected.iter().map(|n| client(*n)).collect::<Vec<_>>(), "{filter:?}");
    };
    let any = ClientFilter::default;
    let named = |text: &str| ClientFilter { name_contains: Some(text.to_owned()), ..any() };
    check(any(), &[1, 2, 3]).await;
    check(named("gRÖSSE"), &[]).await;
    check(named("GRÖẞ"), &[1]).await;
    check(named("%"), &[1]).await;
    check(named("a_"), &[2]).await;
    check(named("A"), &[2, 3]).await;
    check(ClientFilter { status: Some(ClientStatus::Archived), ..any() }, &[3]).await;
    check(ClientFilter { kind: Some(ClientKind::Internal), ..any() }, &[]).await;
    check(ClientFilter { kind: Some(ClientKind::Partner), ..any() }, &[1, 2, 3]).await;
    check(ClientFilter { owner_team: Some("payments".to_owned()), ..any() }, &[1, 2, 3]).await;
    check(ClientFilter { environment: Some("sandbox".parse().unwrap()), ..any() }, &[1, 2, 3]).await;
    check(ClientFilter { environment: Some("sand".parse().unwrap()), ..any() }, &[]).await;
    assert_eq!(clients::get(&model, client(9)).await.unwrap(), None);
}

async fn pages_meet_without_a_hole_or_a_repeat(on: Engine) {
    let history = (1..=7).fold(History::default(), |history, n| history.client(n, &register("Acme")));
    let (_dir, model) = given(on, history).await;
    let (mut seen, mut page) = (vec![], Page::first(3));
    loop {
        let rows = clients::list(&model, &ClientFilter::default(), &page).await.unwrap();
        let Some(last) = rows.last() else { break };
        page.after = Some(last.client_id.to_string());
        seen.extend(rows.into_iter().map(|row| row.client_id));
    }
    assert_eq!(seen, (1..=7).map(client).collect::<Vec<_>>());

    let (mut seen, mut page) = (vec![], Page::first(3));
    loop {
        let entries = audit::list(&model, &AuditFilter::default(), &page).await.unwrap();
        let Some(last) = entries.last() else { break };
        page.after = Some(last.position.to_string());
        seen.extend(entries.into_iter().map(|entry| entry.position.get()));
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
}

async fn keys_are_found_by_what_they_are(on: Engine) {
    let sandbox = IssueKey { environment: "sandbox".parse().unwrap(), expires_at: None, ..issue(2) };
    let revoke = ApiKeyCommand::Revoke(RevokeKey { now: at(5), at: None, reason: "x".parse().unwrap() });
    let history = History::default()
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(sandbox))
        .key(3, &ApiKeyCommand::Issue(issue(1)))
        .key(3, &revoke);
    let (_dir, model) = given(on, history).await;
    let check = async |filter: KeyFilter, expected: &[u64]| {
        let rows = keys::list(&model, &filter, &ALL).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.key_id).collect();
        assert_eq!(found, expected.iter().map(|n| key(*n)).collect::<Vec<_>>(), "{filter:?}");
    };
    let any = KeyFilter::default;
    check(any(), &[1, 2, 3]).await;
    check(KeyFilter { client_id: Some(client(1)), ..any() }, &[1, 3]).await;
    check(KeyFilter { environment: Some("sandbox".parse().unwrap()), ..any() }, &[2]).await;
    check(KeyFilter { status: Some(KeyStatus::Revoked), ..any() }, &[3]).await;
    check(KeyFilter { expires_before: Some(at(1_000_001)), ..any() }, &[1, 3]).await;
    check(KeyFilter { expires_before: Some(at(1_000_000)), ..any() }, &[]).await;
}

/// Every page of a list, three rows on each.
async fn in_pages<Row: Listed, Id>(
    order: &str,
    id: fn(&Row) -> Id,
    list: impl AsyncFn(Seek<Row>) -> Result<Vec<Row>, ReadFailure>,
) -> Vec<Id> {
    let order = || if order.is_empty() { Order::default() } else { order.parse().unwrap() };
    let (mut seen, mut seek) = (vec![], Seek::first(order(), 3));
    loop {
        let rows = list(seek).await.unwrap();
        let Some(last) = rows.last() else { return seen };
        seek = Seek::behind(order(), order().place(last), 3).unwrap();
        seen.extend(rows.iter().map(id));
    }
}

/// Seven clients, of which several have the same name or team.
fn alike() -> History {
    let named = |name: &str, team: &str| {
        let ApiClientCommand::Register(RegisterClient { owner, .. }) = register(name) else { unreachable!() };
        let owner = domain::api_client::NewOwner { team: team.parse().unwrap(), ..owner };
        let ApiClientCommand::Register(register) = register(name) else { unreachable!() };
        ApiClientCommand::Register(RegisterClient { owner, ..register })
    };
    let all = [("b", "x"), ("A", "y"), ("Ä", "x"), ("a", "x"), ("a", "y"), ("_", "y"), ("B", "x")];
    (1..)
        .zip(all)
        .fold(History::default(), |history, (n, (name, team))| history.client(n, &named(name, team)))
}

async fn pages_meet_in_every_order(on: Engine) {
    let (_dir, model) = given(on, alike()).await;
    for (order, expected) in [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("name", [6, 2, 4, 5, 1, 7, 3]),
        ("-name", [3, 7, 1, 5, 4, 2, 6]),
        ("owner_team,-name", [3, 7, 1, 4, 5, 2, 6]),
        ("-owner_team,name", [6, 2, 5, 4, 1, 7, 3]),
        ("created_at", [1, 2, 3, 4, 5, 6, 7]),
        ("-updated_at", [7, 6, 5, 4, 3, 2, 1]),
    ] {
        let list = async |seek| clients::sorted(&model, &ClientFilter::default(), &seek).await;
        let seen = in_pages(order, |row: &clients::ClientRow| row.client_id, list).await;
        assert_eq!(seen, expected.map(client), "{order}");
    }
    let list = async |seek| audit::sorted(&model, &AuditFilter::default(), &seek).await;
    for (order, expected) in [("", [7, 6, 5, 4, 3, 2, 1]), ("position", [1, 2, 3, 4, 5, 6, 7])] {
        let seen = in_pages(order, |row: &audit::AuditEntry| row.position.get(), list).await;
        assert_eq!(seen, expected, "{order}");
    }
}

async fn keys_without_an_expiry_come_last(on: Engine) {
    let ending = |end: Option<i64>| ApiKeyCommand::Issue(IssueKey { expires_at: end.map(at), ..issue(1) });
    let ends = [Some(900_000), None, Some(500_000), None, Some(500_000)];
    let history = (1..).zip(ends).fold(History::default(), |history, (n, end)| history.key(n, &ending(end)));
    let (_dir, model) = given(on, history).await;
    let list = async |seek| keys::sorted(&model, &KeyFilter::default(), &seek).await;
    for (order, expected) in [("expires_at", [3, 5, 1, 2, 4]), ("-expires_at,name", [2, 4, 1, 3, 5])] {
        let seen = in_pages(order, |row: &keys::KeyRow| row.key_id, list).await;
        assert_eq!(seen, expected.map(key), "{order}");
    }
}

async fn keys_are_found_by_their_use_and_their_client(on: Engine) {
    let scopes: std::collections::BTreeSet<_> = ["orders:read".parse().unwrap()].into();
    let mut scoped = IssueKey { scopes: Some(scopes.clone()), ..issue(2) };
    scoped.client.scopes = scopes;
    let history = History::default()
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(scoped));
    let (_dir, model) = given(on, history).await;
    count(&model).await;
    let check = async |filter: KeyFilter, expected: &[u64]| {
        let rows = keys::list(&model, &filter, &ALL).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.key_id).collect();
        assert_eq!(found, expected.iter().map(|n| key(*n)).collect::<Vec<_>>(), "{filter:?}");
    };
    let any = KeyFilter::default;
    let text = |text: &str| Some(text.to_owned());
    check(KeyFilter { used: Some(true), ..any() }, &[1]).await;
    check(KeyFilter { used: Some(false), ..any() }, &[2]).await;
    check(KeyFilter { used_before: Some(at(2)), ..any() }, &[1]).await;
    check(KeyFilter { used_before: Some(at(1)), ..any() }, &[]).await;
    check(KeyFilter { used_from: Some(at(1)), ..any() }, &[1]).await;
    check(KeyFilter { used_from: Some(at(2)), ..any() }, &[]).await;
    check(KeyFilter { owner_team: text("payments"), ..any() }, &[1, 2]).await;
    check(KeyFilter { owner_team: text("Payments"), ..any() }, &[]).await;
    check(KeyFilter { label: Some("tier".parse().unwrap()), ..any() }, &[1, 2]).await;
    check(KeyFilter { label: Some("tie".parse().unwrap()), ..any() }, &[]).await;
    check(KeyFilter { scope: Some("orders:read".parse().unwrap()), ..any() }, &[2]).await;
    check(KeyFilter { scope: Some("orders".parse().unwrap()), ..any() }, &[]).await;
    let first = keys::get(&model, key(1)).await.unwrap().unwrap();
    check(KeyFilter { name_contains: Some(first.name.clone()), ..any() }, &[1, 2]).await;
    check(KeyFilter { hint: Some(first.hint), client_id: Some(client(1)), ..any() }, &[1]).await;
    check(KeyFilter { hint: text("…none"), ..any() }, &[]).await;
    let issued = first.issued_at;
    check(KeyFilter { issued_before: Some(issued), ..any() }, &[]).await;
    check(KeyFilter { issued_from: Some(issued), ..any() }, &[1, 2]).await;
    check(KeyFilter { expires_from: Some(at(1_000_000)), ..any() }, &[1, 2]).await;
}

async fn routes_policies_and_assignments_are_found_by_what_they_are(on: Engine) {
    let scoped = |methods: &[&str], path: &str, scope: &str| {
        let mut spec = route_spec(None, methods, path);
        spec.required_scopes = [scope.parse().unwrap()].into();
        RouteCommand::Define(DefineRoute { spec })
    };
    let history = History::default()
        .route(1, &scoped(&["GET", "PUT"], "/orders/{id}", "orders:read"))
        .route(2, &scoped(&["PATCH"], "/orders", "GET"))
        .policy(1, &define_policy())
        .policy(1, &assign(1, Some(client(1))))
        .policy(1, &assign(2, None));
    let (_dir, model) = given(on, history).await;
    let check = async |filter: RouteFilter, expected: &[u64]| {
        let rows = routes::list(&model, &filter, &ALL).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.route_id).collect();
        assert_eq!(found, expected.iter().map(|n| route(*n)).collect::<Vec<_>>(), "{filter:?}");
    };
    let any = RouteFilter::default;
    let prefix = |text: &str| RouteFilter { shape_prefix: Some(text.to_owned()), ..any() };
    check(RouteFilter { method: Some("GET".parse().unwrap()), ..any() }, &[1]).await;
    check(RouteFilter { method: Some("PATCH".parse().unwrap()), ..any() }, &[2]).await;
    check(RouteFilter { scope: Some("orders:read".parse().unwrap()), ..any() }, &[1]).await;
    check(RouteFilter { scope: Some("GET".parse().unwrap()), ..any() }, &[2]).await;
    check(RouteFilter { scope: Some("orders".parse().unwrap()), ..any() }, &[]).await;
    check(prefix("/orders"), &[1, 2]).await;
    check(prefix("/orders/{p2"), &[1]).await;
    check(prefix("/_rders"), &[]).await;
    let list = async |seek| routes::sorted(&model, &any(), &seek).await;
    assert_eq!(in_pages("path", |row: &routes::RouteRow| row.route_id, list).await, [2, 1].map(route));

    let of_mode = async |mode| {
        let filter = PolicyFilter { mode: Some(mode), ..PolicyFilter::default() };
        policies::list(&model, &filter, &ALL).await.unwrap().len()
    };
    use domain::rate_limit_policy::Mode;
    assert_eq!((of_mode(Mode::Enforce).await, of_mode(Mode::Shadow).await), (1, 0));
    let list = async |seek| policies::sorted_assignments(&model, &AssignmentFilter::default(), &seek).await;
    let id = |row: &policies::AssignmentRow| row.assignment_id;
    assert_eq!(in_pages("-created_at", id, list).await, [2, 1].map(assignment));
}

/// One call by the first key at the first second.
async fn count(model: &ReadModel) {
    model.reset(crate::usage::OWNER).await.unwrap();
    let arrived = eventlog::usage::ArrivedBatch { batch_no: 1, batch: usage_batch(1, 1) };
    crate::usage::apply(model, Position::START, &[arrived]).await.unwrap();
}

async fn keys_are_due_from_their_end_on_until_it_is_on_record(on: Engine) {
    let plan =
        ApiKeyCommand::Revoke(RevokeKey { now: at(5), at: Some(at(50)), reason: "x".parse().unwrap() });
    let revoke = ApiKeyCommand::Revoke(RevokeKey { now: at(5), at: None, reason: "x".parse().unwrap() });
    let ending = |end| ApiKeyCommand::Issue(IssueKey { expires_at: Some(at(end)), ..issue(1) });
    let history = History::default()
        .key(1, &ending(100))
        .key(2, &ending(200))
        .key(2, &plan)
        .key(3, &ending(60))
        .key(3, &revoke);
    let (_dir, model) = given(on, history).await;
    let due = async |now| {
        let rows = keys::due(&model, at(now), 10).await.unwrap();
        rows.iter().map(|row| row.key_id).collect::<Vec<_>>()
    };
    assert_eq!(due(49).await, []);
    assert_eq!(due(50).await, [key(2)]);
    assert_eq!(due(100).await, [key(2), key(1)]);
}

async fn routes_overlap_when_the_same_call_could_be_either(on: Engine) {
    let define = |host, methods: &[&str], path| {
        RouteCommand::Define(DefineRoute { spec: route_spec(host, methods, path) })
    };
    let mut of_two_hosts = route_spec(Some("a.example.com"), &["GET"], "/orders/{order}");
    of_two_hosts.hosts.insert("*.example.com".parse().unwrap());
    let history = History::default()
        .route(1, &define_route())
        .route(2, &define(None, &["GET", "POST"], "/orders/{order}"))
        .route(3, &define(None, &["DELETE"], "/orders/{order}"))
        .route(4, &RouteCommand::Define(DefineRoute { spec: of_two_hosts }));
    let (_dir, model) = given(on, history).await;
    let check = async |host: Option<&str>,
                       method: &str,
                       path: &str,
                       except: Option<u64>,
                       expected: &[u64]| {
        let spec = route_spec(host, &[method], path);
        let (shape, except) = (spec.path.shape(), except.map(route));
        let rows =
            routes::find_overlapping(&model, &spec.hosts, &spec.methods, &shape, except).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.route_id).collect();
        assert_eq!(found, expected.iter().map(|n| route(*n)).collect::<Vec<_>>(), "{host:?} {method} {path}");
    };
    check(None, "POST", "/orders/{x}", None, &[2]).await;
    check(None, "POST", "/orders/{x}", Some(2), &[]).await;
    check(None, "PUT", "/orders/{x}", None, &[]).await;
    check(Some("api.example.com"), "GET", "/orders/{x}", None, &[1]).await;
    check(Some("api.example.com"), "GET", "/orders/x", None, &[]).await;
    for host in ["a.example.com", "*.example.com"] {
        check(Some(host), "GET", "/orders/{x}", None, &[4]).await;
    }
    let listed = async |host: &str| {
        let at_host = RouteFilter { host: Some(host.parse().unwrap()), ..RouteFilter::default() };
        routes::list(&model, &at_host, &ALL).await.unwrap().iter().map(|row| row.route_id).collect::<Vec<_>>()
    };
    assert_eq!(listed("api.example.com").await, [route(1)]);
    assert_eq!(listed("a.example.com").await, [route(4)]);
    assert_eq!(listed("*.example.com").await, [route(4)]);
    assert_eq!(listed("example.com").await, []);
}

async fn retired_routes_and_policies_stay_and_do_not_overlap(on: Engine) {
    let (_dir, model) = given(on, eventful()).await;
    let row = routes::get(&model, route(1)).await.unwrap().unwrap();
    assert_eq!(row.status, RouteStatus::Retired);
    let found =
        routes::find_overlapping(&model, &row.spec.hosts, &row.spec.methods, &row.spec.path.shape(), None)
            .await;
    assert_eq!(found.unwrap(), []);
    let retired = PolicyFilter { status: Some(PolicyStatus::Retired), ..PolicyFilter::default() };
    let rows = policies::list(&model, &retired, &ALL).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.policy_id).collect::<Vec<_>>(), [policy(2)]);
}

async fn a_policy_comes_with_whom_it_binds(on: Engine) {
    let history = History::default()
        .policy(1, &define_policy())
        .policy(1, &assign(1, Some(client(1))))
        .policy(1, &assign(2, None))
        .policy(2, &define_policy())
        .policy(2, &assign(3, Some(client(1))));
    let (_dir, model) = given(on, history).await;
    let found = policies::get(&model, policy(1)).await.unwrap().unwrap();
    assert_eq!(found.policy.version, 3);
    let ids: Vec<_> = found.assignments.iter().map(|row| row.assignment_id).collect();
    assert_eq!(ids, [assignment(1), assignment(2)]);
    let of_client = AssignmentFilter { client_id: Some(client(1)), ..AssignmentFilter::default() };
    let rows = policies::assignments(&model, &of_client, &ALL).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.policy_id).collect::<Vec<_>>(), [policy(1), policy(2)]);
    assert_eq!(policies::assignment(&model, assignment(3)).await.unwrap().unwrap().policy_id, policy(2));
    assert_eq!(policies::get(&model, policy(9)).await.unwrap(), None);
}

async fn audit_entries_are_found_by_who_what_when(on: Engine) {
    let (_dir, model) = given(on, eventful()).await;
    let check = async |filter: AuditFilter, expected: usize| {
        let found = audit::list(&model, &filter, &ALL).await.unwrap();
        assert_eq!(found.len(), expected, "{filter:?}");
    };
    let any = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let all = eventful().events.len();
    check(any(), all).await;
    check(AuditFilter { actor: text("bootstrap-admin"), request_id: text("req-1"), ..any() }, all).await;
    check(AuditFilter { actor: text("nobody"), ..any() }, 0).await;
    check(AuditFilter { action: text("api_key.issued"), ..any() }, 3).await;
    check(AuditFilter { subject_type: text("route"), ..any() }, 3).await;
    check(AuditFilter { subject_id: text(&key(3).to_string()), ..any() }, 2).await;
    check(AuditFilter { client_id: Some(client(2)), ..any() }, 4).await;
    check(AuditFilter { correlation_id: text("cor-2"), ..any() }, 0).await;
    check(AuditFilter { from: Some(at(2)), until: Some(at(4)), ..any() }, 2).await;
    check(AuditFilter { from: Some(at(3)), ..any() }, all - 2).await;
    check(AuditFilter { until: Some(at(3)), ..any() }, 2).await;
    check(AuditFilter { from: Some(at(9_999)), ..any() }, 0).await;
    check(AuditFilter { from: Some(at(4)), until: Some(at(2)), ..any() }, 0).await;
    let (after_position, before_position) = (Some(Position::new(2)), Some(Position::new(4)));
    check(AuditFilter { after_position, before_position, ..any() }, 1).await;
    assert_eq!(audit::get(&model, Position::new(1)).await.unwrap().unwrap().action, "api_client.registered");
    assert_eq!(audit::get(&model, Position::new(1_000)).await.unwrap(), None);
    let nowhere = Page { after: text("x"), limit: 1 };
    let refused = audit::list(&model, &any(), &nowhere).await;
    assert!(matches!(refused, Err(ReadFailure::Cursor { .. })));
}

async fn operations_come_with_what_became_of_their_items(on: Engine) {
    use domain::operation::ItemResult::{Applied, Refused};
    let items = (1..=12).map(|number| item(number, if number == 10 { Refused } else { Applied })).collect();
    let history = History::default()
        .operation(1, &plan_operation(&(1..=12).collect::<Vec<_>>()))
        .operation(1, &take_operation())
        .operation(1, &progress_operation(items))
        .operation(2, &plan_operation(&[1]))
        .operation(2, &take_operation())
        .operation(3, &plan_operation(&[1]));
    let (_dir, model) = given(on, history).await;
    let ids =
        |rows: Vec<operations::OperationRow>| rows.iter().map(|row| row.operation_id).collect::<Vec<_>>();
    let finished = OperationFilter { status: Some(OperationStatus::Finished), ..OperationFilter::default() };
    assert_eq!(ids(operations::list(&model, &finished, &ALL).await.unwrap()), [operation(1)]);
    assert_eq!(ids(operations::underway(&model, 9).await.unwrap()), [operation(2), operation(3)]);
    let row = operations::get(&model, operation(1)).await.unwrap().unwrap();
    assert_eq!((row.tally.applied, row.tally.refused, row.items_done), (11, 1, 12));
    assert_eq!(operations::get(&model, operation(9)).await.unwrap(), None);
    let numbers = async |result, page: Page| {
        let rows = operations::items(&model, operation(1), result, &page).await.unwrap();
        rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    let page = |after: Option<&str>| Page { after: after.map(str::to_owned), limit: 5 };
    assert_eq!(numbers(None, page(None)).await, [1, 2, 3, 4, 5]);
    assert_eq!(numbers(None, page(Some("9"))).await, [10, 11, 12]);
    assert_eq!(numbers(Some(Refused), page(None)).await, [10]);
    assert!(operations::items(&model, operation(2), None, &page(None)).await.unwrap().is_empty());
}

async fn leaks_are_found_by_whose_and_what_was_done(on: Engine) {
    use domain::api_key::LeakAction;
    let revoke = RevokeKey { now: at(1), at: None, reason: "gone".parse().unwrap() };
    let history = History::default()
        .client(1, &register("Acme"))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(issue(2)))
        .key(2, &ApiKeyCommand::Revoke(revoke))
        .key(2, &report_leak(2))
        .key(1, &report_leak(1));
    let (_dir, model) = given(on, history).await;
    let found = async |filter: LeakFilter, page: Page| {
        let rows = leaks::list(&model, &filter, &page).await.unwrap();
        rows.iter().map(|row| (row.leak_id, row.client_id)).collect::<Vec<_>>()
    };
    let (one, two) = ((leak(1), Some(client(1))), (leak(2), Some(client(2))));
    let any = LeakFilter::default;
    assert_eq!(found(any(), ALL).await, [two, one], "in the order in which they came");
    assert_eq!(found(any(), Page { after: Some("5".to_owned()), limit: 9 }).await, [one]);
    assert_eq!(found(LeakFilter { key_id: Some(key(1)), ..any() }, ALL).await, [one]);
    assert_eq!(found(LeakFilter { client_id: Some(client(2)), ..any() }, ALL).await, [two]);
    assert_eq!(found(LeakFilter { action: Some(LeakAction::None), ..any() }, ALL).await, [two]);
    assert_eq!(leaks::get(&model, leak(1)).await.unwrap().unwrap().action, LeakAction::Quarantined);
    assert_eq!(leaks::get(&model, leak(9)).await.unwrap(), None);
}

async fn keys_match_by_what_they_and_their_clients_are(on: Engine) {
    let revoke = RevokeKey { now: at(1), at: None, reason: "gone".parse().unwrap() };
    let sandbox = IssueKey { environment: "sandbox".parse().unwrap(), ..issue(2) };
    let history = History::default()
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(issue(2)))
        .key(3, &ApiKeyCommand::Issue(sandbox))
        .key(4, &ApiKeyCommand::Issue(issue(1)))
        .key(4, &ApiKeyCommand::Revoke(revoke));
    let (_dir, model) = given(on, history).await;
    let found = async |wanted: KeysMatching| {
        let rows = matching::keys(&model, &wanted, 100).await.unwrap();
        rows.iter().map(|row| row.key_id).collect::<Vec<_>>()
    };
    let any = KeysMatching::default;
    assert_eq!(found(any()).await, [key(1), key(2), key(3)], "one that has ended is not among them");
    assert_eq!(found(KeysMatching { client_id: Some(client(2)), ..any() }).await, [key(2), key(3)]);
    assert_eq!(
        found(KeysMatching { environment: Some("sandbox".parse().unwrap()), ..any() }).await,
        [key(3)]
    );
    assert_eq!(found(KeysMatching { owner_team: Some("nobody".to_owned()), ..any() }).await, []);
    assert_eq!(found(KeysMatching { issued_before: Some(at(4)), ..any() }).await, [key(1)]);
    assert_eq!(found(KeysMatching { unused_since: Some(at(5)), ..any() }).await, [key(1), key(2)]);
    let labelled = |value: &str| KeysMatching {
        labels: [("tier".parse().unwrap(), value.parse().unwrap())].into(),
        ..any()
    };
    assert_eq!(found(labelled("gold")).await.len(), 3);
    assert_eq!(found(labelled("golden")).await, []);
    assert_eq!(matching::keys(&model, &any(), 2).await.unwrap().len(), 2);
    assert!(matching::calls_since(&model, at(0)).await.unwrap().is_empty());
}

async fn keys_expire_in_their_order_and_only_those_that_live(on: Engine) {
    let ending = |end| ApiKeyCommand::Issue(IssueKey { expires_at: end, ..issue(1) });
    let revoke = RevokeKey { now: at(5), at: None, reason: "x".parse().unwrap() };
    let planned = RevokeKey { now: at(5), at: Some(at(700)), reason: "x".parse().unwrap() };
    let suspend = domain::api_key::SuspendKey { reason: "x".parse().unwrap() };
    let history = History::default()
        .client(1, &register("Acme"))
        .key(1, &ending(Some(at(900))))
        .key(2, &ending(Some(at(800))))
        .key(3, &ending(None))
        .key(4, &ending(Some(at(850))))
        .key(4, &ApiKeyCommand::Revoke(revoke))
        .key(5, &ending(Some(at(900))))
        .key(5, &ApiKeyCommand::Suspend(suspend))
        .key(6, &ending(Some(at(1_000))))
        .key(7, &ending(Some(at(950))))
        .key(7, &ApiKeyCommand::Revoke(planned));
    let (_dir, model) = given(on, history).await;
    let page = async |after, limit| keys::expiring(&model, at(800), at(1_000), after, limit).await.unwrap();
    let all = page(None, 10).await;
    let told: Vec<_> = all.iter().map(|row| (row.key_id, row.expires_at.unwrap())).collect();
    assert_eq!(told, [(key(2), at(800)), (key(1), at(900)), (key(5), at(900)), (key(7), at(950))]);
    assert_eq!((all[0].client_id, all[0].revoke_at), (client(1), None));
    assert_eq!((all[2].status, all[3].revoke_at), (KeyStatus::Suspended, Some(at(700))));
    let mut paged = vec![];
    let mut after = None;
    while let [row] = page(after, 1).await.as_slice() {
        after = Some((row.expires_at.unwrap(), row.key_id));
        paged.push(row.clone());
    }
    assert_eq!(paged, all);
}
