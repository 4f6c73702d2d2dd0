//! The envelope: what leaves is what the schema promises, and nothing altered comes back in.

use domain::Position;
use serde_json::Value;
use tollgate_eventlog::{StoredEvent, bus::envelope};

use crate::bus::log_with;

async fn sample() -> StoredEvent {
    let dir = tempfile::tempdir().unwrap();
    let log = log_with(dir.path(), 2).await;
    log.read_stored(Position::new(1), 1).await.unwrap().remove(0)
}

fn schema() -> Value {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/bus/envelope.v1.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_comes_back_byte_for_byte() {
    let event = sample().await;
    let sent = envelope::encode(&event).unwrap();
    assert_eq!(sent.subject, format!("tollgate.events.v1.api_client.{}.registered", event.aggregate_id));
    let back = envelope::decode_at(Position::new(2), &sent.body).unwrap();
    assert_eq!(back, StoredEvent { event_no: 0, ..event });
    assert!(envelope::decode_at(Position::new(3), &sent.body).is_err(), "it stands elsewhere");
}

#[tokio::test]
async fn what_is_sent_is_what_the_schema_promises() {
    let sent: Value = serde_json::from_slice(&envelope::encode(&sample().await).unwrap().body).unwrap();
    let (schema, sent) = (schema(), sent.as_object().unwrap().clone());
    let properties = schema["properties"].as_object().unwrap();
    for required in schema["required"].as_array().unwrap() {
        assert!(sent.contains_key(required.as_str().unwrap()), "{required} is missing");
    }
    for (name, value) in &sent {
        let promised = properties.get(name).unwrap_or_else(|| panic!("{name} is not in the schema"));
        let kind = if value.is_string() { "string" } else { "object" };
        assert_eq!(promised["type"], kind, "{name}");
        if let Some(constant) = promised.get("const") {
            assert_eq!(constant, value, "{name}");
        }
        // CloudEvents: attribute names are lower-case letters and digits.
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
    }
    assert_eq!(sent["type"], "tollgate.api_client.registered.v1");
}

#[tokio::test]
async fn no_personal_value_is_in_a_message() {
    let body = String::from_utf8(envelope::encode(&sample().await).unwrap().body).unwrap();
    for value in ["192.0.2.7", "owner@example.com"] {
        assert!(!body.contains(value), "{body}");
    }
}

#[tokio::test]
async fn whatever_is_altered_is_refused() {
    let event = sample().await;
    let body = envelope::encode(&event).unwrap().body;
    let sent: Value = serde_json::from_slice(&body).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        if name == "datacontenttype" {
            // Says nothing about the event.
            continue;
        }
        // The last character but one of any field, the data and the metadata included.
        let text = value.to_string();
        let mut altered = text.clone().into_bytes();
        let at = altered.iter().rposition(u8::is_ascii_alphanumeric).unwrap();
        altered[at] = if altered[at] == b'1' { b'2' } else { b'1' };
        let altered = String::from_utf8(altered).unwrap();
        let field = format!("\"{name}\":{text}");
        let whole = String::from_utf8(body.clone()).unwrap();
        assert!(whole.contains(&field), "{field} in {whole}");
        let message = whole.replace(&field, &format!("\"{name}\":{altered}"));
        assert!(
            envelope::decode_at(event.position, message.as_bytes()).is_err(),
            "{name} was altered to {altered} and not noticed"
        );
    }
    for rubbish in ["", "{}", "null", "[1]"] {
        assert!(envelope::decode(rubbish.as_bytes()).is_err());
    }
}

#[tokio::test]
async fn a_field_that_a_later_version_adds_is_no_alteration() {
    let event = sample().await;
    let body = String::from_utf8(envelope::encode(&event).unwrap().body).unwrap();
    let later = body.replacen('{', "{\"traceparent\":\"00-1-2-01\",", 1);
    assert_eq!(envelope::decode(later.as_bytes()).unwrap().event_id, event.event_id);
}
