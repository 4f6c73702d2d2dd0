//! What webhooks are posted, as schemas: one for the messages of events, one for those of notices, and the data of each.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON's own: what is not there is null, and is made where it is written"
)]

use domain::{
    notice::NoticeName,
    schema::{EventSchema, event_schemas},
    webhook::EventPattern,
};
use notifier::notice;
use projections::event_message::PERSONAL_FIELDS;
use serde_json::{Map, Value, json};

/// File names under `schemas/webhooks/` with their schemas.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut files = vec![
        ("event.v1.json".to_owned(), event()),
        ("notice.v1.json".to_owned(), notices()),
        ("endpoint.verify.v1.json".to_owned(), challenge()),
    ];
    files.extend(event_schemas().iter().filter_map(data));
    files.extend(notice::schemas().into_iter().map(|(name, schema)| {
        let file = notice_file(name);
        (file.clone(), with_id(schema, &file))
    }));
    files
}

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

fn event() -> Value {
    let mut schema = envelope("event.v1.json", "The message of an event of the log.");
    let cases = event_schemas().into_iter().map(|event| {
        let file = match data(&event) {
            Some((file, _)) => file,
            None => format!("../events/{}", event.file_name()),
        };
        case(event.event_type, &file)
    });
    schema["allOf"] = cases.collect();
    let own = json!({
        "position": { "type": "integer", "minimum": 0, "description": "Of the event in the log: it orders all that is told of events." },
        "sequence": { "type": "integer", "minimum": 1, "description": "Counts the events of the subject, without a hole, whether all of them are told or not." },
        "actor": {
            "type": "object",
            "description": "Who did it.",
            "properties": { "id": { "type": "string" }, "kind": { "type": "string" } },
            "required": ["id", "kind"],
        },
        "data": { "type": "object", "description": "The event as the audit log shows it, without personal values." },
        "test": { "const": true, "description": "Only there where it is made up: somebody wanted to see whether it arrives." },
    });
    add(&mut schema, own, &["position", "sequence", "actor", "data"]);
    schema
}

fn notices() -> Value {
    let mut schema = envelope("notice.v1.json", "The message of a notice.");
    let cases = NoticeName::ALL.iter().map(|name| case(&EventPattern::type_of(*name), &notice_file(*name)));
    schema["allOf"] = cases.collect();
    let own = json!({
        "position": { "type": ["integer", "null"], "description": "Of the event in the log that it was found at; null of what the time has brought." },
        "sequence": { "type": "integer", "minimum": 1, "description": "Counts the notices about the subject." },
        "severity": { "enum": ["info", "warning", "critical"] },
        "title": { "type": "string", "description": "For people: one line." },
        "data": { "type": "object" },
    });
    add(&mut schema, own, &["position", "sequence", "severity", "title", "data"]);
    schema
}

fn challenge() -> Value {
    json!({
        "$schema": DRAFT,
        "$id": "endpoint.verify.v1.json",
        "title": "endpoint.verify",
        "description": "Asks whoever answers whether they want to be told: a 2xx answer that has the challenge in the first 1024 bytes of its body says so.",
        "type": "object",
        "properties": {
            "type": { "const": "endpoint.verify" },
            "timestamp": { "type": "string", "format": "date-time" },
            "data": {
                "type": "object",
                "properties": { "challenge": { "type": "string" } },
                "required": ["challenge"],
            },
        },
        "required": ["type", "timestamp", "data"],
    })
}

fn envelope(id: &str, description: &str) -> Value {
    json!({
        "$schema": DRAFT,
        "$id": id,
        "title": id.strip_suffix(".v1.json"),
        "description": description,
        "type": "object",
        "properties": {
            "type": { "type": "string" },
            "timestamp": { "type": "string", "format": "date-time" },
            "id": { "type": "string", "pattern": "^msg_[0-7][0-9a-hjkmnp-tv-z]{25}$", "description": "The same each time that it is sent: `webhook-id` has it, too." },
            "subject": {
                "type": "object",
                "properties": { "type": { "type": "string" }, "id": { "type": "string" } },
                "required": ["type", "id"],
            },
            "client_id": { "type": ["string", "null"], "description": "The client that it concerns." },
            "environment": { "type": ["string", "null"] },
        },
        "required": ["type", "timestamp", "id", "subject", "client_id", "environment"],
    })
}

