//! One entry for each event, with its client, and with nothing of a secret.

use std::collections::BTreeSet;

use domain::{
    ObservationId,
    observation::{Observation, ObservationEvent, Observe},
};
use domain::{
    api_client::ApiClientEvent, api_key::ApiKeyEvent, operation::OperationEvent,
    rate_limit_policy::RateLimitPolicyEvent, route::RouteEvent, scheduled_change::ScheduledChangeEvent,
};
use eventlog::canonical;
use schemars::schema_for;
use serde_json::Value as Json;

use super::*;
use crate::{
    queries::{
        Page,
        audit::{self, AuditFilter},
    },
    testing::{
        ADDRESS, Engine, History, assignment, client, dump, eventful, key, on_every_engine, personal,
        project, read_model, register,
    },
};

on_every_engine!(
    every_event_of_every_type_has_its_entry,
    no_table_holds_a_digest_or_a_locator,
    later_events_of_keys_and_assignments_know_their_client,
    personal_values_are_shown_while_they_are_there,
    a_label_may_be_called_digest,
    entries_tell_what_changed,
    what_was_observed_is_an_entry_with_its_outcome,
    a_value_is_nowhere_but_in_its_own_table,
    a_value_is_not_read_by_its_commitment_elsewhere,
);

/// The entries of a history, oldest first.
async fn entries(on: Engine, history: &History) -> Vec<AuditEntry> {
    let (_dir, model) = read_model(on).await;
    project(&model, history, 5).await;
    let mut entries = audit::list(&model, &AuditFilter::default(), &Page::first(1_000)).await.unwrap();
    entries.reverse();
    entries
}

/// Every event type that the rules have.
fn all_types() -> BTreeSet<&'static str> {
    let all = [
        ApiClientEvent::TYPES,
        ApiKeyEvent::TYPES,
        RouteEvent::TYPES,
        RateLimitPolicyEvent::TYPES,
        OperationEvent::TYPES,
        ScheduledChangeEvent::TYPES,
    ];
    all.concat().into_iter().collect()
}

async fn every_event_of_every_type_has_its_entry(on: Engine) {
    let history = eventful();
    let entries = entries(on, &history).await;
    assert_eq!(entries.len(), history.events.len());
    for (entry, recorded) in entries.iter().zip(&history.events) {
        assert_eq!(entry.position, recorded.position);
        assert_eq!(entry.action, recorded.event.event_type());
        assert_eq!(entry.subject_id, recorded.event.subject());
        assert_eq!((&*entry.actor, &*entry.request_id), ("bootstrap-admin", "req-1"));
        assert_eq!(entry.address.as_deref(), Some(ADDRESS));
        assert_eq!(entry.data["event"], entry.action.split_once('.').unwrap().1, "{}", entry.data);
    }
    let seen: BTreeSet<_> = history.events.iter().map(|recorded| recorded.event.event_type()).collect();
    assert_eq!(seen, all_types(), "`eventful` tells every event type, so that these tests walk all of them");
}

async fn no_table_holds_a_digest_or_a_locator(on: Engine) {
    let history = eventful();
    let (_dir, model) = read_model(on).await;
    project(&model, &history, 100).await;
    let everything = format!("{:?}", dump(&model).await);
    assert!(everything.contains("…hnt1"), "hints are there");
    for version in [1_u8, 2] {
        let hmac = hex::encode([0xd0 + version; 32]);
        let locator = format!("LOCATOR00{version}");
        assert!(format!("{:?}", history.events).contains(&locator), "the events do hold it");
        assert!(!everything.contains(&hmac) && !everything.contains(&locator), "secret version {version}");
    }
    assert!(!everything.contains(&hex::encode([0xd9; 32])), "the foreign secret");
    for word in ["hmac", "pepper", "locator", "digest", "sha256"] {
        assert!(!everything.contains(word), "{word}");
    }
}

/// The schemas name the types of all fields, also of those that no test has filled: wherever a digest or a
/// locator can be in an event, the redaction must know it.
#[test]
fn secrets_are_in_no_event_but_those_that_are_redacted() {
    let schemas = [
        schema_for!(ApiClientEvent),
        schema_for!(ApiKeyEvent),
        schema_for!(RouteEvent),
        schema_for!(RateLimitPolicyEvent),
        schema_for!(OperationEvent),
    ];
    let mut carriers = BTreeSet::new();
    for schema in schemas {
        let root = schema.to_value();
        for variant in root["oneOf"].as_array().unwrap() {
            let event = variant["properties"]["event"]["const"].as_str().unwrap();
            let mut paths = vec![];
            find_secrets(variant, &root, "", &mut paths);
            carriers.extend(paths.into_iter().map(|path| format!("{event}{path}")));
        }
    }
    let expected = [
        "imported.secret.sha256",
        "issued.secret.digest",
        "issued.secret.locator",
        "rotated.secret.digest",
        "rotated.secret.locator",
    ];
    assert_eq!(carriers, expected.map(str::to_owned).into());
}

