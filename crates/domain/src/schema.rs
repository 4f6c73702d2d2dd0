//! The contract of every event with those who read it: one JSON Schema and one golden sample for each.

mod samples;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

pub use samples::sample_events;

use crate::{
    api_client::ApiClientEvent, api_key::ApiKeyEvent, approval::ApprovalEvent,
    approval_rule::ApprovalRuleEvent, erasure::ErasureEvent, grant::GrantEvent,
    notification_rule::NotificationRuleEvent, observation::ObservationEvent, operation::OperationEvent,
    principal::PrincipalEvent, projection::ProjectionEvent, rate_limit_policy::RateLimitPolicyEvent,
    route::RouteEvent, scheduled_change::ScheduledChangeEvent, webhook::WebhookEvent,
};

/// The JSON Schema of one event's payload, in the version that is written today.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSchema {
    /// `<aggregate>.<event>`.
    pub event_type: &'static str,
    pub version: u16,
    /// Draft 2020-12. Its properties are what is always written; a reader leaves room for more.
    pub schema: Value,
}

/// One schema for each event of each aggregate, in the order of their declaration.
#[must_use]
pub fn event_schemas() -> Vec<EventSchema> {
    [
        ApiClientEvent::schemas(),
        ApiKeyEvent::schemas(),
        RouteEvent::schemas(),
        RateLimitPolicyEvent::schemas(),
        ProjectionEvent::schemas(),
        OperationEvent::schemas(),
        ScheduledChangeEvent::schemas(),
        PrincipalEvent::schemas(),
        GrantEvent::schemas(),
        ObservationEvent::schemas(),
        ErasureEvent::schemas(),
        ApprovalEvent::schemas(),
        ApprovalRuleEvent::schemas(),
        WebhookEvent::schemas(),
        NotificationRuleEvent::schemas(),
    ]
    .concat()
}

const TYPES: [&[&str]; 15] = [
    ApiClientEvent::TYPES,
    ApiKeyEvent::TYPES,
    RouteEvent::TYPES,
    RateLimitPolicyEvent::TYPES,
    ProjectionEvent::TYPES,
    OperationEvent::TYPES,
    ScheduledChangeEvent::TYPES,
    PrincipalEvent::TYPES,
    GrantEvent::TYPES,
    ObservationEvent::TYPES,
    ErasureEvent::TYPES,
    ApprovalEvent::TYPES,
    ApprovalRuleEvent::TYPES,
    WebhookEvent::TYPES,
    NotificationRuleEvent::TYPES,
];

/// The type of every event, in the order of their declaration.
pub fn event_types() -> impl Iterator<Item = &'static str> {
    TYPES.into_iter().flatten().copied()
}

