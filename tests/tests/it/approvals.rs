//! Two people: what one proposes, the other allows, and it is done once, with a restart in between.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tollgate_tests::{Launch, Product, TOKEN};

async fn json(product: &Product, token: &str, args: &[&str]) -> Result<Value> {
    let exit = product.cli(&[args, &["--token", token, "--output", "json"]].concat()).await?;
    ensure!(exit.status.success(), "{args:?}: {}", exit.stderr);
    serde_json::from_str(&exit.stdout).with_context(|| format!("{args:?}: {}", exit.stdout))
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is a text"))?.to_owned())
}

#[tokio::test]
async fn what_one_proposes_another_allows_and_it_is_done_once() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let ada = text(&json(&product, TOKEN, &["claim", "--name", "Ada"]).await?["token"])?;
    product.terminate().await?;
    let data_dir = text(&Value::from(product.data_dir().to_str()))?;
    let recover =
        ["access", "recover", "--data-dir", &data_dir, "--operator", "ops", "--reason", "a second one"];
    let recovered = product.cli(&recover).await?;
    ensure!(recovered.status.success(), "{}", recovered.stderr);
    product.restart().await?;
    let grace =
        text(&json(&product, recovered.stdout.trim(), &["claim", "--name", "Grace"]).await?["token"])?;

    let register = ["client", "register", "--name", "Acme", "--team", "partners", "--email", "p@example.com"];
    let client = json(&product, &ada, &[&register[..], &["--environment", "prod"]].concat()).await?;
    let client = text(&client["id"])?;
    let rule =
        ["approval-rule", "make", "--permission", "key.issue", "--environment", "prod", "--reason", "two"];
    json(&product, &ada, &rule).await?;
    let issue = ["key", "issue", &client, "--name", "backend", "--environment", "prod"];
    let proposed = [&issue[..], &["--token", &ada]].concat();
    let waits = product.cli(&[&proposed[..], &["--output", "json"]].concat()).await?;
    let said: Value = serde_json::from_str(&waits.stdout).with_context(|| format!("{waits:?}"))?;
    let approval = text(&said["id"])?;
    assert_eq!((waits.status.code(), &said["status"]), (Some(4), &"waiting".into()), "no success: {waits:?}");
    let sentence = format!("tollgate: waits for a second person: {approval}");
    assert!(waits.stderr.starts_with(&sentence), "{waits:?}");
    // Proposed twice, it is one. A person is not shown all that it would do.
    let again = product.cli(&proposed).await?;
    assert!(again.stderr.starts_with(&sentence) && again.stdout.contains(&approval), "{again:?}");
    assert!(again.stdout.contains("EXPIRES_AT") && !again.stdout.contains("asked"), "{again:?}");
    let own = product.cli(&["approval", "approve", &approval, "--token", &ada]).await?;
    assert!(own.status.code() == Some(3) && own.stderr.contains("approval_of_own"), "{own:?}");

    // What waits, waits on disk.
    product.restart().await?;
    let listed = json(&product, &grace, &["approval", "list", "--status", "waiting"]).await?;
    assert_eq!(listed["items"][0]["id"], approval.as_str());
    let shown = json(&product, &grace, &["approval", "get", &approval]).await?;
    assert_eq!(shown["asked"]["body"]["name"], "backend");
    json(&product, &grace, &["approval", "approve", &approval, "--reason", "as agreed"]).await?;
    product.restart().await?;
    let with = [&issue[..], &["--approval", &approval]].concat();
    let issued = json(&product, &ada, &with).await?;
    assert!(issued["secret"].is_string(), "{issued}");
    let again = json(&product, &ada, &with).await?;
    assert_eq!((&again["secret"], &again["key"]["id"]), (&Value::Null, &issued["key"]["id"]));
    let keys = json(&product, &grace, &["key", "list"]).await?;
    assert_eq!(keys["items"].as_array().map(Vec::len), Some(1));
    let revoked = ["key", "revoke", &text(&issued["key"]["id"])?, "--reason", "done"];
    json(&product, &ada, &revoked).await?;
    Ok(())
}
