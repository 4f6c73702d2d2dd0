//! The log is signed as it grows; what was signed can be proven, and what was changed afterwards cannot be hidden.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use tollgate_tests::{Launch, Objects, Product, TOKEN, until};

const SOON: Duration = Duration::from_secs(10);

/// Clients and keys, and the size of the log then.
async fn fill(product: &Product, clients: usize) -> Result<u64> {
    let admin = product.admin()?;
    let mut last = 0;
    for number in 0..clients {
        let body = json!({
            "name": format!("Client {number}"), "kind": "partner", "environments": ["prod"],
            "owner": { "team": "payments", "email": "owner@example.com" },
        });
        let made = admin.post("/clients", &body).await?;
        ensure!(made.status == 201, "{}", made.body);
        let client = made.json["id"].as_str().context("a client has an id")?;
        let key = json!({ "name": "backend", "environment": "prod" });
        let issued = admin.post(&format!("/clients/{client}/keys"), &key).await?;
        let position = issued.header("tollgate-position").context("a write has a position")?;
        last = position.parse()?;
    }
    Ok(last)
}

/// The checkpoint of that size, as soon as there is one.
async fn signed(product: &Product, size: u64) -> Result<Value> {
    let admin = product.admin()?;
    until("the log to be signed", SOON, async || {
        let checkpoint = admin.get("/audit/checkpoint").await?;
        Ok((checkpoint.status == 200 && checkpoint.json["size"] == size).then_some(checkpoint.json))
    })
    .await
}

async fn key(product: &Product) -> Result<String> {
    let keys = product.admin()?.get("/audit/keys").await?;
    let newest = keys.json["keys"].as_array().and_then(|keys| keys.last()).context("there is a key")?;
    Ok(newest["vkey"].as_str().context("a key is a text")?.to_owned())
}

/// Exports and verifies by the command line; the exit code, and what was printed.
async fn verified(
    product: &Product,
    key: Option<&str>,
    change: impl Fn(&str) -> String,
) -> Result<(i32, String)> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("audit.jsonl");
    let name = file.to_str().context("a path is a text")?;
    let exported = product.cli(&["audit", "export", name]).await?;
    ensure!(exported.status.success(), "{}", exported.stderr);
    fs::write(&file, change(&fs::read_to_string(&file)?))?;
    let pinned = key.map(|key| ["--key", key]);
    let arguments: Vec<&str> =
        ["audit", "verify", name].into_iter().chain(pinned.into_iter().flatten()).collect();
    let exit = product.cli(&arguments).await?;
    Ok((exit.status.code().unwrap_or(-1), exit.stdout))
}

