//! The command line does the main job without curl.

use std::{io, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tollgate_tests::{Launch, Product, TOKEN};

async fn json(product: &Product, args: &[&str]) -> Result<Value> {
    let all = [args, &["--output", "json"]].concat();
    let exit = product.cli(&all).await?;
    ensure!(exit.status.success(), "{args:?}: {}", exit.stderr);
    serde_json::from_str(&exit.stdout).with_context(|| format!("{args:?}: {}", exit.stdout))
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn the_main_job_by_hand() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let register = ["client", "register", "--name", "Acme", "--team", "partners", "--email", "p@example.com"];
    let more = [
        "--environment",
        "prod",
        "--scope",
        "orders:read",
        "--contact",
        "technical:t@example.com:Tech",
        "--label",
        "tier=gold",
    ];
    let client = json(&product, &[&register[..], &more].concat()).await?;
    let client_id = client["id"].as_str().context("a client has an id")?;
    let route = [
        "route",
        "define",
        "--name",
        "Read an order",
        "--path",
        "/orders/{id}",
        "--required-scope",
        "orders:read",
    ];
    json(&product, &route).await?;
    let policy = json(
        &product,
        &[
            "policy",
            "define",
            "--name",
            "standard",
            "--rate",
            "burst:100/60:20",
            "--quota",
            "daily:1000/day@Europe/Berlin",
        ],
    )
    .await?;
    let policy_id = policy["id"].as_str().context("a policy has an id")?;
    json(&product, &["policy", "assign", policy_id, "--client-id", client_id]).await?;
    let issued =
        json(&product, &["key", "issue", client_id, "--name", "backend", "--environment", "prod"]).await?;
    let key_id = issued["key"]["id"].as_str().context("a key has an id")?;
    assert!(issued["secret"].is_string());

    let changed = json(&product, &["client", "update", client_id, "--name", "Acme Ltd"]).await?;
    assert_eq!(changed["name"], "Acme Ltd");
    json(&product, &["key", "revoke", key_id, "--reason", "done"]).await?;
    let listed = product.cli(&["key", "list", "--client-id", client_id]).await?;
    assert!(listed.stdout.contains("revoked") && listed.stdout.contains("CLIENT_ID"), "{}", listed.stdout);
    let keys = product.cli(&["audit", "keys"]).await?;
    ensure!(keys.stdout.contains("VKEY") && keys.stdout.contains("ORIGIN"), "two tables: {}", keys.stdout);
    ensure!(!keys.stdout.contains('{'), "nothing is spelt out: {}", keys.stdout);
    let audit = product.cli(&["audit", "list"]).await?;
    for action in [
        "api_client.registered",
        "api_client.renamed",
        "route.defined",
        "rate_limit_policy.assigned",
        "api_key.issued",
        "api_key.revoked",
    ] {
        assert!(audit.stdout.contains(action), "{action}: {}", audit.stdout);
    }
    let listed = product.cli(&["key", "list", "--sort", "-created_at,name", "--output", "csv"]).await?;
    assert!(listed.stdout.starts_with("id,client_id,name,environment,status,"), "{}", listed.stdout);
    assert!(listed.stdout.contains(",backend,prod,revoked,…"), "{}", listed.stdout);
    let then = json(&product, &["key", "get", key_id, "--as-of", "5"]).await?;
    assert_eq!((&then["status"], &then["version"]), (&"active".into(), &1.into()));
    let shown = product.cli(&["policy", "get", policy_id, "--output", "csv"]).await?;
    assert!(shown.stdout.contains("name,") && shown.stdout.contains(",standard,"), "{}", shown.stdout);
    let bound = json(&product, &["policy", "assignments", "--client-id", client_id]).await?;
    assert_eq!(bound["items"][0]["policy_id"], policy_id);
    let ahead = product.cli(&["client", "list", "--as-of", "9999"]).await?;
    assert_eq!(ahead.status.code(), Some(3), "{}", ahead.stderr);
    assert!(ahead.stderr.contains("as_of_ahead"), "{}", ahead.stderr);
    let refused = product.cli(&["key", "issue", client_id, "--name", "k", "--environment", "nope"]).await?;
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("environment_not_allowed"), "{}", refused.stderr);
    Ok(())
}

#[tokio::test]
async fn every_shell_completes() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let printed = product.cli(&["completion", shell]).await?;
        assert!(
            printed.status.success() && printed.stdout.contains("tollgate"),
            "{shell}: {}",
            printed.stderr
        );
    }
    let nonsense = product.cli(&["completion", "cobol"]).await?;
    assert_eq!(nonsense.status.code(), Some(2));
    Ok(())
}

#[tokio::test]
async fn settings_are_shown_with_secrets_masked() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let shown = product.cli(&["config", "--bootstrap-token", TOKEN, "--node", "n1"]).await?;
    assert!(shown.stdout.contains("node = \"n1\"") && !shown.stdout.contains(TOKEN), "{}", shown.stdout);
    Ok(())
}

/// Whoever reads is gone before the first line, as `head` is before the last.
#[tokio::test]
async fn a_reader_that_has_had_enough_ends_a_command_without_a_word() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    for words in [
        &["whoami"][..],
        &["key", "list", "--output", "json"],
        &["key", "list", "--output", "csv"],
        &["gateway", "nodes"],
        &["openapi"],
        &["completion", "bash"],
        &["config"],
    ] {
        let (reader, writer) = io::pipe()?;
        drop(reader);
        let mut command = product.command()?;
        command.args(words).env("TOLLGATE_URL", product.url("")).env("TOLLGATE_TOKEN", TOKEN);
        command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let ended = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*said), (Some(141), ""), "{words:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_said_so_that_it_helps() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let door = format!("http://127.0.0.1:{}", product.gateway_port());
    let elsewhere = product.cli(&["whoami", "--url", &door]).await?;
    let sentence = format!("tollgate: nothing of Tollgate's admin API answers at {door}: ");
    assert!(elsewhere.stderr.starts_with(&sentence), "{elsewhere:?}");
    assert!(elsewhere.status.code() == Some(1) && elsewhere.stderr.contains("404"), "{elsewhere:?}");
    let no_file = product.cli(&["key", "import", "/nope", "--source", "x"]).await?;
    assert!(no_file.stderr.starts_with("tollgate: cannot read /nope"), "{no_file:?}");
    Ok(())
}
