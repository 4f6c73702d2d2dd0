//! What the claims of a proven token give: rules of the configuration, by stable identifiers.

use serde_json::{Map, Value};

/// Whoever has this value in this claim is given this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<G> {
    /// The name of a claim, or a path into one: `groups`, `realm_access.roles`.
    pub claim: String,
    /// The whole value, or one of several: the identifier of a group, never a name that somebody may change.
    pub value: String,
    pub gives: G,
}

/// All that the rules give, each once and in their order. Nothing, where no rule fits: an empty set grants nothing.
#[must_use]
pub fn given<G: Clone + PartialEq>(rules: &[Rule<G>], claims: &Map<String, Value>) -> Vec<G> {
    let mut all: Vec<G> = vec![];
    for Rule { claim, value, gives } in rules {
        if find(claims, claim).is_some_and(|found| has(found, value)) && !all.contains(gives) {
            all.push(gives.clone());
        }
    }
    all
}

/// A claim may have dots in its own name; only where none has that name do they lead into it.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        find(claims.get(first)?.as_object()?, rest)
    })
}

fn has(found: &Value, value: &str) -> bool {
    match found {
        Value::String(one) => one == value,
        Value::Array(several) => several.iter().any(|one| one.as_str() == Some(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(claims: &Value, expected: &[&str]) {
        let rule = |claim: &str, value: &str, gives| Rule {
            claim: claim.to_owned(),
            value: value.to_owned(),
            gives,
        };
        let rules = [
            rule("groups", "g-1", "viewer"),
            rule("groups", "g-2", "admin"),
            rule("realm_access.roles", "auditor", "auditor"),
            rule("https://example.com/roles", "ops", "operator"),
            rule("roles", "g-1", "viewer"),
        ];
        assert_eq!(given(&rules, claims.as_object().unwrap()), expected, "{claims}");
    }

    #[test]
    fn claims_give_what_the_rules_say_once_and_nothing_else() {
        check(&json!({"groups": ["g-1", "x"], "roles": "g-1"}), &["viewer"]);
        check(&json!({"groups": ["g-2", "g-1"]}), &["viewer", "admin"]);
        check(&json!({"realm_access": {"roles": ["auditor"]}}), &["auditor"]);
        check(&json!({"https://example.com/roles": ["ops"]}), &["operator"]);
    }

    #[test]
    fn what_is_not_quite_it_gives_nothing() {
        for claims in [
            json!({}),
            json!({"groups": []}),
            json!({"groups": "g-1,g-2"}),
            json!({"groups": {"g-1": true}}),
            json!({"groups": [["g-1"]]}),
            json!({"groups": "G-1"}),
            json!({"realm_access.roles": "other", "realm_access": {"roles": ["auditor"]}}),
            json!({"realm_access": "roles"}),
        ] {
            check(&claims, &[]);
        }
    }
}
