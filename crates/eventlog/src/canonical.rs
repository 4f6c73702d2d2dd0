//! The one spelling of an event's audited bytes, the same from every engine.
//!
//! JSON with sorted keys and no spaces. There are no floating point numbers in events: their spelling is what
//! engines disagree about.

use serde::Serialize;
use serde_json::Value;

/// A value that has no canonical spelling.
#[derive(Debug, thiserror::Error)]
pub enum NotCanonical {
    #[error("a floating point number has no canonical spelling")]
    Float,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The canonical text of anything that serialises to JSON without floating point numbers.
///
/// # Errors
/// [`NotCanonical`] for a float, or when the value does not serialise.
pub fn to_text(value: &impl Serialize) -> Result<String, NotCanonical> {
    let mut text = String::new();
    write(&serde_json::to_value(value)?, &mut text)?;
    Ok(text)
}

fn write(value: &Value, text: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&serde_json::to_string(value)?),
        Value::Number(number) if number.is_f64() => return Err(NotCanonical::Float),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text)?;
            }
            text.push(']');
        }
        Value::Object(fields) => {
            // Sorted here and not trusted to the map: a dependency may switch on `preserve_order`.
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| key.as_str());
            text.push('{');
            for (at, (key, field)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(key)?);
                text.push(':');
                write(field, text)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth_and_spaces_are_gone() {
        let value: Value = serde_json::from_str(r#"{ "b": [ {"z": 1, "a": null} ], "a": "ü\n" }"#).unwrap();
        assert_eq!(to_text(&value).unwrap(), r#"{"a":"ü\n","b":[{"a":null,"z":1}]}"#);
    }

    #[test]
    fn a_float_is_refused() {
        assert!(matches!(to_text(&serde_json::json!({ "rate": 0.5 })), Err(NotCanonical::Float)));
    }
}
