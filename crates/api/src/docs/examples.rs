//! An example of every body that is asked for or answered. Those of requests are said here, and a test sends each; those of
//! answers, and of a request that names things of its caller, follow from their schemas.

use serde_json::{Map, Value, json};
use utoipa::openapi::{Content, OpenApi, RefOr, path::Operation};

/// Deeper than any schema of ours: stops at one that holds itself.
const DEPTH_MAX: u32 = 24;

/// Adds them where a handler has not said its own.
pub(super) fn add(mut openapi: OpenApi) -> OpenApi {
    let schemas = serde_json::to_value(&openapi.components).unwrap_or_default();
    let schemas = schemas.get("schemas").cloned().unwrap_or_default();
    for item in openapi.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.put, &mut item.delete];
        operations.into_iter().flatten().for_each(|operation| add_to(operation, &schemas));
    }
    openapi
}

fn add_to(operation: &mut Operation, schemas: &Value) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut().filter_map(said_here) {
            let Some(schema) = schema_of(content) else { continue };
            let said = name_of(&schema).and_then(request);
            content.example = Some(said.unwrap_or_else(|| drawn("", &schema, schemas, 0)));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let of_json = response
            .content
            .iter_mut()
            .filter(|(kind, _)| kind.ends_with("json") && !kind.ends_with("x-ndjson"));
        for content in of_json.filter_map(|(_, content)| said_here(content)) {
            content.example = match schema_of(content) {
                Some(schema) if name_of(&schema) == Some("Problem") => Some(problem(status)),
                Some(schema) => Some(drawn("", &schema, schemas, 0)),
                None => None,
            };
        }
    }
}

/// A content that has no example of its own yet.
fn said_here(content: &mut RefOr<Content>) -> Option<&mut Content> {
    match content {
        RefOr::T(content) if content.example.is_none() => Some(content),
        RefOr::T(_) | RefOr::Ref(_) => None,
    }
}

fn schema_of(content: &Content) -> Option<Value> {
    content.schema.as_ref().and_then(|schema| serde_json::to_value(schema).ok())
}

