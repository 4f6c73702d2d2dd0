//! Letters and webhooks, through the doors: what happens is told, once, whatever is killed in between.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_servers::{MailServer, Receiver, Reply};
use tollgate_tests::{Admin, Cluster, Launch, Role, World, until};

const SOON: Duration = Duration::from_secs(60);
/// What was under way when a process was killed is tried again after its lease, of 35 seconds here.
const LEASED: Duration = Duration::from_secs(120);

/// Loopback may be called, and letters go to the mail server of the tests.
pub(crate) fn telling(launch: Launch, mail: &MailServer) -> Launch {
    launch
        .env("TOLLGATE_WEBHOOKS_ALLOW", "127.0.0.0/8")
        .env("TOLLGATE_WEBHOOKS_ALLOW_HTTP", "true")
        .env("TOLLGATE_MAIL_HOST", "127.0.0.1")
        .env("TOLLGATE_MAIL_PORT", mail.plain().to_string())
        .env("TOLLGATE_MAIL_TLS", "none")
        .env("TOLLGATE_MAIL_TIMEOUT_SECONDS", "5")
        .env("TOLLGATE_MAIL_FROM", "Tollgate <tollgate@example.com>")
}

pub(crate) fn told(receiver: &Receiver) -> Vec<Value> {
    let asked = receiver.asked().into_iter().filter_map(|asked| serde_json::from_slice(&asked.body).ok());
    asked.filter(|body: &Value| body["type"] != "endpoint.verify").collect()
}

/// A webhook that has echoed its challenge, with its secret.
pub(crate) async fn webhook(admin: &Admin, receiver: &Receiver, events: &[&str]) -> Result<(String, String)> {
    receiver.otherwise(Reply::Echo);
    let body =
        json!({ "name": "desk", "url": receiver.url("/hook"), "events": events, "scope": { "kind": "all" } });
    let made = admin.post("/webhooks", &body).await?;
    ensure!(made.status == 201, "{}", made.body);
    let secret = made.json["secret"].as_str().context("a secret is shown once")?.to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    let id = made.json["webhook"]["id"].as_str().context("the webhook has an identifier")?.to_owned();
    let path = format!("/webhooks/{id}");
    until("the webhook to be verified", SOON, async || {
        let shown = admin.get(&path).await?.json;
        Ok((shown["status"] == "active").then_some(()))
    })
    .await?;
    Ok((id, secret))
}

pub(crate) async fn rule(admin: &Admin, notices: &[&str], address: &str) -> Result<()> {
    let recipients = json!([{ "kind": "address", "address": address }]);
    let body = json!({ "name": "desk", "notices": notices, "recipients": recipients });
    let made = admin.post("/notification-rules", &body).await?;
    ensure!(made.status == 201, "{}", made.body);
    Ok(())
}

#[tokio::test]
async fn what_happens_is_told_by_letter_and_webhook() -> Result<()> {
    let (mail, receiver) = (MailServer::shared().await?, Receiver::start().await?);
    let world = World::start_as(|launch| telling(launch, mail)).await?;
    webhook(&world.admin, &receiver, &["api_key.*"]).await?;
    rule(&world.admin, &["key_revoked"], "told-whole@example.com").await?;
    let client = world.client("Acme", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let revoked =
        world.admin.post(&format!("/keys/{}/revoke", key.key_id), &json!({ "reason": "over" })).await?;
    ensure!(revoked.status == 200, "{}", revoked.body);
    until("the webhook to be told", SOON, async || {
        let types: Vec<_> = told(&receiver).iter().map(|body| body["type"].clone()).collect();
        Ok((types == ["api_key.issued", "api_key.revoked"]).then_some(()))
    })
    .await?;
    until("the letter to arrive", SOON, async || {
        Ok((mail.received_by("told-whole@example.com")?.len() == 1).then_some(()))
    })
    .await?;
    let text = told(&receiver).iter().map(ToString::to_string).collect::<String>();
    for secret in [key.secret.as_str(), "locator", "digest"] {
        assert!(!text.contains(secret), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_notifier_that_is_killed_tells_everything_and_nothing_twice_in_its_store() -> Result<()> {
    let (mail, receiver) = (MailServer::shared().await?, Receiver::start().await?);
    let mut world = World::start_as(|launch| telling(launch, mail)).await?;
    webhook(&world.admin, &receiver, &["api_key.issued"]).await?;
    rule(&world.admin, &["key_issued"], "told-killed@example.com").await?;
    let client = world.client("Acme", &[]).await?;
    let mut keys = BTreeSet::new();
    for round in 0..4 {
        for _ in 0..5 {
            keys.insert(world.key(&client, &json!({})).await?.key_id);
        }
        if round < 3 {
            world.product.kill_9()?;
            world.product.restart().await?;
        }
    }
    until("every key to be told of", LEASED, async || {
        let of: BTreeSet<String> = told(&receiver)
            .iter()
            .filter_map(|body| body["subject"]["id"].as_str().map(str::to_owned))
            .collect();
        Ok((of == keys).then_some(()))
    })
    .await?;
    // At least once, and always under the same id.
    let ids: BTreeSet<String> = told(&receiver).iter().map(|body| body["id"].to_string()).collect();
    assert_eq!(ids.len(), keys.len());
    until("every letter to be sent", LEASED, async || {
        Ok((mail.received_by("told-killed@example.com")?.len() >= keys.len()).then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn roles_apart_tell_on_postgres_and_a_notifier_that_stands_by_takes_over() -> Result<()> {
    let (mail, receiver) = (MailServer::shared().await?, Receiver::start().await?);
    let mut cluster = Cluster::start().await?.with_each(1).await?;
    for name in ["notifier-1", "notifier-2"] {
        let launch = telling(cluster.launch(Role::Notifier, name)?, mail);
        cluster.add_launched(name, launch).await?;
    }
    // The API judges URLs by the same policy.
    let launch = telling(cluster.launch(Role::Api, "api-2")?, mail);
    cluster.add_launched("api-2", launch).await?;
    let admin = cluster.admin("api-2")?;
    webhook(&admin, &receiver, &["api_client.*"]).await?;
    let register = async |name: &str| {
        let body = json!({
            "name": name, "kind": "partner", "owner": { "team": "Orders", "email": "orders@example.com" },
            "environments": ["prod"],
        });
        let made = admin.post("/clients", &body).await?;
        ensure!(made.status == 201, "{}", made.body);
        Ok(())
    };
    let is_told =
        async |clients: usize| {
            until("the clients to be told of", SOON, async || {
                Ok((told(&receiver).len() >= clients).then_some(()))
            })
            .await
        };
    register("One").await?;
    is_told(1).await?;
    cluster.instance_mut("notifier-1")?.kill_9()?;
    register("Two").await?;
    is_told(2).await?;
    cluster.instance_mut("notifier-2")?.kill_9()?;
    register("Three").await?;
    let launch = telling(cluster.launch(Role::Notifier, "notifier-3")?, mail);
    cluster.add_launched("notifier-3", launch).await?;
    is_told(3).await?;
    let ids: BTreeSet<String> = told(&receiver).iter().map(|body| body["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);
    Ok(())
}
