//! Changes at a time, through the doors: they happen when their time has come, and end.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::SignedDuration;
use serde_json::json;
use tollgate_tests::{Admin, Cluster, World, now, until};

/// What a scheduler may take: a clock that has jumped is believed after ten seconds.
const SOON: Duration = Duration::from_secs(60);

async fn status_becomes(admin: &Admin, path: &str, status: &str) -> Result<()> {
    until(&format!("{path} to be {status}"), SOON, async || {
        let shown = admin.get(path).await?.json;
        Ok((shown["status"] == status).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_suspension_comes_and_goes_by_itself() -> Result<()> {
    let world = World::start_with_clock().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let (at, ends) = (now() + SignedDuration::from_hours(1), now() + SignedDuration::from_hours(3));
    let path = format!("/keys/{}/suspend", key.key_id);
    let body = json!({ "reason": "maintenance", "at": at, "until": ends });
    let planned = world.admin.post(&path, &body).await?;
    ensure!(planned.status == 202, "{}", planned.body);
    let change = planned.json["id"].as_str().context("the change has an identifier")?.to_owned();
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);

    let (of_key, of_change) = (format!("/keys/{}", key.key_id), format!("/scheduled-changes/{change}"));
    world.product.set_clock_offset_seconds(3_601)?;
    status_becomes(&world.admin, &of_key, "suspended").await?;
    status_becomes(&world.admin, &of_change, "applied").await?;
    until("the key to be refused", SOON, async || {
        Ok((world.call("/orders", &key.secret).await?.status == 403).then_some(()))
    })
    .await?;
    // A clock that is set back does nothing twice.
    world.product.set_clock_offset_seconds(0)?;
    world.product.set_clock_offset_seconds(3 * 3_600 + 1)?;
    status_becomes(&world.admin, &of_key, "active").await?;
    status_becomes(&world.admin, &of_change, "ended").await?;
    until("the key to be allowed", SOON, async || {
        Ok((world.call("/orders", &key.secret).await?.status == 200).then_some(()))
    })
    .await?;
    let audit = world.admin.get(&format!("/audit?client_id={client}&limit=200")).await?.json;
    let items = audit["items"].as_array().context("entries")?;
    let of = |action: &str| items.iter().filter(|entry| entry["action"] == action).count();
    for action in ["scheduled_change.planned", "api_key.suspended", "api_key.reinstated"] {
        assert_eq!(of(action), 1, "{action}: {audit}");
    }
    let cause = items.iter().find(|entry| entry["action"] == "scheduled_change.planned");
    let effect = items.iter().find(|entry| entry["action"] == "api_key.suspended").context("the effect")?;
    assert_eq!(Some(&effect["causation_id"]), cause.map(|cause| &cause["event_id"]));
    assert_eq!(effect["actor"]["id"], "system:scheduler");
    Ok(())
}

#[tokio::test]
async fn changes_are_planned_listed_and_cancelled_by_command_line() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let cli = async |arguments: &[&str]| {
        let words = [arguments, &["--output", "json"]].concat();
        let done = world.product.cli(&words).await?;
        ensure!(done.status.success(), "{words:?}: {}", done.stderr);
        Ok(serde_json::from_str::<serde_json::Value>(&done.stdout)?)
    };
    let tomorrow = (now() + SignedDuration::from_hours(24)).to_string();
    let planned =
        cli(&["change", "plan", "revoke-key", &key.key_id, "--at", &tomorrow, "--reason", "over"]).await?;
    let id = planned["id"].as_str().context("the change has an identifier")?;
    let listed = cli(&["change", "list", "--key-id", &key.key_id, "--status", "pending"]).await?;
    assert_eq!(listed["items"][0]["id"], id);
    assert_eq!(cli(&["change", "show", id]).await?["kind"], "revoke_key");
    assert_eq!(cli(&["change", "cancel", id, "--reason", "kept"]).await?["status"], "cancelled");
    let boxed = cli(&["key", "suspend", &key.key_id, "--until", &tomorrow, "--reason", "odd"]).await?;
    assert_eq!((&boxed["kind"], &boxed["status"]), (&json!("suspend_key"), &json!("applied")));
    cli(&["change", "plan", "suspend-client", &client, "--at", &tomorrow, "--reason", "unpaid"]).await?;
    let table = world.product.cli(&["change", "list"]).await?.stdout;
    let suspended = table.lines().find(|line| line.contains("suspend_client")).context("it is listed")?;
    ensure!(table.contains("CLIENT_ID") && suspended.contains(&client), "whose calls will stop: {table}");
    Ok(())
}

#[tokio::test]
async fn a_scheduler_that_stands_by_takes_over() -> Result<()> {
    let mut cluster = Cluster::start().await?.with_each(1).await?;
    cluster.add(tollgate_tests::Role::Scheduler, "scheduler-2").await?;
    let admin = cluster.admin("api-1")?;
    let body = json!({
        "name": "Acme", "kind": "partner", "owner": { "team": "Orders", "email": "orders@example.com" },
        "environments": ["prod"],
    });
    let client = admin.post("/clients", &body).await?.json["id"].as_str().context("a client")?.to_owned();
    let at = now() + SignedDuration::from_secs(5);
    let suspend = json!({ "reason": "maintenance", "at": at });
    let planned = admin.post(&format!("/clients/{client}/suspend"), &suspend).await?;
    ensure!(planned.status == 202, "{}", planned.body);
    let change = planned.json["id"].as_str().context("the change has an identifier")?.to_owned();
    cluster.instance_mut("scheduler-1")?.kill_9()?;
    status_becomes(&admin, &format!("/scheduled-changes/{change}"), "applied").await?;
    status_becomes(&admin, &format!("/clients/{client}"), "suspended").await?;
    let leads = cluster.instance("scheduler-2")?.get("/metrics").await?.body;
    assert!(leads.contains("tollgate_scheduler_leads 1"), "{leads}");
    Ok(())
}
