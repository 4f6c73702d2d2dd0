//! The story: clients, routes, policies and keys over REST, calls at the door, then what was counted and recorded.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::traffic::{self, Caller};
use crate::{cli::output, serve::Server};

/// The report may lag the calls by a flush and a projection.
const REPORT_AT_MOST: Duration = Duration::from_secs(15);

/// The admin API as the demo's administrator sees it.
struct Rest {
    http: reqwest::Client,
    base: String,
    token: String,
}

pub(super) async fn tell(server: &Server, token: &str, calls: u32) -> anyhow::Result<()> {
    let rest = Rest {
        http: reqwest::Client::builder().no_proxy().build()?,
        base: format!("http://{}/v1", server.http),
        token: token.to_owned(),
    };
    let (acme, fulfilment) = rest.set_up().await?;
    let before = rest.total().await?;

    let doors = server.gateway.context("the demo has a gateway")?;
    println!("Sending {calls} calls to the gateway door:");
    let tally = traffic::send(doors, &[acme, fulfilment], calls).await?;
    println!("{tally}");

    let report = rest.report_of(before + u64::from(calls)).await?;
    println!(
        "Usage report, all runs of this demo:\n{}\n",
        output::list(
            items(&report),
            &[
                "client_id",
                "route_id",
                "allowed",
                "rate_limited",
                "quota_exceeded",
                "unauthenticated",
                "forbidden",
                "total"
            ]
        )
    );
    let audit = rest.get("/audit?limit=12").await?;
    println!(
        "Audit log, the latest first:\n{}",
        output::list(items(&audit), &["position", "occurred_at", "actor.id", "action", "subject.id"])
    );
    Ok(())
}

impl Rest {
    /// Two clients with keys, three routes, two policies; on a second run what is there is found again.
    async fn set_up(&self) -> anyhow::Result<(Caller, Caller)> {
        let acme = self.client("Acme Travel", "partner", &["orders:read"]).await?;
        let fulfilment = self.client("Fulfilment", "internal", &["orders:read", "orders:write"]).await?;
        let known = self.get("/routes?limit=1").await?;
        if items(&known).is_empty() {
            self.post("/routes", &json!({ "name": "Read an order", "methods": ["GET"], "path": "/orders/{id}", "required_scopes": ["orders:read"] })).await?;
            self.post("/routes", &json!({ "name": "Place an order", "methods": ["POST"], "path": "/orders", "required_scopes": ["orders:write"] })).await?;
            self.post("/routes", &json!({ "name": "Monthly statement", "methods": ["GET"], "path": "/statements/{month}", "cost": 5 })).await?;
            let everyone = json!({ "name": "Everyone", "rates": [{ "name": "steady", "requests": 100, "per_seconds": 1, "burst": 200 }], "quotas": [] });
            self.assigned(&everyone, &json!({})).await?;
            let partners = json!({
                "name": "Partners", "rates": [{ "name": "burst", "requests": 20, "per_seconds": 1, "burst": 40 }],
                "quotas": [{ "name": "daily", "requests": 5_000, "period": "day", "time_zone": "Europe/Berlin" }],
            });
            self.assigned(&partners, &json!({ "client_id": acme.client_id })).await?;
        }
        println!("Two clients, three routes, two policies, a key for each client.\n");
        Ok((acme, fulfilment))
    }

    /// A client with a key whose secret this run knows: issued at first, rotated afterwards.
    async fn client(&self, name: &str, kind: &str, scopes: &[&str]) -> anyhow::Result<Caller> {
        let all = self.get("/clients?limit=200").await?;
        let known =
            items(&all).iter().find(|client| client.get("name").and_then(Value::as_str) == Some(name));
        let client_id = match known {
            Some(client) => id(client)?,
            None => {
                let body = json!({
                    "name": name, "kind": kind, "owner": { "team": "Partner management", "email": "partners@example.com" },
                    "contacts": [], "environments": ["prod"], "scopes": scopes, "labels": {},
                });
                id(&self.post("/clients", &body).await?)?
            }
        };
        let keys = self.get(&format!("/keys?client_id={client_id}&status=active")).await?;
        let issued = match items(&keys).first() {
            Some(key) => {
                self.post(
                    &format!("/keys/{}/rotate", id(key)?),
                    &json!({ "overlap_seconds": 0, "reason": "Another run of the demo" }),
                )
                .await?
            }
            None => {
                self.post(
                    &format!("/clients/{client_id}/keys"),
                    &json!({ "name": "demo", "environment": "prod" }),
                )
                .await?
            }
        };
        let secret = issued
            .get("secret")
            .and_then(Value::as_str)
            .context("an issue shows the secret once")?
            .to_owned();
        Ok(Caller { client_id, secret })
    }

    async fn assigned(&self, policy: &Value, assignment: &Value) -> anyhow::Result<()> {
        let policy_id = id(&self.post("/policies", policy).await?)?;
        self.post(&format!("/policies/{policy_id}/assignments"), assignment).await.map(drop)
    }

    async fn total(&self) -> anyhow::Result<u64> {
        let report = self.get("/reports/usage?granularity=total").await?;
        Ok(items(&report).iter().filter_map(|row| row.get("total").and_then(Value::as_u64)).sum())
    }

    /// The report, once it has counted that many calls.
    async fn report_of(&self, total: u64) -> anyhow::Result<Value> {
        let waited = tokio::time::timeout(REPORT_AT_MOST, async {
            while self.total().await? < total {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.get("/reports/usage?granularity=total&group_by=client,route").await
        });
        waited.await.context("the report did not count every call in time")?
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let answer =
            request.bearer_auth(&self.token).send().await.context("the demo's own server does not answer")?;
        let (status, body) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("the demo's server answered {status}: {body}");
        }
        Ok(serde_json::from_str(&body)?)
    }
}

fn items(list: &Value) -> &[Value] {
    list.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn id(resource: &Value) -> anyhow::Result<String> {
    // A key comes with its secret beside it.
    let resource = resource.get("key").unwrap_or(resource);
    Ok(resource.get("id").and_then(Value::as_str).context("a resource has an id")?.to_owned())
}
