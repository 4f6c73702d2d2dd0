//! Raises events of older versions to today's, one step at a time.
//!
//! Every version ever written has a golden sample under `schemas/events/samples`; a test replays them all
//! through here. All events are in version 1 today, so the list of steps is empty.

use serde_json::Value;

/// Raises one event type from one version to the next.
#[derive(Debug)]
pub struct Step {
    pub event_type: &'static str,
    pub from_version: u16,
    /// May fail: a payload that is not what that version wrote is damage, not data.
    pub raise: fn(Value) -> Result<Value, String>,
}

/// In any order; each type's steps are found by version.
pub const STEPS: &[Step] = &[];

/// The payload in today's version.
///
/// # Errors
/// What the failing step says; a version that this program does not know yet.
pub fn to_current(event_type: &str, version: u16, payload: Value) -> Result<Value, String> {
    raise(STEPS, event_type, version, payload)
}

fn raise(steps: &[Step], event_type: &str, version: u16, payload: Value) -> Result<Value, String> {
    let (mut version, mut payload) = (version, payload);
    while let Some(step) =
        steps.iter().find(|step| step.event_type == event_type && step.from_version == version)
    {
        payload = (step.raise)(payload)?;
        version = version.saturating_add(1);
    }
    let current = current_of(steps, event_type);
    if version == current {
        Ok(payload)
    } else {
        Err(format!("version {version} is not known here; the latest known is {current}"))
    }
}

/// The version that this program writes: one more than the last step raises from.
fn current_of(steps: &[Step], event_type: &str) -> u16 {
    let raised = steps
        .iter()
        .filter(|step| step.event_type == event_type)
        .map(|step| step.from_version.saturating_add(1));
    raised.max().unwrap_or(1)
}

/// Whether a stored payload needs no raising.
#[must_use]
pub fn is_current(event_type: &str, version: u16) -> bool {
    current_of(STEPS, event_type) == version
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rename(mut payload: Value) -> Result<Value, String> {
        let fields = payload.as_object_mut().ok_or("not an object")?;
        let value = fields.remove("old").ok_or("no `old`")?;
        fields.insert("new".to_owned(), value);
        Ok(payload)
    }

    #[test]
    fn steps_are_taken_one_after_the_other_and_failures_are_told() {
        let steps = [
            Step { event_type: "t", from_version: 1, raise: rename },
            Step {
                event_type: "t",
                from_version: 2,
                raise: |mut v| {
                    v["more"] = 1.into();
                    Ok(v)
                },
            },
        ];
        let raised = raise(&steps, "t", 1, serde_json::json!({ "old": 5 }));
        assert_eq!(raised, Ok(serde_json::json!({ "new": 5, "more": 1 })));
        assert_eq!(raise(&steps, "t", 1, serde_json::json!({})), Err("no `old`".to_owned()));
        assert_eq!(raise(&steps, "u", 1, serde_json::json!({})), Ok(serde_json::json!({})));
        assert_eq!(raise(&steps, "t", 3, serde_json::json!({})), Ok(serde_json::json!({})));
        let unknown = raise(&steps, "t", 4, serde_json::json!({}));
        assert_eq!(unknown, Err("version 4 is not known here; the latest known is 3".to_owned()));
    }
}
