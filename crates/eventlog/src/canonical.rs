//! The one spelling of an event's audited bytes, the same from every engine.
//!
//! JSON with sorted keys and no spaces. There are no floating point numbers in events: their spelling is what
//! engines disagree about.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

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

/// Fields that help to find or to prove a secret, wherever they stand in a payload, and how canonical text begins them.
const COMMITTED: [(&str, &str); 3] =
    [("digest", r#""digest":"#), ("locator", r#""locator":"#), ("sha256", r#""sha256":"#)];

/// A payload as it is audited: what helps to find or to prove a secret is replaced by a commitment to it, so that the
/// audited bytes can be shown to everybody. Takes canonical text. Source: ADR 0012.
#[must_use]
pub fn audited_payload(payload: &str) -> Cow<'_, str> {
    // In a text within the payload these quotes would be escaped.
    if !COMMITTED.iter().any(|(_, begins)| payload.contains(begins)) {
        return Cow::Borrowed(payload);
    }
    let audited = serde_json::from_str(payload).ok().and_then(|mut value| {
        // A text of another spelling has other bytes, which these would not show.
        let is_canonical = to_text(&value).is_ok_and(|text| text == payload);
        commit_secrets(&mut value).filter(|()| is_canonical)?;
        to_text(&value).ok()
    });
    Cow::Owned(audited.unwrap_or_else(|| format!(r#""{}""#, commitment("payload", payload))))
}

fn commit_secrets(value: &mut Value) -> Option<()> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(()),
        Value::Array(items) => items.iter_mut().try_for_each(commit_secrets),
        Value::Object(fields) => {
            for (field, _) in COMMITTED {
                let Some(value) = fields.remove(field) else { continue };
                let hidden = commitment(field, &to_text(&value).ok()?).into();
                // Two payloads with the same audited bytes: one with the value, one with its commitment.
                if fields.insert(format!("{field}_commitment"), hidden).is_some() {
                    return None;
                }
            }
            fields.values_mut().try_for_each(commit_secrets)
        }
    }
}

/// Hides a value that nobody can guess, and holds whoever knows it to it.
fn commitment(field: &str, canonical: &str) -> String {
    let prefixed = Sha256::new().chain_update("tollgate audited ").chain_update(field).chain_update([0]);
    hex::encode(prefixed.chain_update(canonical).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_or_proves_a_secret_is_committed_to_and_all_else_is_shown() {
        let payload = r#"{"event":"issued","name":"\"secret\":{","secret":{"digest":{"hmac":"ab","pepper_version":1},"hint":"x9","locator":"0123456789","version":1}}"#;
        let audited = audited_payload(payload);
        let shown: Value = serde_json::from_str(&audited).unwrap();
        assert_eq!(to_text(&shown).unwrap(), audited, "it is canonical");
        assert_eq!((&shown["secret"]["hint"], &shown["secret"]["version"]), (&"x9".into(), &1.into()));
        assert_eq!(shown["secret"]["locator_commitment"], commitment("locator", r#""0123456789""#));
        assert_eq!(
            shown["secret"]["digest_commitment"],
            "5a57e3e84cc57df15c3525381e687ad689668d775ba71d1edbde6d9d18aeb68b",
            "its golden value: another one breaks every proof"
        );
        for hidden in ["\"ab\"", "0123456789", "pepper_version", "\"digest\"", "\"locator\""] {
            assert!(!audited.contains(hidden), "{hidden}");
        }
        for (from, to) in [("ab", "ac"), ("0123456789", "0123456780"), ("x9", "x8"), ("issued", "rotated")] {
            assert_ne!(audited_payload(&payload.replace(from, to)), audited, "{from}");
        }
    }

    #[test]
    fn what_has_no_secret_is_audited_as_it_is() {
        for payload in [r#"{"event":"revoked"}"#, r#"{"a":"\"digest\":"}"#, r#"{"secret":{"hint":"x"}}"#] {
            assert!(matches!(audited_payload(payload), Cow::Borrowed(same) if same == payload));
        }
    }

    #[test]
    fn a_payload_of_another_spelling_is_shown_as_nothing_and_is_not_the_same() {
        let payload = r#"{"secret":{"sha256":"ab"}}"#;
        let others = [
            r#"{"secret":{"sha256":"ab"} }"#,
            r#"{"secret":{"sha256":"cd","sha256":"ab"}}"#,
            r#"{"secret":{"sha256":"ab","sha256_commitment":"cd"}}"#,
            r#"{"secret":{"sha256":"#,
        ];
        for other in others {
            assert_ne!(audited_payload(other), audited_payload(payload));
            assert!(!audited_payload(other).contains("ab\""), "{other}");
            assert!(serde_json::from_str::<String>(&audited_payload(other)).is_ok());
        }
    }

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
