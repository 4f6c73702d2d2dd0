//! The first administrator, and the way back in, by the command line and the machine.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tollgate_tests::{Launch, Product, TOKEN};

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
