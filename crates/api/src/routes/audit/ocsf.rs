//! An entry in the words of the Open Cybersecurity Schema Framework, version 1.6.0, which collectors of security events read.

use projections::queries::audit::{AuditEntry, Outcome};
use serde_json::{Value, json};

use domain::metadata::ActorKind;

const SCHEMA_VERSION: &str = "1.6.0";
/// Classes, each of its category.
const ACCOUNT_CHANGE: u32 = 3_001;
const AUTHENTICATION: u32 = 3_002;
const API_ACTIVITY: u32 = 6_003;
/// What no other activity of a class fits.
const OTHER: u32 = 99;

/// The event that an entry is, with the entry as it is for what the schema has no place for.
pub(super) fn event(entry: &AuditEntry, whole: &Value) -> Value {
    let (class, activity) = class_of(&entry.action);
    let (status, severity) = match entry.outcome {
        Outcome::Succeeded => (1, 1),
        Outcome::Denied | Outcome::Failed => (2, 2),
    };
    let mut event = json!({
        "category_uid": class / 1_000,
        "class_uid": class,
        "activity_id": activity,
        "activity_name": entry.action,
        "type_uid": class * 100 + activity,
        "severity_id": severity,
        "status_id": status,
        "status_detail": entry.outcome.as_str(),
        "time": entry.occurred_at.as_millisecond(),
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": { "name": "Tollgate", "vendor_name": "Tollgate" },
            "uid": entry.event_id,
            "sequence": entry.position.get(),
            "event_code": entry.action,
            "correlation_uid": entry.correlation_id,
            "logged_time": entry.recorded_at.as_millisecond(),
        },
        "actor": { "user": user(&entry.actor, entry.actor_kind) },
        "src_endpoint": match &entry.address {
            Some(address) => json!({ "ip": address }),
            None => json!({ "name": "unknown" }),
        },
        "unmapped": whole,
    });
    let more = match class {
        ACCOUNT_CHANGE => json!({ "user": { "uid": entry.subject_id } }),
        AUTHENTICATION => json!({ "user": signed_in(entry), "service": { "name": "Tollgate" } }),
        _ => json!({
            "api": { "operation": entry.action, "request": { "uid": entry.request_id } },
            "resources": [{ "type": entry.subject_type, "uid": entry.subject_id }],
        }),
    };
    add(&mut event, more);
    if let Some(reason) = &entry.reason {
        add(&mut event, json!({ "message": reason }));
    }
    if let Some(agent) = &entry.user_agent {
        add(&mut event, json!({ "http_request": { "uid": entry.request_id, "user_agent": agent } }));
    }
    event
}

fn add(event: &mut Value, more: Value) {
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
}

fn user(id: &str, kind: ActorKind) -> Value {
    match kind {
        ActorKind::Person => json!({ "uid": id, "type_id": 1 }),
        ActorKind::ServiceAccount => json!({ "uid": id, "type_id": OTHER, "type": kind.as_str() }),
        ActorKind::System => json!({ "uid": id, "type_id": 3 }),
    }
}

/// Whom a sign-in is of: nobody has proven to be anybody where it failed.
fn signed_in(entry: &AuditEntry) -> Value {
    match entry.data.get("principal_id").and_then(Value::as_str) {
        Some(id) => json!({ "uid": id, "type_id": 1 }),
        None => json!({ "uid": "unknown", "type_id": 0 }),
    }
}

/// The class and its activity.
fn class_of(action: &str) -> (u32, u32) {
    match action {
        "observation.signed_in" | "observation.authentication_failed" => (AUTHENTICATION, 1),
        "observation.signed_out" => (AUTHENTICATION, 2),
        "observation.exported" | "observation.secret_searched" => (API_ACTIVITY, 2),
        "principal.person_added" | "principal.service_account_made" => (ACCOUNT_CHANGE, 1),
        "principal.enabled" => (ACCOUNT_CHANGE, 2),
        "principal.disabled" => (ACCOUNT_CHANGE, 5),
        _ => match action.split_once('.') {
            Some(("principal", _)) => (ACCOUNT_CHANGE, OTHER),
            Some(("observation", _)) => (API_ACTIVITY, OTHER),
            Some((_, event)) => (API_ACTIVITY, activity_of(event)),
            None => (API_ACTIVITY, OTHER),
        },
    }
}

/// What is made is created, what ends for good is deleted, all else is a change.
fn activity_of(event: &str) -> u32 {
    match event {
        "registered" | "issued" | "imported" | "defined" | "assigned" | "given" | "planned" => 1,
        "archived" | "revoked" | "expired" | "retired" | "unassigned" | "withdrawn" | "cancelled" => 4,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_class_and_an_activity() {
        for sample in domain::schema::sample_events().unwrap() {
            let action = sample.event_type();
            let (class, activity) = class_of(action);
            let known = match class {
                API_ACTIVITY => [1, 2, 3, 4, OTHER].contains(&activity),
                ACCOUNT_CHANGE => [1, 2, 5, OTHER].contains(&activity),
                AUTHENTICATION => [1, 2].contains(&activity),
                _ => false,
            };
            assert!(known, "{action}: {class} {activity}");
        }
        assert_eq!(class_of("api_key.revoked"), (API_ACTIVITY, 4));
        assert_eq!(class_of("api_client.renamed"), (API_ACTIVITY, 3));
        assert_eq!(class_of("observation.access_denied"), (API_ACTIVITY, OTHER));
    }
}
