//! The watched log, by its REST API. Nothing that it says is believed.

use std::time::Duration;

use anyhow::{Context, bail};
use domain::Position;
use eventlog::{merkle::Hash, note::Note};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

const ANSWER_AT_MOST: Duration = Duration::from_secs(30);

pub(super) struct Log {
    client: Client,
    url: String,
    token: SecretString,
}

impl Log {
    pub(super) fn new(url: String, token: SecretString) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(ANSWER_AT_MOST);
        let client = client.build().context("cannot prepare calls of the log")?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), token })
    }

    pub(super) async fn checkpoint(&self) -> anyhow::Result<Note> {
        let answer = self.get("/v1/audit/checkpoint", &[]).await?;
        let note = answer.get("note").and_then(Value::as_str).context("the answer has no checkpoint")?;
        note.parse().context("the log's checkpoint")
    }

    pub(super) async fn consistency(&self, from: Position, to: Position) -> anyhow::Result<Vec<Hash>> {
        let query = [("from", from.to_string()), ("to", to.to_string())];
        let answer = self.get("/v1/audit/consistency", &query).await?;
        let hashes = answer.get("hashes").and_then(Value::as_array).context("the answer has no proof")?;
        let read = |hash: &Value| {
            let mut read = [0; 32];
            hex::decode_to_slice(hash.as_str()?, &mut read).ok().map(|()| read)
        };
        hashes
            .iter()
            .map(|hash| read(hash).context("the proof has something else than hashes in it"))
            .collect()
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.url);
        let request = self.client.get(url).query(query).bearer_auth(self.token.expose_secret());
        let answer = request.send().await.with_context(|| format!("cannot reach {}", self.url))?;
        let status = answer.status();
        if !status.is_success() {
            bail!("{path} was answered {status}");
        }
        answer.json().await.context("the answer is not JSON")
    }
}
