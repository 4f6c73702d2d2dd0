//! What the table of each report shows.

pub(super) const COUNTS: [&str; 6] =
    ["allowed", "rate_limited", "quota_exceeded", "unauthenticated", "forbidden", "total"];
pub(super) const ACCESS: [&str; 8] =
    ["client_name", "key_name", "environment", "methods", "path", "required_scopes", "ends_at", "limits"];
pub(super) const ENDPOINTS: [&str; 9] = [
    "route_id",
    "name",
    "total",
    "rate_limited",
    "quota_exceeded",
    "clients",
    "answers.5xx",
    "answers.p50_us",
    "answers.p95_us",
];
pub(super) const THROTTLING: [&str; 10] = [
    "client_id",
    "route_id",
    "environment",
    "policy_name",
    "policy_revision",
    "limit",
    "calls",
    "since",
    "last_at",
    "longest_minutes",
];
pub(super) const QUOTAS: [&str; 9] = [
    "policy_name",
    "limit",
    "environment",
    "client_id",
    "used",
    "allowed",
    "used_percent",
    "window_end",
    "used_up_at",
];
/// Keys in each environment, routes in each method: without these, lines of several read the same.
pub(super) const CHANGES: [&str; 13] = [
    "change",
    "before.client_name",
    "before.key_name",
    "before.environment",
    "before.methods",
    "before.path",
    "before.limits",
    "after.client_name",
    "after.key_name",
    "after.environment",
    "after.methods",
    "after.path",
    "after.limits",
];

/// What stands first, a column for each dimension, and what is counted.
pub(super) fn columns(first: &[&str], group_by: Option<&str>, counts: &[&str]) -> Vec<String> {
    let dimensions = group_by.iter().flat_map(|dimensions| dimensions.split(','));
    let named = dimensions.map(|dimension| match dimension {
        "client" | "key" | "route" => format!("{dimension}_id"),
        other => other.to_owned(),
    });
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    owned(first).into_iter().chain(named).chain(owned(counts)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::output;

    fn gained(method: &str, environment: &str) -> Value {
        let after = json!({
            "client_name": "Acme", "key_name": "backend", "environment": environment, "methods": [method],
            "path": "/v2/orders/{id}", "limits": [],
        });
        json!({ "change": "gained", "before": null, "after": after })
    }

    #[test]
    fn what_has_changed_is_told_apart_by_method_and_environment() {
        let table =
            output::list(&[gained("GET", "prod"), gained("DELETE", "prod"), gained("GET", "test")], &CHANGES);
        let mut lines: Vec<&str> = table.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 4, "{table}");
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 4, "{table}");
    }

    #[test]
    fn a_dimension_that_is_a_thing_is_shown_by_its_id() {
        let shown = columns(&["window_start"], Some("client,environment"), &["total"]);
        assert_eq!(shown, ["window_start", "client_id", "environment", "total"]);
    }
}
