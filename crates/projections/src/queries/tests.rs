//! Each question against rows that the projections made.

use domain::{
    Position,
    api_client::{ApiClientCommand, ArchiveClient, ClientKind},
    api_key::{ApiKeyCommand, IssueKey, RevokeKey},
    route::{DefineRoute, RouteCommand},
};
use tempfile::TempDir;

use super::{
    Page,
    audit::{self, AuditFilter},
    clients::{self, ClientFilter},
    keys::{self, KeyFilter},
    policies::{self, AssignmentFilter, PolicyFilter},
    routes::{self, RouteFilter},
};
use crate::{
    ClientStatus, KeyStatus, PolicyStatus, ReadFailure, ReadModel, RouteStatus,
    testing::{
        Engine, History, assign, assignment, at, client, define_policy, define_route, eventful, issue, key,
        on_every_engine, policy, project, read_model, register, route, route_spec,
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
    keys_are_found_by_what_they_are,
    keys_are_due_from_their_end_on_until_it_is_on_record,
    routes_overlap_when_the_same_call_could_be_either,
    retired_routes_and_policies_stay_and_do_not_overlap,
    a_policy_comes_with_whom_it_binds,
    audit_entries_are_found_by_who_what_when,
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
