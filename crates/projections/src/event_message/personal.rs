//! Leaves personal values out of what is told.

use domain::personal::Personal;
use serde_json::Value;

/// The members of events that may be a commitment to a personal value; a test holds them to the schemas of the events.
pub const FIELDS: [&str; 7] = ["address", "addresses", "asked", "commitment", "email", "name", "subject"];

/// Takes every commitment away, with its name.
pub(super) fn leave_out(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(items) => items.iter_mut().for_each(leave_out),
        Value::Object(fields) => {
            fields.retain(|name, value| !(FIELDS.contains(&name.as_str()) && is_commitment(value)));
            fields.values_mut().for_each(leave_out);
        }
    }
}

/// One, or a list of them, as they are written. A name of 64 hexadecimal digits would be taken for one, and left out.
fn is_commitment(value: &Value) -> bool {
    let is_one = |value: &Value| value.as_str().is_some_and(|text| text.parse::<Personal>().is_ok());
    match value {
        Value::Array(items) => items.iter().all(is_one),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            is_one(value)
        }
    }
}