impl EventSchema {
    /// The schema's `$id`, and its file under `schemas/events/`: `api_key.issued.v1.json`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let Self { event_type, version, schema: _ } = self;
        format!("{event_type}.v{version}.json")
    }

    /// The schema of a payload as the event enum writes it: its own properties, and its tag in `event`.
    pub(crate) fn of<Payload: JsonSchema>(event_type: &'static str) -> Self {
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let mut schema =
            Self { event_type, version: 1, schema: generator.into_root_schema_for::<Payload>().into() };
        schema.add_tag();
        schema
    }

    fn add_tag(&mut self) {
        let id = self.file_name();
        let tag = self.event_type.rsplit('.').next().unwrap_or_default();
        let Some(schema) = self.schema.as_object_mut() else { return };
        schema.insert("$id".to_owned(), json!(id));
        schema.insert("title".to_owned(), json!(self.event_type));
        if let Some(properties) = schema.entry("properties").or_insert(json!({})).as_object_mut() {
            properties.insert("event".to_owned(), json!({ "type": "string", "const": tag }));
        }
        if let Some(required) = schema.entry("required").or_insert(json!([])).as_array_mut() {
            required.insert(0, json!("event"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_event_has_a_schema_that_names_it() {
        let schemas = event_schemas();
        let named: Vec<&str> = schemas.iter().map(|schema| schema.event_type).collect();
        assert_eq!(named, TYPES.concat());
        for schema in &schemas {
            assert_eq!(schema.schema["$id"], json!(schema.file_name()));
            assert_eq!(schema.schema["$schema"], json!("https://json-schema.org/draft/2020-12/schema"));
            assert!(schema.schema["description"].is_string(), "{} says what happened", schema.event_type);
        }
    }

    #[test]
    fn every_event_has_a_sample_that_reads_back() {
        let samples = sample_events().unwrap();
        let named: Vec<&str> = samples.iter().map(|sample| sample.event_type()).collect();
        assert_eq!(named, TYPES.concat());
        for (sample, schema) in samples.iter().zip(event_schemas()) {
            assert_eq!(sample.event_version(), schema.version);
            assert_eq!(read_back(sample), *sample);
        }
    }

    #[test]
    fn a_sample_has_exactly_the_properties_its_schema_lists() {
        for (sample, schema) in sample_events().unwrap().iter().zip(event_schemas()) {
            let payload = sample.payload().unwrap();
            assert_shape(sample.event_type(), &payload, &schema.schema, &schema.schema["$defs"]);
            assert_eq!(payload["event"], schema.schema["properties"]["event"]["const"]);
        }
    }

    #[test]
    fn a_route_that_says_all_has_the_properties_its_schema_lists() {
        let schema = RouteEvent::schemas().remove(0).schema;
        let spec = serde_json::json!({
            "name": "N", "host": "a.example.com", "other_hosts": ["b.example.com"], "methods": ["GET"], "path": "/",
            "required_scopes": ["a"], "cost": 1, "cost_from_header": { "name": "x-call-cost", "max": 5 },
        });
        let read: crate::route::RouteSpec = serde_json::from_value(spec.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), spec);
        let listed = &schema["$defs"]["RouteSpec"];
        assert_shape("spec", &spec, listed, &schema["$defs"]);
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&listed["properties"]), keys(&spec));
    }

    #[test]
    fn a_sample_leaves_no_property_empty() {
        for sample in sample_events().unwrap() {
            let payload = sample.payload().unwrap().to_string();
            for empty in ["null", "[]", "{}", "\"\""] {
                assert!(!payload.contains(empty), "{payload}");
            }
        }
    }

    fn read_back(sample: &crate::DomainEvent) -> crate::DomainEvent {
        use crate::DomainEvent as E;
        let payload = sample.payload().unwrap();
        match sample {
            E::ApiClient { id, event: _ } => {
                E::ApiClient { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::ApiKey { id, event: _ } => {
                E::ApiKey { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Route { id, event: _ } => {
                E::Route { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::RateLimitPolicy { id, event: _ } => {
                E::RateLimitPolicy { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Projection { id, event: _ } => {
                E::Projection { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Operation { id, event: _ } => {
                E::Operation { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::ScheduledChange { id, event: _ } => {
                E::ScheduledChange { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Principal { id, event: _ } => {
                E::Principal { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Grant { id, event: _ } => {
                E::Grant { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Observation { id, event: _ } => {
                E::Observation { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Erasure { id, event: _ } => {
                E::Erasure { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Approval { id, event: _ } => {
                E::Approval { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::ApprovalRule { id, event: _ } => {
                E::ApprovalRule { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::Webhook { id, event: _ } => {
                E::Webhook { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
            E::NotificationRule { id, event: _ } => {
                E::NotificationRule { id: *id, event: serde_json::from_value(payload).unwrap() }
            }
        }
    }

    /// Objects have all required properties and no other than those listed, down to the last nested one. What was
    /// added later is listed and not required: an event of before is still one of its version.
    fn assert_shape(at: &str, value: &Value, schema: &Value, defs: &Value) {
        let schema = resolve(schema, defs);
        if let (Value::Object(object), Some(properties)) = (value, schema["properties"].as_object()) {
            let written: BTreeSet<&str> = object.keys().map(String::as_str).collect();
            let listed: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            let required: BTreeSet<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            assert!(written.is_subset(&listed), "{at}: {written:?} of {listed:?}");
            assert!(required.is_subset(&written), "{at}: {required:?} in {written:?}");
            for (name, value) in object {
                assert_shape(&format!("{at}/{name}"), value, &properties[name], defs);
            }
        } else if let Value::Array(items) = value {
            items.iter().for_each(|item| assert_shape(at, item, &schema["items"], defs));
        } else {
            assert_type(at, value, schema);
        }
    }

    fn assert_type(at: &str, value: &Value, schema: &Value) {
        assert!(fits(value, schema), "{at}: {value} under {schema}");
    }

    fn fits(value: &Value, schema: &Value) -> bool {
        if let Some(either) = schema["oneOf"].as_array() {
            return either.iter().any(|one| fits(value, one));
        }
        let types = &schema["type"];
        let allowed =
            |name: &str| types == name || types.as_array().is_some_and(|t| t.contains(&json!(name)));
        let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
        let constant = schema.get("const").is_none_or(|only| only == value);
        let typed = match value {
            Value::String(_) => allowed("string"),
            Value::Number(_) => allowed("integer"),
            Value::Object(_) => allowed("object"),
            Value::Bool(_) => allowed("boolean"),
            Value::Null | Value::Array(_) => false,
        };
        typed && listed && constant
    }

    /// Through a reference, and past the `null` that an optional value may be.
    fn resolve<'schema>(schema: &'schema Value, defs: &'schema Value) -> &'schema Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return resolve(&defs[reference.trim_start_matches("#/$defs/")], defs);
        }
        match schema["anyOf"].as_array() {
            Some(either) => resolve(either.iter().find(|one| one["type"] != "null").unwrap(), defs),
            None => schema,
        }
    }
}