/// The databases as they lie there; the published checkpoints are somewhere else.
fn copy_databases(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db")) {
            fs::remove_file(path)?;
        }
    }
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().context("a file has a name")?.to_owned();
        if path.is_file() && name.to_string_lossy().contains(".db") {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_done_is_signed_exported_and_verified_and_an_edit_is_told() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let size = fill(&product, 3).await?;
    let checkpoint = signed(&product, size).await?;
    let file = product.data_dir().join("checkpoints/checkpoint");
    until("the checkpoint beside the database", SOON, async || {
        Ok((checkpoint["note"] == fs::read_to_string(&file)?).then_some(()))
    })
    .await?;
    let key = key(&product).await?;
    let same = |text: &str| text.to_owned();

    let (code, told) = verified(&product, Some(&key), same).await?;
    assert!(code == 0 && told.contains(&format!("{size} of {size} entries are proven")), "{code} {told}");
    assert!(told.contains("signed by the key that was given"), "{told}");
    let (code, told) = verified(&product, None, same).await?;
    assert!(code == 0 && told.contains("The key was not pinned") && told.contains(&key), "{code} {told}");
    let lines = |text: &str| text.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>();
    type Change<'a> = &'a dyn Fn(&str) -> String;
    let changes: [(i32, &str, Change<'_>); 6] = [
        (10, "altered: the entry at position 1", &|text| text.replacen("Client 0", "Client O", 1)),
        (11, "missing: the entry at position 2", &|text| {
            let mut lines = lines(text);
            lines.remove(3);
            lines.concat()
        }),
        (12, "reordered: the entry at position 1", &|text| {
            let mut lines = lines(text);
            lines.swap(2, 3);
            lines.concat()
        }),
        (13, "inserted: line 4", &|text| {
            let mut lines = lines(text);
            lines.insert(3, lines[2].clone());
            lines.concat()
        }),
        (14, "cut off", &|text| text[..text.len() / 2].to_owned()),
        (17, "no export", &|_| "{}\n".to_owned()),
    ];
    for (expected, words, change) in changes {
        let (code, told) = verified(&product, Some(&key), change).await?;
        assert!(code == expected && told.contains(words), "{words}: {code} {told}");
    }
    let (code, told) =
        verified(&product, Some("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), same)
            .await?;
    assert!(code == 16 && told.contains("not signed by the key that was given"), "{code} {told}");

    let database = Connection::open(product.data_dir().join("events.db"))?;
    database.execute_batch(
        "drop trigger events_are_not_updated;
         update events set payload = replace(payload, 'Client 1', 'Client l') where payload like '%Client 1%'",
    )?;
    drop(database);
    let (code, told) = verified(&product, Some(&key), same).await?;
    assert!(code == 10 && told.contains("altered: the entry at position 3"), "{code} {told}");
    Ok(())
}

#[tokio::test]
async fn a_restored_older_database_does_not_start_until_an_operator_gives_it_another_name() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let first = fill(&product, 1).await?;
    signed(&product, first).await?;
    let key_before = key(&product).await?;
    product.terminate().await?;
    let older = tempfile::tempdir()?;
    copy_databases(product.data_dir(), older.path())?;
    product.restart().await?;
    let second = fill(&product, 2).await?;
    signed(&product, second).await?;
    product.terminate().await?;
    let data_dir = product.data_dir().to_owned();
    copy_databases(older.path(), &data_dir)?;

    let refused = Launch::new(TOKEN)?.data_dir(&data_dir).refuses_to_start(SOON * 2).await?;
    assert!(!refused.status.success());
    let told = format!(
        "the log has {first} events, but the published checkpoint knows a signed checkpoint of {second}"
    );
    assert!(refused.stderr.contains(&told) && refused.stderr.contains("new-identity"), "{}", refused.stderr);

    let directory = data_dir.to_str().context("a path is a text")?;
    let renewed = product
        .cli(&["audit", "new-identity", "--data-dir", directory, "--reason", "the newest copy was lost"])
        .await?;
    assert!(
        renewed.status.success() && renewed.stdout.contains("/2`"),
        "{} {}",
        renewed.stdout,
        renewed.stderr
    );
    product.restart().await?;
    signed(&product, first).await?;
    let keys = product.admin()?.get("/audit/keys").await?.json;
    let identity = &keys["identities"][1];
    assert_eq!(
        (&identity["reason"], &identity["abandoned_size"]),
        (&json!("the newest copy was lost"), &json!(second))
    );
    let key_after = key(&product).await?;
    assert_ne!(key_before, key_after, "whoever pinned the old name is told");
    assert_eq!(verified(&product, Some(&key_before), str::to_owned).await?.0, 16);
    assert_eq!(verified(&product, Some(&key_after), str::to_owned).await?.0, 0);
    Ok(())
}

#[tokio::test]
async fn checkpoints_are_published_to_a_webhook_and_an_object_store_that_fail_at_first() -> Result<()> {
    let (webhook, objects) = (Objects::start(1, 1).await?, Objects::start(0, 0).await?);
    let product = Launch::new(TOKEN)?
        .arg("--checkpoint-webhook")
        .arg(format!("{}/hook", webhook.url()))
        .arg("--checkpoint-objects")
        .arg(format!("{}/bucket/log", objects.url()))
        .env("TOLLGATE_CHECKPOINT_TOKEN", "a-token-for-the-store");
    let product = product.start().await?;
    let size = fill(&product, 1).await?;
    let checkpoint = signed(&product, size).await?;
    let note = checkpoint["note"].as_str().context("a checkpoint has a note")?.to_owned();
    let came = until("the webhook to have it", SOON, async || {
        let sent = webhook.sent();
        Ok(sent.iter().any(|sent| sent.status == 204 && sent.body == note).then_some(sent))
    })
    .await?;
    assert!(
        came.iter().all(|sent| sent.path == "/hook" && sent.method == "POST"),
        "no redirect is followed: {came:?}"
    );
    assert!(came.iter().all(|sent| sent.authorization == "Bearer a-token-for-the-store"));
    let put = until("the object store to have it", SOON, async || {
        let sent = objects.sent();
        let newest = sent.iter().any(|sent| sent.path == "/bucket/log/checkpoint" && sent.body == note);
        Ok(newest.then_some(sent))
    })
    .await?;
    let of_size = format!("/bucket/log/checkpoints/{size}");
    assert!(
        put.iter().any(|sent| sent.path == of_size && sent.body == note && sent.method == "PUT"),
        "{put:?}"
    );
    let metrics = product.get("/metrics").await?.body;
    for measured in
        ["tollgate_checkpoint_publish_failures_total{to=\"webhook\"} 2", "tollgate_checkpoint_refused 0"]
    {
        assert!(metrics.contains(measured), "{measured}: {metrics}");
    }
    assert!(
        metrics.contains(&format!("tollgate_checkpoint_published_size{{to=\"objects\"}} {size}")),
        "{metrics}"
    );
    Ok(())
}

#[tokio::test]
async fn keys_are_rotated_with_an_overlap() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let size = fill(&product, 1).await?;
    signed(&product, size).await?;
    let old = key(&product).await?;
    product.terminate().await?;
    let directory = product.data_dir().to_str().context("a path is a text")?.to_owned();
    assert!(product.cli(&["secrets", "rotate-signing", &directory]).await?.status.success());
    product.restart().await?;
    let size = fill(&product, 1).await?;
    signed(&product, size).await?;
    let new = key(&product).await?;
    assert_ne!(old, new);
    for key in [&old, &new] {
        assert_eq!(verified(&product, Some(key), str::to_owned).await?.0, 0, "both sign");
    }
    let again = product.cli(&["secrets", "rotate-signing", &directory]).await?;
    assert!(!again.status.success() && again.stderr.contains("retire"), "{}", again.stderr);
    product.terminate().await?;
    assert!(product.cli(&["secrets", "retire-signing", &directory]).await?.status.success());
    product.restart().await?;
    let size = fill(&product, 1).await?;
    signed(&product, size).await?;
    assert_eq!(verified(&product, Some(&new), str::to_owned).await?.0, 0);
    assert_eq!(verified(&product, Some(&old), str::to_owned).await?.0, 16);
    Ok(())
}

#[tokio::test]
async fn a_witness_signs_a_log_that_grows_and_shouts_at_one_that_shrinks() -> Result<()> {
    let mut product = Launch::new(TOKEN)?.start().await?;
    let first = fill(&product, 1).await?;
    signed(&product, first).await?;
    let (key, state) = (key(&product).await?, tempfile::tempdir()?);
    let witness = ["witness", "--once", "--key", &key, "--state"];
    let witness: Vec<&str> = witness.into_iter().chain(state.path().to_str()).collect();
    let seen = product.cli(&witness).await?;
    assert!(seen.status.success(), "{}", seen.stderr);
    assert_eq!(
        seen.stdout.matches("\n— ").count(),
        2,
        "the log's signature and the witness': {}",
        seen.stdout
    );
    let again = product.cli(&witness).await?;
    assert_eq!(again.stdout, seen.stdout, "what was signed is not signed anew");
    product.terminate().await?;
    let older = tempfile::tempdir()?;
    copy_databases(product.data_dir(), older.path())?;
    product.restart().await?;
    let second = fill(&product, 3).await?;
    signed(&product, second).await?;
    let grown = product.cli(&witness).await?;
    assert!(grown.status.success() && grown.stdout.contains(&format!("\n{second}\n")), "{}", grown.stderr);

    // Everything that the server could know is restored with it: nobody but the witness can tell.
    product.terminate().await?;
    copy_databases(older.path(), product.data_dir())?;
    fs::remove_dir_all(product.data_dir().join("checkpoints"))?;
    product.restart().await?;
    signed(&product, first).await?;
    let alarmed = product.cli(&witness).await?;
    assert_eq!(alarmed.status.code(), Some(20), "{}", alarmed.stderr);
    assert!(alarmed.stderr.contains("the log has shrunk"), "{}", alarmed.stderr);
    let kept = fs::read_to_string(state.path().join("alarm"))?;
    assert!(kept.contains(&format!("\n{first}\n")) && kept.contains(&format!("\n{second}\n")), "{kept}");
    fill(&product, 9).await?;
    assert_eq!(product.cli(&witness).await?.status.code(), Some(20), "it does not forget");
    Ok(())
}
