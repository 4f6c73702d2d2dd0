//! What auditors read in SQL (`migrations/*/0017_auditor_views.sql`), held against what the read models say.

use std::collections::BTreeSet;

use domain::{
    KeyId, Timestamp,
    api_client::{ApiClientCommand, ReinstateClient, SuspendClient},
    api_key::{ApiKeyCommand, ExpireKey, IssueKey, ReinstateKey, RevokeKey, SuspendKey},
    route::{DefineRoute, RouteCommand, RouteSpec},
};

use crate::{
    BadColumn, Columns, Past, ReadModel, Stored,
    queries::{
        Select,
        access_report::{self, AccessFilter},
    },
    testing::{
        Engine, History, at, client, issue, key, on_every_engine, project, read_model, register, route_spec,
    },
};

on_every_engine!(
    the_access_view_says_what_the_report_of_the_past_says,
    the_audit_view_has_every_entry_with_its_values,
    the_lifecycle_view_tells_each_step_of_a_key,
);

fn named(engine: Engine, view: &str) -> String {
    match engine {
        Engine::Sqlite => format!("tollgate_audit_{view}"),
        Engine::Postgres => format!("tollgate_audit.{view}"),
    }
}

/// Seconds of a time, for both engines.
fn seconds(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!("cast(strftime('%s', {column}) as integer)"),
        Engine::Postgres => format!("cast(extract(epoch from {column}) as bigint)"),
    }
}

struct Row(Vec<Option<String>>);

/// Texts and numbers of three columns.
impl Stored for Row {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        ["a", "b", "c"].map(|name| columns.text_or_none(name)).into_iter().collect::<Result<_, _>>().map(Self)
    }
}

async fn rows(model: &ReadModel, sql: &str) -> Vec<Vec<Option<String>>> {
    let rows: Vec<Row> = model.fetch(Select::new(sql, vec![])).await.unwrap();
    rows.into_iter().map(|Row(columns)| columns).collect()
}

/// Each event occurs at its position; what ends ends then.
fn organisation() -> History {
    let reason = || "because".parse().unwrap();
    let public = RouteSpec { required_scopes: [].into(), ..route_spec(None, &["GET"], "/public") };
    let revoke = |now: i64| ApiKeyCommand::Revoke(RevokeKey { now: at(now), at: None, reason: reason() });
    History::default()
        .route(1, &RouteCommand::Define(DefineRoute { spec: public }))
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .key(1, &ApiKeyCommand::Issue(IssueKey { expires_at: Some(at(17)), ..issue(1) }))
        .key(2, &ApiKeyCommand::Issue(IssueKey { not_before: Some(at(9)), expires_at: None, ..issue(1) }))
        .key(3, &ApiKeyCommand::Issue(issue(2)))
        .key(1, &ApiKeyCommand::Suspend(SuspendKey { reason: reason() }))
        .client(2, &ApiClientCommand::Suspend(SuspendClient { reason: reason() }))
        .key(3, &ApiKeyCommand::Suspend(SuspendKey { reason: reason() }))
        .client(2, &ApiClientCommand::Reinstate(ReinstateClient { reason: reason() }))
        .key(1, &ApiKeyCommand::Reinstate(ReinstateKey { reason: reason() }))
        .key(3, &ApiKeyCommand::Reinstate(ReinstateKey { reason: reason() }))
        .key(2, &revoke(13))
        .client(1, &ApiClientCommand::Suspend(SuspendClient { reason: reason() }))
        .client(1, &ApiClientCommand::Reinstate(ReinstateClient { reason: reason() }))
        .client(2, &ApiClientCommand::Suspend(SuspendClient { reason: reason() }))
        .client(2, &ApiClientCommand::Reinstate(ReinstateClient { reason: reason() }))
        .key(1, &ApiKeyCommand::Expire(ExpireKey { now: at(18) }))
}

async fn usable(history: &History, until: usize, moment: Timestamp) -> BTreeSet<KeyId> {
    let mut past = Past::default();
    history.events.iter().take(until).for_each(|recorded| past.take(recorded).unwrap());
    let model = past.read_model().await.unwrap();
    let all = access_report::whole(&model, &AccessFilter::default(), moment, 100).await.unwrap().unwrap();
    all.into_iter().map(|access| access.key_id).collect()
}

async fn the_access_view_says_what_the_report_of_the_past_says(engine: Engine) {
    let history = organisation();
    let (_dir, model) = read_model(engine).await;
    project(&model, &history, 100).await;
    let (view, from, until) =
        (named(engine, "access_as_of"), seconds(engine, "valid_from"), seconds(engine, "valid_until"));
    let mut seen = BTreeSet::new();
    for position in 1..=history.events.len() {
        let moment = at(i64::try_from(position).unwrap());
        let second = moment.as_second();
        let sql = format!(
            "select id as a, environment as b, holder_id as c from {view}
              where kind = 'key' and {from} <= {second} and (valid_until is null or {until} > {second})"
        );
        let listed = rows(&model, &sql).await;
        let ids: Vec<KeyId> = listed.iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
        let found: BTreeSet<KeyId> = ids.iter().copied().collect();
        assert_eq!(found.len(), ids.len(), "each once at {position}");
        assert_eq!(found, usable(&history, position, moment).await, "at {position}");
        assert!(listed.iter().all(|row| row[1].as_deref() == Some("prod")));
        seen.insert(found);
    }
    assert!(seen.len() > 6, "the history tells something: {}", seen.len());
    let ahead =
        format!("select id as a, id as b, id as c from {view} where kind = 'key' and valid_until is null");
    assert_eq!(rows(&model, &ahead).await, Vec::<Vec<Option<String>>>::new(), "the third ends by itself");
    let third = format!(
        "select cast({until} as text) as a, id as b, id as c from {view} where id = '{}' order by valid_from desc",
        key(3)
    );
    assert_eq!(rows(&model, &third).await[0][0], Some(at(1_000_000).as_second().to_string()));
}

async fn the_audit_view_has_every_entry_with_its_values(engine: Engine) {
    let history = organisation();
    let (_dir, model) = read_model(engine).await;
    project(&model, &history, 100).await;
    let view = named(engine, "audit_log");
    let sql = format!("select action as a, address as b, client_id as c from {view} order by position");
    let listed = rows(&model, &sql).await;
    assert_eq!(listed.len(), history.events.len());
    assert_eq!(listed[1][0].as_deref(), Some("api_client.registered"));
    assert!(listed.iter().all(|row| row[1].as_deref() == Some(crate::testing::ADDRESS)));
    assert_eq!(listed[3][2], Some(client(1).to_string()));
}

async fn the_lifecycle_view_tells_each_step_of_a_key(engine: Engine) {
    let history = organisation();
    let (_dir, model) = read_model(engine).await;
    project(&model, &history, 100).await;
    let (view, effective) = (named(engine, "key_lifecycle"), seconds(engine, "effective_at"));
    let sql = format!(
        "select happened as a, environment as b, cast({effective} as text) as c from {view}
          where key_id = '{}' order by position",
        key(1)
    );
    let told: Vec<_> = rows(&model, &sql).await;
    let steps: Vec<_> = told.iter().map(|row| row[0].as_deref().unwrap()).collect();
    assert_eq!(steps, ["issued", "suspended", "reinstated", "expired"]);
    assert_eq!(told[3][2], Some(at(17).as_second().to_string()), "when it stopped, not when that was noted");
    assert!(told.iter().all(|row| row[1].as_deref() == Some("prod")));
}