/// What the data are, by the type of the message.
fn case(message_type: &str, file: &str) -> Value {
    json!({
        "if": { "properties": { "type": { "const": message_type } } },
        "then": { "properties": { "data": { "$ref": file } } },
    })
}

fn add(schema: &mut Value, own: Value, required: &[&str]) {
    if let (Some(properties), Value::Object(own)) = (schema["properties"].as_object_mut(), own) {
        properties.extend(own);
    }
    if let Some(all) = schema["required"].as_array_mut() {
        all.extend(required.iter().map(|name| json!(name)));
    }
}

fn notice_file(name: NoticeName) -> String {
    format!("{}.v1.json", EventPattern::type_of(name))
}

fn with_id(mut schema: Value, id: &str) -> Value {
    schema["$id"] = json!(id);
    schema["title"] = json!(id.strip_suffix(".v1.json"));
    schema
}

/// The data of an event where something is left out of them; none where they are the event itself.
fn data(event: &EventSchema) -> Option<(String, Value)> {
    let mut schema = event.schema.clone();
    leave_out(&mut schema);
    if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        for (of, members) in [
            ("SecretVersion", &["digest", "locator"][..]),
            ("ForeignVersion", &["sha256"]),
            ("Personal", &[]),
        ] {
            match defs.get_mut(of) {
                Some(_) if members.is_empty() => drop(defs.remove(of)),
                Some(secret) => members.iter().for_each(|member| without(secret, member)),
                None => {}
            }
        }
    }
    let file = format!("{}.data.v{}.json", event.event_type, event.version);
    (schema != event.schema).then(|| (file.clone(), json_with_id(schema, &file)))
}

fn json_with_id(mut schema: Value, id: &str) -> Value {
    schema["$id"] = json!(id);
    schema
}

/// Takes away every member that is a commitment to a personal value.
fn leave_out(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let properties = members.get("properties").and_then(Value::as_object);
            let personal: Vec<String> = properties.map(personal).unwrap_or_default();
            for name in personal {
                remove(members, &name);
            }
            members.values_mut().for_each(leave_out);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn personal(properties: &Map<String, Value>) -> Vec<String> {
    let personal = |(name, of): &(&String, &Value)| {
        let refers = |of: &Value| of.get("$ref") == Some(&json!("#/$defs/Personal"));
        let either = of.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        let listed = of.get("items").is_some_and(refers);
        PERSONAL_FIELDS.contains(&name.as_str()) && (refers(of) || listed || either.into_iter().any(refers))
    };
    properties.iter().filter(personal).map(|(name, _)| name.clone()).collect()
}

fn without(schema: &mut Value, member: &str) {
    if let Some(members) = schema.as_object_mut() {
        remove(members, member);
    }
}

fn remove(schema: &mut Map<String, Value>, member: &str) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove(member);
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != member);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_referred_to_is_there_and_nothing_personal_is_left() {
        let files: BTreeMap<String, Value> = schemas().into_iter().collect();
        let events: Vec<String> = event_schemas().iter().map(|event| event.file_name()).collect();
        for (name, schema) in &files {
            let text = schema.to_string();
            for referred in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let there = match (referred.strip_prefix("../events/"), referred.strip_prefix("#/$defs/")) {
                    (Some(event), _) => events.iter().any(|known| known == event),
                    (None, Some(of)) => schema["$defs"].get(of).is_some(),
                    (None, None) => files.contains_key(referred),
                };
                assert!(there, "{name}: {referred}");
            }
            for word in ["#/$defs/Personal\"", "\"digest\":", "\"locator\":", "\"sha256\":"] {
                assert!(!text.contains(word), "{name}: {word}");
            }
        }
        assert_eq!(files["event.v1.json"]["allOf"].as_array().unwrap().len(), events.len());
    }
}
