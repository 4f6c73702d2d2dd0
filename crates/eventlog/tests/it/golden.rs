//! Every version of every event ever written can still be read.

use std::{collections::BTreeSet, fs, path::Path};

use domain::{
    EventType, api_client::ApiClientEvent, api_key::ApiKeyEvent, approval::ApprovalEvent,
    approval_rule::ApprovalRuleEvent, erasure::ErasureEvent, grant::GrantEvent,
    notification_rule::NotificationRuleEvent, observation::ObservationEvent, operation::OperationEvent,
    principal::PrincipalEvent, projection::ProjectionEvent, rate_limit_policy::RateLimitPolicyEvent,
    route::RouteEvent, scheduled_change::ScheduledChangeEvent, webhook::WebhookEvent,
};
use serde_json::Value;
use tollgate_eventlog::{canonical, upcast};

/// Reads a payload as its aggregate's event and answers the type it then has.
fn decode(event_type: &str, payload: Value) -> serde_json::Result<&'static str> {
    Ok(match event_type.split('.').next().unwrap() {
        "api_client" => serde_json::from_value::<ApiClientEvent>(payload)?.event_type(),
        "api_key" => serde_json::from_value::<ApiKeyEvent>(payload)?.event_type(),
        "route" => serde_json::from_value::<RouteEvent>(payload)?.event_type(),
        "rate_limit_policy" => serde_json::from_value::<RateLimitPolicyEvent>(payload)?.event_type(),
        "operation" => serde_json::from_value::<OperationEvent>(payload)?.event_type(),
        "scheduled_change" => serde_json::from_value::<ScheduledChangeEvent>(payload)?.event_type(),
        "principal" => serde_json::from_value::<PrincipalEvent>(payload)?.event_type(),
        "grant" => serde_json::from_value::<GrantEvent>(payload)?.event_type(),
        "approval" => serde_json::from_value::<ApprovalEvent>(payload)?.event_type(),
        "approval_rule" => serde_json::from_value::<ApprovalRuleEvent>(payload)?.event_type(),
        "webhook" => serde_json::from_value::<WebhookEvent>(payload)?.event_type(),
        "notification_rule" => serde_json::from_value::<NotificationRuleEvent>(payload)?.event_type(),
        "erasure" => serde_json::from_value::<ErasureEvent>(payload)?.event_type(),
        "observation" => serde_json::from_value::<ObservationEvent>(payload)?.event_type(),
        "projection" => serde_json::from_value::<ProjectionEvent>(payload)?.event_type(),
        other => panic!("no aggregate is called {other}"),
    })
}

/// Names of what is kept of a secret, and of what finds it.
const OF_SECRETS: [&str; 4] = ["hmac", "digest", "locator", "sha256"];

fn check_nothing_of_a_secret(value: &Value, name: &str) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                assert!(!OF_SECRETS.contains(&field.as_str()), "{field} of {name}");
                check_nothing_of_a_secret(value, name);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check_nothing_of_a_secret(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_audited_bytes_of_no_sample_find_or_prove_a_secret() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/events/samples");
    let mut with_secrets = 0;
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let payload: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let payload = canonical::to_text(&payload).unwrap();
        let audited = canonical::audited_payload(&payload);
        with_secrets += usize::from(audited != payload);
        let name = path.display().to_string();
        check_nothing_of_a_secret(&serde_json::from_str(&audited).unwrap(), &name);
    }
    assert!(with_secrets >= 6, "the samples have secrets in them");
}

#[test]
fn every_golden_sample_can_be_read_today() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/events/samples");
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (event_type, version) = name.rsplit_once(".v").unwrap();
        // `1.first`: as version 1 was written before it was given a field that may be missing.
        let version = version.split('.').next().unwrap();
        let payload = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let raised = upcast::to_current(event_type, version.parse().unwrap(), payload).unwrap();
        assert_eq!(decode(event_type, raised).map_err(|e| e.to_string()), Ok(event_type), "{name}");
        seen.insert(event_type.to_owned());
    }
    assert_eq!(seen, domain::schema::event_types().map(str::to_owned).collect(), "a sample for every event");
}
