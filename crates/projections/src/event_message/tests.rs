//! What is told, and to whom: as the audit log shows it, and to whom it shows it.

use std::collections::BTreeSet;

use domain::{
    access::{GrantScope, Limits, Reach},
    schema::{event_schemas, sample_events},
    webhook::WebhookSpec,
};
use serde_json::Value;

use super::*;
use crate::{
    queries::audit,
    testing::{Engine, eventful, on_every_engine, personal, project, read_model},
};

on_every_engine!(a_webhook_is_told_what_a_grant_in_its_scope_shows,);

async fn a_webhook_is_told_what_a_grant_in_its_scope_shows(on: Engine) {
    let history = eventful();
    let (_dir, model) = read_model(on).await;
    project(&model, &history, 100).await;
    let about = about(&model, &history.events).await.unwrap();
    let team = |name: &str| GrantScope::team(name.parse().unwrap());
    let environments = |names: &[&str]| GrantScope::environments(names.iter().map(|n| n.parse().unwrap()));
    let both = GrantScope::Limited(Limits {
        team: Some("billing".parse().unwrap()),
        environments: Some(["prod".parse().unwrap()].into()),
    });
    let scopes = [GrantScope::All, team("billing"), team("nobody"), environments(&["prod", "test"]), both];
    for scope in scopes {
        let reach = match &scope {
            GrantScope::All => Reach::Everything,
            GrantScope::Limited(limits) => Reach::Within(vec![limits.clone()]),
        };
        let spec = WebhookSpec {
            name: "all".parse().unwrap(),
            url: "https://hooks.example.com/".parse().unwrap(),
            events: ["*".parse().unwrap()].into(),
            scope: scope.clone(),
        };
        for (recorded, about) in history.events.iter().zip(&about) {
            let event_type = recorded.event.event_type();
            let shown = audit::get_within(&model, recorded.position, &reach).await.unwrap();
            assert_eq!(is_told(&spec, event_type, about), shown.is_some(), "{scope} {event_type} {about:?}");
            if let Some(shown) = shown {
                let message = EventMessage::of(recorded, about).unwrap();
                assert_eq!(
                    (message.event_type, &message.subject.id, message.client_id),
                    (&*shown.action, &shown.subject_id, shown.client_id),
                );
            }
        }
    }
}

#[test]
fn a_message_is_named_by_its_event_and_by_nothing_else() {
    let history = eventful();
    let ids: BTreeSet<_> = history.events.iter().map(|recorded| message_id(recorded.event_id)).collect();
    assert_eq!(ids.len(), history.events.len());
    let event_id = "evt_01kdvqa40000000000000000s1".parse().unwrap();
    assert_eq!(message_id(event_id).to_string(), "msg_0sngfrqk39tpervgp91r3agxx8");
}

#[test]
fn what_is_told_has_no_trace_of_a_personal_value() {
    let nobody = About {
        client_id: None,
        team: None,
        environment: None,
        facts: domain::access::ResourceFacts::Shared,
    };
    for recorded in eventful().events {
        let body = EventMessage::of(&recorded, &nobody).unwrap().body().unwrap();
        for text in ["Ada", "ada@example.com", "team@example.com"] {
            let trace = personal(text).commitment().to_string();
            assert!(!body.contains(text) && !body.contains(&trace), "{body}");
        }
    }
    for sample in sample_events().unwrap() {
        let mut data = shown_event(&sample, &domain::personal::PersonalValues::new()).unwrap();
        super::personal::leave_out(&mut data);
        assert!(!data.to_string().contains("@example"), "{data}");
    }
}

#[test]
fn every_place_of_a_personal_value_is_known() {
    let mut places = BTreeSet::new();
    for event in event_schemas() {
        collect(&event.schema, &mut places);
    }
    assert_eq!(places, PERSONAL_FIELDS.map(str::to_owned).into());
}

fn collect(schema: &Value, places: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, of) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if of.to_string().contains("#/$defs/Personal\"") {
                    places.insert(name.clone());
                }
            }
            members.values().for_each(|member| collect(member, places));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, places)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
