//! Bodies that are right in every part, and things that stand when a test begins.

use std::time::Duration;

use axum::body::{Body, Bytes};
use outbox::{Attempt, Channel, Claim, Claimed, Lease, Outcome, Report};
use serde_json::{Value, json};

use super::{Call, SHARED, World};

pub(in crate::tests) fn client_body() -> Value {
    json!({
        "name": "Acme",
        "kind": "partner",
        "owner": { "team": "Payments", "email": "payments@example.com" },
        "contacts": [{ "name": "Grace Hopper", "email": "grace@acme.example", "role": "technical" }],
        "environments": ["prod", "sandbox"],
        "scopes": ["orders:read", "orders:write"],
        "labels": { "tier": "gold" },
    })
}

pub(in crate::tests) fn key_body() -> Value {
    json!({ "name": "checkout", "environment": "prod" })
}

pub(in crate::tests) fn route_body(path: &str) -> Value {
    json!({ "name": "Show an order", "methods": ["GET"], "path": path })
}

pub(in crate::tests) fn policy_body() -> Value {
    json!({ "name": "Standard", "rates": [{ "name": "burst", "requests": 10, "per_seconds": 1 }] })
}

pub(in crate::tests) fn webhook_body() -> Value {
    json!({
        "name": "Orders desk",
        "url": "https://hooks.example.com/tollgate",
        "events": ["api_key.*", "notice.key_expiring"],
        "scope": { "kind": "limited", "team": "Payments" },
    })
}

pub(in crate::tests) fn notification_rule_body() -> Value {
    json!({
        "name": "Keys of Payments",
        "notices": ["key_expiring", "key_expired"],
        "about": { "team": "Payments" },
        "recipients": [{ "kind": "owner" }, { "kind": "address", "address": "desk@example.com" }],
    })
}

pub(in crate::tests) fn because() -> Value {
    json!({ "reason": "as agreed" })
}

fn sandbox_key() -> Value {
    let mut body = key_body();
    body["environment"] = json!("sandbox");
    body
}

/// A key's suspension, planned for the day after.
pub(in crate::tests) fn suspension_body(key: &str) -> Value {
    json!({
        "change": { "kind": "suspend_key", "key_id": key },
        "at": "2026-03-02T12:00:00Z",
        "until": "2026-03-03T12:00:00Z",
        "reason": "as agreed",
    })
}

/// Things that stand when a test begins.
pub(in crate::tests) struct Fixture {
    pub(in crate::tests) client: String,
    pub(in crate::tests) key: String,
    pub(in crate::tests) route: String,
    pub(in crate::tests) policy: String,
    pub(in crate::tests) assignment: String,
    /// Like all but the change, empty but in the whole of it.
    pub(in crate::tests) operation: String,
    /// Whole, and kept for a day.
    pub(in crate::tests) export: String,
    pub(in crate::tests) leak: String,
    pub(in crate::tests) change: String,
    pub(in crate::tests) person: String,
    pub(in crate::tests) account: String,
    pub(in crate::tests) grant: String,
    pub(in crate::tests) approval: String,
    pub(in crate::tests) rule: String,
    pub(in crate::tests) webhook: String,
    pub(in crate::tests) notification_rule: String,
    /// To the webhook, and over.
    pub(in crate::tests) delivery: String,
}

impl World {
    /// Makes a thing and gives its id.
    pub(in crate::tests) async fn made(&self, path: &str, body: &Value) -> String {
        self.post(path, body).expect(201).await.json()["id"].as_str().unwrap().to_owned()
    }

    pub(in crate::tests) async fn client(&self) -> String {
        self.made("/v1/clients", &client_body()).await
    }