/// Follows references; a place where a secret's parts stand is a reference to their types.
fn find_secrets(schema: &Json, root: &Json, path: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
        if ["SecretDigest", "Locator", "PlainSecret", "ForeignDigest"].contains(&name) {
            found.push(path.to_owned());
        } else {
            find_secrets(&root["$defs"][name], root, path, found);
        }
    }
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        find_secrets(schema, root, &format!("{path}.{field}"), found);
    }
    for inside in ["items", "additionalProperties"] {
        find_secrets_in_object(&schema[inside], root, path, found);
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[list].as_array().into_iter().flatten() {
            find_secrets(schema, root, path, found);
        }
    }
}

fn find_secrets_in_object(schema: &Json, root: &Json, path: &str, found: &mut Vec<String>) {
    if schema.is_object() {
        find_secrets(schema, root, path, found);
    }
}

async fn later_events_of_keys_and_assignments_know_their_client(on: Engine) {
    let entries = entries(on, &eventful()).await;
    let client_of = |subject: String, action: &str| {
        let entry = entries.iter().find(|entry| entry.subject_id == subject && entry.action == action);
        entry.unwrap().client_id
    };
    assert_eq!(client_of(key(1).to_string(), "api_key.rotated"), Some(client(1)));
    assert_eq!(client_of(key(3).to_string(), "api_key.revoked"), Some(client(2)));
    assert_eq!(client_of(client(2).to_string(), "api_client.archived"), Some(client(2)));
    let unassigned = entries.iter().find(|entry| entry.action == "rate_limit_policy.unassigned").unwrap();
    assert_eq!(unassigned.data["assignment_id"], assignment(1).to_string());
    assert_eq!(unassigned.client_id, Some(client(1)));
    let defaults = |entry: &&AuditEntry| entry.data["assignment_id"] == assignment(2).to_string();
    assert_eq!(entries.iter().find(defaults).unwrap().client_id, None);
}

async fn personal_values_are_shown_while_they_are_there(on: Engine) {
    let mut history = eventful();
    let shown = &entries(on, &history).await[0];
    assert_eq!(shown.data["owner"]["email"], "team@example.com");
    assert_eq!(shown.data["contacts"][0]["name"], "Ada");

    history.events.iter_mut().for_each(|recorded| recorded.personal.clear());
    let erased = &entries(on, &history).await[0];
    assert_eq!(erased.address, None);
    assert_eq!(erased.data["owner"]["email"], personal("team@example.com").commitment().to_string());
}

async fn a_label_may_be_called_digest(on: Engine) {
    use domain::api_client::{ApiClientCommand, UpdateClient};
    let labels = [("digest".parse().unwrap(), "md5".parse().unwrap())].into();
    let update = UpdateClient { labels: Some(labels), ..UpdateClient::default() };
    let entries = entries(on, &eventful().client(1, &ApiClientCommand::Update(update))).await;
    assert_eq!(entries.last().unwrap().data["labels"]["digest"], "md5");
}

#[test]
fn the_event_s_own_words_are_what_would_be_made_of_it() {
    for recorded in eventful().events {
        let text = match &recorded.event {
            DomainEvent::ApiClient { event, .. } => canonical::to_text(event),
            DomainEvent::ApiKey { event, .. } => canonical::to_text(event),
            DomainEvent::Route { event, .. } => canonical::to_text(event),
            DomainEvent::RateLimitPolicy { event, .. } => canonical::to_text(event),
            DomainEvent::Projection { event, .. } => canonical::to_text(event),
            DomainEvent::Operation { event, .. } => canonical::to_text(event),
            DomainEvent::ScheduledChange { event, .. } => canonical::to_text(event),
            DomainEvent::Principal { event, .. } => canonical::to_text(event),
            DomainEvent::Grant { event, .. } => canonical::to_text(event),
            DomainEvent::Observation { event, .. } => canonical::to_text(event),
            DomainEvent::Erasure { event, .. } => canonical::to_text(event),
            DomainEvent::Approval { event, .. } => canonical::to_text(event),
            DomainEvent::ApprovalRule { event, .. } => canonical::to_text(event),
            DomainEvent::Webhook { event, .. } => canonical::to_text(event),
            DomainEvent::NotificationRule { event, .. } => canonical::to_text(event),
        }
        .unwrap();
        let words = redact::words(&recorded.event, &text).unwrap();
        assert_eq!(words, redact::data(&recorded.event).unwrap());
    }
}

/// The documents before and after, which the patches lead through.
fn patched(document: &Json, entry: &AuditEntry) -> Json {
    let mut document = document.clone();
    let patch: json_patch::Patch = serde_json::from_value(entry.changes.clone()).unwrap();
    json_patch::patch(&mut document, &patch).unwrap();
    document
}

