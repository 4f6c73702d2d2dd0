//! The first administrator, and the way back in, by the command line and the machine.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tollgate_tests::{Cluster, Launch, Product, Role, TOKEN, until};

const SOON: Duration = Duration::from_secs(30);

/// With this token in the place of the first.
async fn json(product: &Product, token: &str, args: &[&str]) -> Result<Value> {
    let exit = product.cli(&[args, &["--token", token, "--output", "json"]].concat()).await?;
    ensure!(exit.status.success(), "{args:?}: {}", exit.stderr);
    serde_json::from_str(&exit.stdout).with_context(|| format!("{args:?}: {}", exit.stdout))
}

#[tokio::test]
async fn an_installation_is_claimed_once_and_recovered_by_whoever_has_the_machine() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let claimed = json(&product, TOKEN, &["claim", "--name", "Ada"]).await?;
    let token = claimed["token"].as_str().context("a token is shown")?.to_owned();
    let refused = product.cli(&["client", "list"]).await?;
    assert!(refused.status.code() == Some(3) && refused.stderr.contains("unauthenticated"), "{refused:?}");
    let glass = ["principal", "break-glass", "--minutes", "5", "--reason", "all calls fail"];
    assert!(json(&product, &token, &glass).await?["break_glass_until"].is_string());
    json(&product, &token, &["principal", "close-glass"]).await?;

    let data_dir = product.data_dir().to_str().context("a path of letters")?.to_owned();
    let recover =
        ["access", "recover", "--data-dir", &data_dir, "--operator", "ops", "--reason", "Ada has left"];
    let beside = product.cli(&recover).await?;
    assert!(!beside.status.success() && beside.stdout.is_empty(), "beside a running server: {beside:?}");
    product.terminate().await?;
    let recovered = product.cli(&recover).await?;
    ensure!(recovered.status.success(), "{}", recovered.stderr);
    product.restart().await?;

    let again = json(&product, recovered.stdout.trim(), &["claim", "--name", "Grace"]).await?;
    let grace = again["token"].as_str().context("a token is shown")?.to_owned();
    let twice = product.cli(&["claim", "--name", "Eve", "--token", recovered.stdout.trim()]).await?;
    assert_eq!(twice.status.code(), Some(3), "{twice:?}");
    // Both are administrators, and the log says how the second became one.
    for token in [&token, &grace] {
        assert_eq!(json(&product, token, &["whoami"]).await?["roles"], serde_json::json!(["admin"]));
    }
    let audit = json(&product, &grace, &["audit", "list", "--limit", "200"]).await?.to_string();
    for said in ["principal.claim_reopened", "operator:ops", "Ada has left", "data_directory"] {
        assert!(audit.contains(said), "{said}");
    }
    assert!(!audit.contains(recovered.stdout.trim()) && !audit.contains(&token));
    Ok(())
}

/// The same beside servers that run: the log is on a server of its own, and takes the token while they go on.
#[tokio::test]
async fn an_installation_on_postgres_is_recovered_while_its_servers_run() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    for (role, name) in
        [(Role::Api, "api-1"), (Role::Sequencer, "sequencer-1"), (Role::Projections, "projections-1")]
    {
        cluster.add(role, name).await?;
    }
    let product = cluster.instance("api-1")?;
    let claimed = json(product, TOKEN, &["claim", "--name", "Ada"]).await?;
    let ada = claimed["token"].as_str().context("a token is shown")?.to_owned();
    let (url, secrets) = (cluster.database_url(), cluster.secrets().display().to_string());
    let recover = [
        "access",
        "recover",
        "--database-url",
        &url,
        "--secrets-dir",
        &secrets,
        "--operator",
        "ops",
        "--reason",
        "Ada has left",
    ];
    let elsewhere = tempfile::tempdir()?;
    let elsewhere = elsewhere.path().display().to_string();
    let mut without = recover;
    without[5] = &elsewhere;
    let refused = product.cli(&without).await?;
    ensure!(!refused.status.success() && refused.stdout.is_empty(), "under another pepper: {refused:?}");
    let recovered = product.cli(&recover).await?;
    ensure!(recovered.status.success(), "{}", recovered.stderr);
    let token = recovered.stdout.trim();
    let again = until("the servers to know the token", SOON, async || {
        let exit = product.cli(&["claim", "--name", "Grace", "--token", token, "--output", "json"]).await?;
        Ok(exit.status.success().then_some(exit.stdout))
    });
    let again: Value = serde_json::from_str(&again.await?)?;
    let grace = again["token"].as_str().context("a token is shown")?.to_owned();
    let twice = product.cli(&["claim", "--name", "Eve", "--token", token]).await?;
    assert_eq!(twice.status.code(), Some(3), "{twice:?}");
    // Whoever claimed has a new token made, and the one before ends.
    let rotated = json(product, &grace, &["principal", "rotate-token"]).await?;
    let fresh = rotated["token"].as_str().context("a token is shown")?.to_owned();
    for (token, expected) in [(&grace, Some(3)), (&fresh, Some(0)), (&ada, Some(0))] {
        assert_eq!(product.cli(&["whoami", "--token", token]).await?.status.code(), expected);
    }
    let audit = json(product, &fresh, &["audit", "list", "--limit", "200"]).await?.to_string();
    for said in ["principal.claim_reopened", "operator:ops", "\"database\"", "principal.token_rotated"] {
        assert!(audit.contains(said), "{said}");
    }
    for secret in [token, &ada, &grace, &fresh] {
        assert!(!audit.contains(secret));
    }
    Ok(())
}
