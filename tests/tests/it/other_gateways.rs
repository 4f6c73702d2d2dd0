//! A gateway of others enforces without Tollgate's doors: the example in `deploy/other-gateways`, beside a real server.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tollgate_tests::{Admin, Launch, Product, TOKEN};

use super::{cluster::registration, receipts::node};

/// Killed when dropped.
struct Example {
    child: Child,
    asked: ChildStdin,
    answered: BufReader<ChildStdout>,
}

impl Example {
    fn start(product: &Product, directory: &Path) -> Result<Self> {
        let token = directory.join("gateway.token");
        std::fs::write(&token, TOKEN)?;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/other-gateways/enforce.py");
        let mut python = Command::new("python3");
        python.arg(program).args([
            "--control-plane",
            &product.url(""),
            "--environment",
            "prod",
            "--node",
            "edge-1",
        ]);
        python.arg("--token-file").arg(token);
        python.arg("--pepper").arg(format!("1={}", product.data_dir().join("pepper.1.key").display()));
        let mut child =
            python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting python3")?;
        let asked = child.stdin.take().context("its input")?;
        let answered = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self { child, asked, answered })
    }

    fn judge(&mut self, secret: &str) -> Result<Value> {
        writeln!(self.asked, "{secret}")?;
        let mut line = String::new();
        self.answered.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("the example said `{line}`"))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until every node has applied it, the example too.
async fn applied(admin: &Admin, path: &str, body: &Value) -> Result<Value> {
    let answer = admin.post(&format!("{path}?wait=applied"), body).await?;
    let receipt = &answer.json["receipt"];
    assert_eq!(receipt["applied"], true, "{}", answer.body);
    assert_eq!(node(receipt, "edge-1")?["state"], "live", "{receipt}");
    Ok(answer.json)
}

fn text<'json>(json: &'json Value, pointer: &str) -> Result<&'json str> {
    json.pointer(pointer).and_then(Value::as_str).with_context(|| format!("{pointer} in {json}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_of_others_enforces_from_the_snapshot_and_the_changes() -> Result<()> {
    let product = Launch::new(TOKEN)?.arg("--node").arg("own").start().await?;
    let (admin, directory) = (product.admin()?, tempfile::tempdir()?);
    let client = admin.post("/clients", &registration("Acme")).await?.json;
    let client = format!("/clients/{}", text(&client, "/id")?);
    let issue = json!({ "name": "key", "environment": "prod" });
    let before = admin.post(&format!("{client}/keys?wait=applied"), &issue).await?.json;
    let mut example = Example::start(&product, directory.path())?;
    // Of the snapshot.
    let stands = example.judge(text(&before, "/secret")?)?;
    assert_eq!((&stands["allowed"], &stands["key_id"]), (&json!(true), &before["key"]["id"]));
    assert_eq!(stands["scopes"], registration("Acme")["scopes"]);
    let forged = text(&before, "/secret")?.replace("_prod_", "_test_");
    for secret in [&*forged, "", "tg_prod_short", &"_".repeat(60)] {
        assert_eq!(example.judge(secret)?["reason"], "unknown_secret", "{secret}");
    }
    // Of the changes, each in force before its command is answered.
    let after = applied(&admin, &format!("{client}/keys"), &issue).await?;
    assert_eq!(example.judge(text(&after, "/secret")?)?["key_id"], after["key"]["id"]);
    let key = format!("/keys/{}", text(&after, "/key/id")?);
    let rotate = json!({ "overlap_seconds": 3600, "reason": "yearly" });
    let rotated = applied(&admin, &format!("{key}/rotate"), &rotate).await?;
    assert_eq!(example.judge(text(&after, "/secret")?)?["secret_version"], 1);
    assert_eq!(example.judge(text(&rotated, "/secret")?)?["secret_version"], 2);
    let reason = json!({ "reason": "leaked" });
    applied(&admin, &format!("{key}/rotation/retire"), &reason).await?;
    assert_eq!(example.judge(text(&after, "/secret")?)?["reason"], "secret_retired");
    applied(&admin, &format!("{client}/suspend"), &reason).await?;
    assert_eq!(example.judge(text(&rotated, "/secret")?)?["reason"], "client_suspended");
    applied(&admin, &format!("{client}/reinstate"), &reason).await?;
    applied(&admin, &format!("{key}/revoke"), &reason).await?;
    assert_eq!(example.judge(text(&rotated, "/secret")?)?["reason"], "key_revoked");
    assert_eq!(example.judge(text(&before, "/secret")?)?["allowed"], true);
    Ok(())
}