async fn entries_tell_what_changed(on: Engine) {
    let entries = entries(on, &eventful()).await;
    let of = |subject: String| entries.iter().filter(move |entry| entry.subject_id == subject);
    let suspended = of(client(1).to_string()).find(|entry| entry.action == "api_client.suspended").unwrap();
    let expected = serde_json::json!([
        { "op": "test", "path": "/status", "value": "active" },
        { "op": "replace", "path": "/status", "value": "suspended" },
    ]);
    assert_eq!(suspended.changes, expected);

    // From nothing, each patch applies to what the one before has made: its tests hold.
    for subject in [client(1).to_string(), client(2).to_string(), key(1).to_string(), key(4).to_string()] {
        let last = of(subject).fold(Json::Null, |document, entry| patched(&document, entry));
        assert!(last["status"].is_string(), "{last}");
    }
    let assigned = entries.iter().find(|entry| entry.action == "rate_limit_policy.assigned").unwrap();
    let path = format!("/assignments/{}", assignment(1));
    assert_eq!(
        (&assigned.changes[0]["op"], &assigned.changes[0]["path"]),
        (&"add".into(), &path.as_str().into())
    );
    let unassigned = entries.iter().find(|entry| entry.action == "rate_limit_policy.unassigned").unwrap();
    assert_eq!(unassigned.changes[0]["value"]["client_id"], client(1).to_string(), "what was there before");
    assert_eq!(unassigned.changes[1], serde_json::json!({ "op": "remove", "path": path }));
    let reset = entries.iter().find(|entry| entry.action == "rate_limit_policy.limit_reset").unwrap();
    assert_eq!(reset.changes, serde_json::json!([]));
    let failed = entries.iter().find(|entry| entry.action == "scheduled_change.failed").unwrap();
    assert_eq!(failed.outcome, Outcome::Failed);
    let others = entries.iter().filter(|entry| entry.outcome != Outcome::Succeeded);
    assert_eq!(others.count(), 1, "the others have done what they were to do");
}

async fn what_was_observed_is_an_entry_with_its_outcome(on: Engine) {
    let mut history = History::default();
    let samples = domain::schema::sample_events().unwrap();
    for sample in samples {
        if let DomainEvent::Observation { id, event } = sample {
            let id = ObservationId::from_u128(id.to_u128() + u128::try_from(history.events.len()).unwrap());
            history = history.when::<Observation>(id, &Observe(event));
        }
    }
    let entries = entries(on, &history).await;
    let outcome = |action: &str| entries.iter().find(|entry| entry.action == action).unwrap().outcome;
    assert_eq!(entries.len(), ObservationEvent::TYPES.len());
    assert_eq!(outcome("observation.access_denied"), Outcome::Denied);
    assert_eq!(outcome("observation.authentication_failed"), Outcome::Failed);
    assert_eq!(outcome("observation.overflowed"), Outcome::Failed);
    assert_eq!(outcome("observation.signed_in"), Outcome::Succeeded);
    assert!(entries.iter().all(|entry| entry.changes == serde_json::json!([])), "nothing changed");
}

async fn a_value_is_nowhere_but_in_its_own_table(on: Engine) {
    let (_dir, model) = read_model(on).await;
    project(&model, &eventful(), 5).await;
    for table in TABLES {
        let rows = model.dump(table).await.unwrap();
        let its_own = table.name == PERSONAL.name;
        let text = format!("{rows:?}");
        for value in ["Ada", "ada@example.com", "team@example.com"] {
            assert_eq!(text.contains(value), its_own, "{value} in {}", table.name);
        }
        // An address range of a key is no personal value: it may hold the same text.
        let address = Value::Text(ADDRESS.to_owned());
        assert_eq!(rows.iter().any(|row| row.0.contains(&address)), its_own, "{}", table.name);
    }
}

async fn a_value_is_not_read_by_its_commitment_elsewhere(on: Engine) {
    use domain::api_client::{ApiClientCommand, UpdateClient};
    let stolen = personal("team@example.com").commitment().to_string();
    let name = Some(stolen.parse().unwrap());
    let mut history = eventful();
    history
        .events
        .iter_mut()
        .filter(|recorded| recorded.event.subject() == client(2).to_string())
        .for_each(|recorded| recorded.personal.clear());
    let update = ApiClientCommand::Update(UpdateClient { name, ..UpdateClient::default() });
    let mut history = history.client(3, &register("Curious")).client(3, &update);
    history.events.iter_mut().rev().take(2).for_each(|recorded| recorded.personal.clear());
    let entries = entries(on, &history).await;
    assert_eq!(entries.last().unwrap().data["name"], stolen);
}