    /// A key of the client with its secret.
    pub(in crate::tests) async fn key(&self, client: &str) -> (String, String) {
        let body = self.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(201).await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&body["key"]["id"]), text(&body["secret"]))
    }

    /// A service account of a team, with its token.
    pub(in crate::tests) async fn account(&self, team: &str) -> (String, String) {
        let body = json!({ "name": "deployment", "team": team });
        let made = self.post("/v1/service-accounts", &body).expect(201).await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["service_account"]["id"]), text(&made["token"]))
    }

    /// A webhook with its secret.
    pub(in crate::tests) async fn webhook(&self, body: &Value) -> (String, String) {
        let made = self.post("/v1/webhooks", body).expect(201).await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["webhook"]["id"]), text(&made["secret"]))
    }

    /// Sends a made-up event; gives the delivery's id.
    pub(in crate::tests) async fn tested(&self, webhook: &str) -> String {
        let body = json!({ "event_type": "api_key.revoked" });
        let sent = self.post(format!("/v1/webhooks/{webhook}/test"), &body).expect(200).await.json();
        sent["id"].as_str().unwrap().to_owned()
    }

    /// All that is due to webhooks is tried, and comes to this. Gives the bodies.
    pub(in crate::tests) async fn deliver(&self, outcome: Outcome) -> Vec<Claimed> {
        let (outbox, now) = (&self.door.api().outbox, self.door.now());
        let claim = Claim {
            channel: Channel::Webhook,
            now,
            lease: Lease::from_random(1),
            lease_for: Duration::from_secs(60),
            max: 100,
            per_endpoint_max: 100,
        };
        let claimed = outbox.claim(claim).await.unwrap();
        for Claimed { delivery_id, lease, attempt_no, .. } in claimed.clone() {
            let attempt = Attempt {
                attempt_no,
                at: now,
                status: Some(200),
                latency_ms: Some(7),
                answer: Some("thanks".to_owned()),
                error: None,
            };
            let report = Report { delivery_id, lease, attempt, outcome };
            outbox.report(report).await.unwrap();
        }
        claimed
    }

    pub(in crate::tests) async fn grant(&self, to: &str, role: &str, scope: &Value) -> String {
        let body = json!({ "principal_id": to, "role": role, "scope": scope, "reason": "as agreed" });
        self.made("/v1/grants", &body).await
    }

    /// A report of a secret of one of the client's keys; gives its id.
    pub(in crate::tests) async fn leaked(&self, client: &str) -> String {
        let (key, secret) = self.key(client).await;
        self.holders.know(&secret, &key, 1);
        self.report(&json!({ "tokens": [{ "token": secret }] })).expect(200).await;
        self.shown().await;
        let listed = self.get(format!("/v1/leaks?key_id={key}")).expect(200).await.json();
        listed["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A signed report to the generic receiver.
    pub(in crate::tests) fn report(&self, body: &Value) -> Call<'_> {
        let (timestamp, body) = (self.door.now().as_second().to_string(), body.to_string());
        let secret = crate::SharedSecret::new(SHARED.into()).unwrap();
        let signature = secret.sign(&timestamp, body.as_bytes());
        let call = self.call(http::Method::POST, "/v1/leaks/generic").without("authorization").body(body);
        call.header("tollgate-timestamp", &timestamp).header("tollgate-signature", &signature)
    }

    /// Gives a key a second secret beside the first, for an hour.
    pub(in crate::tests) async fn rotate(&self, key: &str) {
        let body = json!({ "overlap_seconds": 3_600 });
        self.post(format!("/v1/keys/{key}/rotate"), &body).expect(200).await;
    }

    pub(in crate::tests) async fn fixture(&self) -> Fixture {
        let client = self.client().await;
        let (key, _) = self.key(&client).await;
        let route = self.made("/v1/routes", &route_body("/orders/{id}")).await;
        let policy = self.made("/v1/policies", &policy_body()).await;
        let body = json!({ "client_id": client });
        let assignment = self.made(&format!("/v1/policies/{policy}/assignments"), &body).await;
        let change = self.made("/v1/scheduled-changes", &suspension_body(&key)).await;
        Fixture {
            client,
            key,
            route,
            policy,
            assignment,
            change,
            operation: String::new(),
            export: String::new(),
            leak: String::new(),
            person: String::new(),
            account: String::new(),
            grant: String::new(),
            approval: String::new(),
            rule: String::new(),
            webhook: String::new(),
            notification_rule: String::new(),
            delivery: String::new(),
        }
    }

    /// The same, an operation that waits and a report of a leak, with what these are about.
    pub(in crate::tests) async fn whole_fixture(&self) -> Fixture {
        let fixture = self.fixture().await;
        let other = self.made("/v1/clients", &client_body()).await;
        let export = json!({ "report": "usage", "format": "csv", "granularity": "day" });
        let export = self.made("/v1/reports/exports", &export).await;
        self.work().await;
        let bulk = json!({ "filter": { "client_id": other }, "reason": "as agreed" });
        self.key(&other).await;
        let operation = self.made("/v1/keys/suspend", &bulk).await;
        let leak = self.leaked(&other).await;
        let person = self.made("/v1/principals", &json!({ "name": "Ada" })).await;
        let (account, _) = self.account("Payments").await;
        let grant = self.grant(&account, "viewer", &json!({ "kind": "all" })).await;
        let rule = json!({ "permission": "key.issue", "environment": "sandbox", "reason": "as agreed" });
        let rule = self.made("/v1/approval-rules", &rule).await;
        let path = format!("/v1/clients/{}/keys", fixture.client);
        let waits = self.post(path, &sandbox_key()).holder("operator").expect(202).await.json();
        let approval = waits["id"].as_str().unwrap().to_owned();
        let (webhook, _) = self.webhook(&webhook_body()).await;
        let notification_rule = self.made("/v1/notification-rules", &notification_rule_body()).await;
        let delivery = self.tested(&webhook).await;
        self.deliver(Outcome::Delivered).await;
        Fixture {
            operation,
            export,
            delivery,
            leak,
            person,
            account,
            grant,
            approval,
            rule,
            webhook,
            notification_rule,
            ..fixture
        }
    }

    /// What waits, of whoever calls.
    pub(in crate::tests) async fn proposal(&self, client: &str) -> String {
        let waits = self.post(format!("/v1/clients/{client}/keys"), &sandbox_key()).expect(202).await.json();
        waits["id"].as_str().unwrap().to_owned()
    }
}

/// A body of which nothing ever comes.
pub(in crate::tests) fn stalled() -> Body {
    Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>())
}
