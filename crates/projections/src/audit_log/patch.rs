//! What an event changed of a thing: a JSON Patch (RFC 6902) from the thing before to the thing after.
//!
//! Before each `replace` and `remove` stands a `test` with what was there, so that the patch tells both. Lists are replaced whole: one
//! reads what they were and are, not which place moved.

use serde_json::{Map, Value, json};

/// The patch from one document to another; empty where they are equal.
pub(super) fn between(before: &Value, after: &Value) -> Value {
    let mut operations = vec![];
    differ("", before, after, &mut operations);
    Value::Array(operations)
}

fn differ(at: &str, before: &Value, after: &Value, operations: &mut Vec<Value>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(before), Value::Object(after)) => members(at, before, after, operations),
        // Only what was not there is null as a whole.
        (Value::Null, after) if at.is_empty() => {
            operations.push(json!({ "op": "add", "path": at, "value": after }));
        }
        (before, after) => {
            operations.push(json!({ "op": "test", "path": at, "value": before }));
            operations.push(json!({ "op": "replace", "path": at, "value": after }));
        }
    }
}

fn members(at: &str, before: &Map<String, Value>, after: &Map<String, Value>, operations: &mut Vec<Value>) {
    for (name, was) in before {
        let path = beneath(at, name);
        match after.get(name) {
            Some(is) => differ(&path, was, is, operations),
            None => {
                operations.push(json!({ "op": "test", "path": path, "value": was }));
                operations.push(json!({ "op": "remove", "path": path }));
            }
        }
    }
    for (name, is) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        operations.push(json!({ "op": "add", "path": beneath(at, name), "value": is }));
    }
}

/// A JSON Pointer's next step. Source: RFC 6901 §3.
fn beneath(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &Value, after: &Value, expected: &Value) {
        let patch = between(before, after);
        assert_eq!(patch, *expected);
        let mut patched = before.clone();
        json_patch::patch(&mut patched, &serde_json::from_value::<json_patch::Patch>(patch).unwrap())
            .unwrap();
        assert_eq!(patched, *after, "another's reading of RFC 6902 comes to the same");
    }

    #[test]
    fn a_patch_tells_what_was_and_what_is() {
        check(
            &json!({ "name": "Acme", "status": "active" }),
            &json!({ "name": "Acme", "status": "suspended" }),
            &json!([
                { "op": "test", "path": "/status", "value": "active" },
                { "op": "replace", "path": "/status", "value": "suspended" },
            ]),
        );
    }

    #[test]
    fn what_is_new_is_added_and_what_is_gone_removed() {
        check(&Value::Null, &json!({ "a": 1 }), &json!([{ "op": "add", "path": "", "value": { "a": 1 } }]));
        check(
            &json!({ "labels": { "a/b": "1", "c~d": "2" } }),
            &json!({ "labels": { "e": "3", "c~d": "2" } }),
            &json!([
                { "op": "test", "path": "/labels/a~1b", "value": "1" },
                { "op": "remove", "path": "/labels/a~1b" },
                { "op": "add", "path": "/labels/e", "value": "3" },
            ]),
        );
    }

    #[test]
    fn a_list_is_replaced_whole_and_nothing_by_nothing() {
        check(&json!({ "a": [1, 2] }), &json!({ "a": [1, 2] }), &json!([]));
        check(
            &json!({ "scopes": ["a", "b"], "until": null }),
            &json!({ "scopes": ["b"], "until": "2026-03-01T12:00:00Z" }),
            &json!([
                { "op": "test", "path": "/scopes", "value": ["a", "b"] },
                { "op": "replace", "path": "/scopes", "value": ["b"] },
                { "op": "test", "path": "/until", "value": null },
                { "op": "replace", "path": "/until", "value": "2026-03-01T12:00:00Z" },
            ]),
        );
    }
}
