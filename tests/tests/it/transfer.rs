//! An installation outgrows its machine: the log moves to Postgres and back, by the real binary.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use eventlog::postgres::{PostgresSettings, migrate};
use serde_json::json;
use tollgate_tests::{Exit, Launch, Postgres, Product, TOKEN, post, until};

/// Registers clients under keys of their own, with a key each; answers the secret of the last.
async fn fill(product: &Product, clients: u32) -> Result<String> {
    let mut secret = None;
    for number in 0..clients {
        let admin = product.admin()?.with("idempotency-key", &format!("client-{number}"))?;
        let client = json!({
            "name": format!("Client {number}"), "kind": "partner", "contacts": [], "labels": {},
            "owner": { "team": "partners", "email": "owner@example.com" },
            "environments": ["prod"], "scopes": ["orders:read"],
        });
        let registered = admin.post("/clients", &client).await?;
        ensure!(registered.status == 201, "{}", registered.body);
        let id = registered.json["id"].as_str().context("a client has an id")?;
        let key = json!({ "name": "key", "environment": "prod" });
        let issued = product.admin()?.post(&format!("/clients/{id}/keys"), &key).await?;
        secret = issued.json["secret"].as_str().map(str::to_owned);
    }
    secret.context("an issue shows the secret")
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is text")
}

fn succeeded(exit: Exit) -> Result<String> {
    ensure!(exit.status.success(), "{}", exit.stderr);
    Ok(exit.stdout)
}

/// The root that a command has printed.
fn root(printed: &str) -> Result<String> {
    let (_, root) = printed.split_once(", root ").with_context(|| format!("no root in {printed}"))?;
    let root: String = root.chars().take_while(char::is_ascii_hexdigit).collect();
    ensure!(root.len() == 64, "{printed}");
    Ok(root)
}

/// All but the first line and the last: those have the time and the place.
fn events_and_commands(file: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(file)?;
    let middle = |line: &&str| line.starts_with("{\"event\"") || line.starts_with("{\"command\"");
    Ok(text.lines().filter(middle).map(str::to_owned).collect())
}

fn bring_along(secrets: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for name in ["pepper.1.key", "signing.key"] {
        fs::copy(secrets.join(name), to.join(name)).with_context(|| format!("copying {name}"))?;
    }
    Ok(())
}

struct Files {
    first: PathBuf,
    second: PathBuf,
}

#[tokio::test]
async fn a_log_moves_to_postgres_and_back_and_its_keys_are_still_recognised() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let secret = fill(&product, 20).await?;
    let secrets = product.data_dir().to_owned();
    let dir = tempfile::tempdir()?;
    let files = Files { first: dir.path().join("first"), second: dir.path().join("second") };
    let from_dir = ["export", text(&files.first)?, "--data-dir", text(&secrets)?];
    let refused = product.cli(&from_dir).await?;
    assert!(
        !refused.status.success() && refused.stderr.contains("another Tollgate process"),
        "{}",
        refused.stderr
    );
    product.terminate().await?;
    let exported = root(&succeeded(product.cli(&from_dir).await?)?)?;
    let lines = events_and_commands(&files.first)?;
    assert_eq!(lines.len(), 20 + 20 + 20, "a registration, an issue and a named command each");
    assert!(!lines.concat().contains(&secret), "no secret is in the file");

    let database = Postgres::shared().await?.database()?;
    let to_server = ["import", text(&files.first)?, "--database-url", &database.url];
    let refused = product.cli(&to_server).await?;
    assert!(!refused.status.success() && refused.stderr.contains("tollgate migrate"), "{}", refused.stderr);
    migrate(&PostgresSettings::new(database.url.as_str().into()), None).await?;
    let printed = succeeded(product.cli(&to_server).await?)?;
    assert_eq!(root(&printed)?, exported);
    assert!(printed.contains("bring along") && printed.contains("pepper.1.key, signing.key"), "{printed}");
    let from_server = ["export", text(&files.second)?, "--database-url", &database.url];
    assert_eq!(root(&succeeded(product.cli(&from_server).await?)?)?, exported);
    assert_eq!(events_and_commands(&files.second)?, lines);

    // A directory that has made a pepper of its own would recognise nobody.
    let mut fresh = Launch::new(TOKEN)?.start().await?;
    fresh.terminate().await?;
    let into_fresh = ["import", text(&files.first)?, "--data-dir", text(fresh.data_dir())?];
    let refused = fresh.cli(&into_fresh).await?;
    assert!(
        !refused.status.success() && refused.stderr.contains("pepper.1.key is another"),
        "{}",
        refused.stderr
    );
    let back = dir.path().join("back");
    let into_back = ["import", text(&files.second)?, "--data-dir", text(&back)?];
    let refused = product.cli(&into_back).await?;
    assert!(
        !refused.status.success() && refused.stderr.contains("pepper.1.key is missing"),
        "{}",
        refused.stderr
    );
    assert!(!back.exists(), "nothing is written");
    bring_along(&secrets, &back)?;
    assert_eq!(root(&succeeded(product.cli(&into_back).await?)?)?, exported);

    let returned = Launch::new(TOKEN)?.data_dir(&back).start().await?;
    let admin = returned.admin()?;
    until("the audit log to be built", Duration::from_secs(20), async || {
        let audit = admin.get("/audit?limit=1").await?.json;
        Ok((audit["items"][0]["position"] == 40).then_some(()))
    })
    .await?;
    let ask = json!({ "secret": secret, "method": "GET", "path": "/unknown" });
    let judged = post(&format!("http://127.0.0.1:{}/v1/verify", returned.gateway_port()), &ask).await?.json;
    assert_eq!(judged["reason"], "unknown_route", "the key is recognised, the path is not: {judged}");
    Ok(())
}