/// Of what may be left out, too: it is that, or null.
fn name_of(schema: &Value) -> Option<&str> {
    let named = |schema: &'_ Value| schema.get("$ref").is_some();
    let either = schema.get("oneOf").and_then(Value::as_array);
    let left_out = either.filter(|either| either.iter().any(|one| one.get("type") == Some(&"null".into())));
    let schema = left_out.and_then(|either| either.iter().find(|one| named(one))).unwrap_or(schema);
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// What is sent, by the name of its schema.
#[expect(clippy::too_many_lines, reason = "a list, one after the other")]
fn request(schema: &str) -> Option<Value> {
    Some(match schema {
        "NewClient" => json!({
            "name": "Acme Travel", "kind": "partner",
            "owner": { "team": "Partner management", "email": "partners@example.com" },
            "contacts": [{ "name": "On-call desk", "email": "on-call@acme.example", "role": "technical" }],
            "environments": ["prod", "sandbox"], "scopes": ["orders:read"], "labels": { "tier": "gold" },
        }),
        "ClientPatch" => {
            json!({ "name": "Acme Travel Ltd", "labels": { "tier": "platinum", "region": null } })
        }
        "Reason" | "OptionalReason" | "Revocation" | "Suspension" => {
            json!({ "reason": "seen in a public repository" })
        }
        "NewPerson" => json!({
            "name": "Ada Lovelace", "email": "ada@example.com",
            "identity": { "issuer": "https://login.example.com", "subject": "00u1a2b3c4" },
        }),
        "Claim" => json!({
            "name": "Ada Lovelace", "email": "ada@example.com",
            "identity": { "issuer": "https://login.example.com", "subject": "00u1a2b3c4" },
        }),
        "BreakGlass" => json!({ "minutes": 30, "reason": "all calls fail, and nobody else is awake" }),
        "CloseGlass" => json!({ "reason": "calls go through again" }),
        "Why" => json!({ "reason": "as agreed with the partner" }),
        "NewApprovalRule" => {
            json!({ "permission": "key.issue", "environment": "prod", "reason": "two people for production" })
        }
        "NewServiceAccount" => json!({ "name": "deployment", "team": "Partner management" }),
        "TokenRotation" => json!({ "overlap_seconds": 3_600 }),
        "NewGrant" => json!({
            "principal_id": "prn_01jx3v6k9q8z7m5n4p3r2s1t0v", "role": "operator",
            "scope": { "kind": "limited", "team": "Partner management", "environments": ["prod"] },
            "reason": "on call for this team",
        }),
        "NewWebhook" => json!({
            "name": "Orders desk", "url": "https://hooks.example.com/tollgate", "events": ["api_key.*", "notice.key_expiring"],
            "scope": { "kind": "limited", "team": "Partner management" },
        }),
        "WebhookPatch" => json!({ "name": "Orders and invoices", "events": ["*"] }),
        "WebhookSecretRotation" => json!({ "overlap_seconds": 3_600 }),
        "Replay" => {
            json!({ "from": "2026-03-01T00:00:00Z", "states": ["dead"], "reason": "their receiver was down" })
        }
        "WebhookTest" => json!({ "event_type": "api_key.revoked" }),
        "NewNotificationRule" => json!({
            "name": "Keys of our partners", "notices": ["key_expiring", "key_expired"], "days_before": [30, 7, 1],
            "about": { "team": "Partner management" },
            "recipients": [{ "kind": "contacts", "role": "technical" }, { "kind": "address", "address": "desk@example.com" }],
            "cadence": { "kind": "digest", "hour": 7, "time_zone": "Europe/Berlin" },
        }),
        "NotificationRulePatch" => json!({ "days_before": [14, 3], "cadence": { "kind": "immediate" } }),
        "Unreachable" => {
            json!({ "addresses": ["ada@acme.example"], "reason": "bounced: 550 5.1.1 no such user" })
        }
        "Reachable" => json!({ "addresses": ["ada@acme.example"] }),
        "NewErasure" => json!({ "values": ["grace@acme.example"], "reason": "asked for by the person" }),
        "NewKey" => json!({ "name": "booking backend", "environment": "prod" }),
        "Rotation" => json!({ "overlap_seconds": 86_400, "reason": "yearly rotation" }),
        "Extension" => json!({ "overlap_seconds": 604_800, "reason": "the partner's release is late" }),
        "NewScheduledChange" => json!({
            "change": { "kind": "suspend_key", "key_id": "key_01jx3v6k9q8z7m5n4p3r2s1t0v" },
            "at": "2031-02-01T22:00:00Z", "until": "2031-02-02T04:00:00Z", "reason": "maintenance at the partner's",
        }),
        "NewRoute" => json!({
            "name": "Read an invoice", "methods": ["GET"], "path": "/invoices/{id}", "required_scopes": ["orders:read"],
            "cost": 1,
        }),
        "RoutePatch" => json!({ "cost": 5, "host": null }),
        "NewPolicy" => json!({
            "name": "Partners", "rates": [{ "name": "burst", "requests": 100, "per_seconds": 60, "burst": 20 }],
            "quotas": [{ "name": "daily", "requests": 10_000, "period": "day", "time_zone": "Europe/Berlin" }],
            "counting": "client", "mode": "enforce", "thresholds": [50, 80, 90, 100],
        }),
        "PolicyPatch" => json!({ "mode": "shadow", "thresholds": null }),
        "CallToExplain" => json!({ "method": "GET", "path": "/orders/7", "environment": "prod" }),
        "PolicyToSimulate" => json!({
            "policy": { "rates": [{ "name": "burst", "requests": 100, "per_seconds": 1, "burst": 200 }] },
            "target": { "environment": "prod" },
        }),
        "NewReportExport" => json!({
            "report": "usage", "format": "csv", "from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z",
            "granularity": "day", "time_zone": "Europe/Berlin", "group_by": ["client", "route"],
        }),
        "NewAssignment" => json!({ "environment": "sandbox", "from": null, "until": null }),
        _ => return None,
    })
}

fn problem(status: &str) -> Value {
    // Of the statuses together named `5XX`, that which is met most.
    let number: u16 = status.parse().unwrap_or(503);
    let entry = super::catalogue().iter().find(|entry| entry.status == number);
    let (code, title, detail) = match entry {
        Some(entry) => (entry.code, entry.title.clone(), entry.message),
        None => ("internal", "Internal".to_owned(), "something went wrong here"),
    };
    json!({
        "type": format!("/problems/{code}"), "title": title, "status": number, "detail": detail, "code": code,
        "request_id": "req_01jx3v6k9q8z7m5n4p3r2s1t0v",
    })
}

/// A value of a schema: what it says itself, or the plainest one that it allows. `name` is that of the member that holds it.
fn drawn(name: &str, schema: &Value, schemas: &Value, depth: u32) -> Value {
    let member = |key: &str| schema.get(key);
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if let Some(own) = member("example").or_else(|| member("examples")?.get(0)).or_else(|| member("const")) {
        return own.clone();
    }
    if let Some(referred) = name_of(schema).and_then(|name| schemas.get(name)) {
        return drawn(name, referred, schemas, depth.saturating_add(1));
    }
    if let Some(all) = member("allOf").and_then(Value::as_array) {
        let parts = all.iter().map(|part| drawn(name, part, schemas, depth.saturating_add(1)));
        let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(members.collect());
    }
    for one in ["oneOf", "anyOf"] {
        let variants = member(one).and_then(Value::as_array).into_iter().flatten();
        if let Some(first) = variants.into_iter().find(|variant| variant.get("type") != Some(&json!("null")))
        {
            return drawn(name, first, schemas, depth.saturating_add(1));
        }
    }
    if let Some(word) = member("enum").and_then(|words| words.get(0)) {
        return word.clone();
    }
    match kind(schema) {
        "object" => object(schema, schemas, depth),
        "array" => {
            let item =
                member("items").map(|item| drawn(singular(name), item, schemas, depth.saturating_add(1)));
            Value::Array(item.into_iter().collect())
        }
        "string" => text(name, schema).into(),
        "integer" | "number" => number(schema),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

/// The least that is allowed, but zero says little, and is a version or a position that nothing has.
fn number(schema: &Value) -> Value {
    let least = schema.get("minimum").cloned().unwrap_or_else(|| json!(0));
    if least == json!(0) { json!(1) } else { least }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default()
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

fn object(schema: &Value, schemas: &Value, depth: u32) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut members: Map<String, Value> = properties
        .into_iter()
        .flatten()
        .map(|(name, property)| (name.clone(), drawn(name, property, schemas, depth.saturating_add(1))))
        .collect();
    if let Some(of) = schema.get("additionalProperties").filter(|of| of.is_object()) {
        members.insert("tier".to_owned(), drawn("label", of, schemas, depth.saturating_add(1)));
    }
    Value::Object(members)
}

fn text(name: &str, schema: &Value) -> String {
    let pattern = schema.get("pattern").and_then(Value::as_str).unwrap_or_default();
    let prefix = pattern.strip_prefix('^').and_then(|rest| rest.split_once("_[")).map(|(prefix, _)| prefix);
    if let Some(prefix) = prefix.filter(|prefix| prefix.len() == 3) {
        return format!("{prefix}_01jx3v6k9q8z7m5n4p3r2s1t0v");
    }
    let of_form = [
        ("^[a-z0-9_-]{1,32}$", "daily"),
        ("^[A-Za-z0-9][A-Za-z0-9:._/-]", "orders:read"),
        ("^[a-z][a-z0-9-]", "x-call-cost"),
        (r"^(\*|", "api_key.revoked"),
        ("^https?://", "https://hooks.example.com/tollgate"),
        ("^sha256:", "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
    ];
    if let Some((_, text)) = of_form.iter().find(|(form, _)| pattern.starts_with(form)) {
        return (*text).to_owned();
    }
    let of_id = [
        ("key_id", "key"),
        ("route_id", "rte"),
        ("policy_id", "pol"),
        ("principal_id", "prn"),
        ("event_id", "evt"),
        ("request_id", "req"),
        ("webhook_id", "whk"),
    ];
    if let Some((_, prefix)) = of_id.iter().find(|(of, _)| *of == name) {
        return format!("{prefix}_01jx3v6k9q8z7m5n4p3r2s1t0v");
    }
    let words = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$"));
    let plain = |words: &&str| words.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'|');
    if let Some(word) = words.filter(plain).and_then(|words| words.split('|').next()) {
        return word.to_owned();
    }
    let known = match (name, schema.get("format").and_then(Value::as_str)) {
        ("at" | "effective_at", Some("date-time")) => "2027-03-01T12:00:00Z",
        ("until" | "effective_until", Some("date-time")) => "2027-06-01T12:00:00Z",
        (_, Some("date-time")) => "2026-03-01T12:00:00Z",
        (_, Some("email")) | ("email", _) => "on-call@acme.example",
        ("id" | "client_id", _) => "cli_01jx3v6k9q8z7m5n4p3r2s1t0v",
        ("environment", _) => "prod",
        ("scope" | "required_scope", _) => "orders:read",
        ("permission", _) => "client.read",
        ("role", _) => "admin",
        ("method", _) => "GET",
        ("path", _) => "/orders/{id}",
        ("host", _) => "api.example.com",
        ("hint", _) => "…x7Qa",
        ("allowed_cidr", _) => "192.0.2.0/24",
        ("time_zone", _) => "Europe/Berlin",
        ("address", _) => "192.0.2.7",
        ("team" | "owner_team", _) => "Partner management",
        ("name", _) => "Acme Travel",
        ("label", _) => "gold",
        ("limit_name", _) => "daily",
        _ => "as agreed",
    };
    known.to_owned()
}
