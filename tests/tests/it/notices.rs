//! Letters and webhooks, through the doors: what happens is told, once, whatever is killed in between.

use std::{
    collections::BTreeSet,
    io::{Seek as _, Write as _},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_servers::{MailServer, Receiver, Reply};
use tollgate_tests::{Admin, Cluster, Launch, Role, TOKEN, World, until};

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

/// What a mail server sends back for a letter that it could not deliver (RFC 3464).
fn bounce(address: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.com\r\nTo: tollgate@example.com\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
    )
}

/// Runs the command line with this on its standard input.
async fn piped(world: &World, arguments: &[&str], input: &str) -> Result<()> {
    let mut file = tempfile::tempfile()?;
    file.write_all(input.as_bytes())?;
    file.rewind()?;
    let mut command = world.product.command()?;
    command.args(arguments).stdin(file);
    command.env("TOLLGATE_URL", world.product.url("")).env("TOLLGATE_TOKEN", TOKEN);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn what_is_for_an_address_that_bounced_goes_to_the_owner_until_it_is_given_back() -> Result<()> {
    let (gone, owner) = ("told-bounced@example.com", "told-owner@example.com");
    let mail = MailServer::shared().await?;
    let world = World::start_as(|launch| telling(launch, mail)).await?;
    let body = json!({
        "name": "Acme", "kind": "partner", "owner": { "team": "Orders", "email": owner }, "environments": ["prod"],
        "contacts": [{ "name": "Desk", "email": gone, "role": "technical" }],
    });
    let client = world.admin.post("/clients", &body).await?.json;
    let client = client["id"].as_str().context("a client has an id")?;
    let recipients = json!([{ "kind": "contacts", "role": "technical" }]);
    let body = json!({ "name": "desk", "notices": ["key_issued"], "recipients": recipients });
    let made = world.admin.post("/notification-rules", &body).await?;
    ensure!(made.status == 201, "{}", made.body);
    let letters = async |address: &str, count: usize| {
        until("a letter to arrive", SOON, async || {
            Ok((mail.received_by(address)?.len() == count).then_some(()))
        })
        .await
    };
    world.key(client, &json!({})).await?;
    letters(gone, 1).await?;
    piped(&world, &["mail", "bounce"], &bounce(gone)).await?;
    let marked = world.admin.get("/mail-addresses").await?.json;
    assert_eq!(marked.pointer("/items/0/address"), Some(&json!(gone)), "{marked}");
    world.key(client, &json!({})).await?;
    letters(owner, 1).await?;
    piped(&world, &["mail", "unmark", gone], "").await?;
    world.key(client, &json!({})).await?;
    letters(gone, 2).await?;
    assert_eq!(mail.received_by(owner)?.len(), 1);
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
