//! Calls of the REST API from the command line.

mod outcome;

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context, anyhow, bail};
use reqwest::{
    Method,
    header::{self, HeaderName},
};
use secrecy::ExposeSecret;
use serde_json::Value;

pub(crate) use self::outcome::{Refused, Waiting};
use super::{Connection, output};

/// What is shown of a request that waits: all that would be done is shown by `tollgate approval get`.
const WAITING: [&str; 5] = ["id", "status", "method", "path", "expires_at"];

/// A large upload is read whole before it is answered.
const UPLOAD_AT_MOST: std::time::Duration = std::time::Duration::from_secs(300);

/// As much as a log has.
const DOWNLOAD_AT_MOST: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// The server that a command talks to.
pub(super) struct Rest<'flags> {
    http: reqwest::Client,
    flags: &'flags Connection,
}

/// An answer with the version that a later change must name.
pub(super) struct Answer {
    pub(super) body: Value,
    /// Instead of its effect: it needs a second person.
    pub(super) waiting: Option<Waiting>,
    etag: Option<String>,
}

impl<'flags> Rest<'flags> {
    pub(super) fn new(flags: &'flags Connection) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .context("cannot prepare calls of the server")?;
        Ok(Self { http, flags })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, Option<String>)]) -> anyhow::Result<Answer> {
        if self.flags.dry_run || self.flags.wait {
            bail!("--dry-run and --wait are for commands that change something");
        }
        self.read(path, query).await
    }

    /// The same for a command that has to look first.
    pub(super) async fn read(&self, path: &str, query: &[(&str, Option<String>)]) -> anyhow::Result<Answer> {
        let given: Vec<_> =
            query.iter().filter_map(|(name, value)| value.as_ref().map(|value| (*name, value))).collect();
        self.send(self.request(Method::GET, path)?.query(&given)).await
    }

    /// Writes an answer to a file as it comes: beside its name, and moved there when it is whole. Only this user can read it.
    pub(super) async fn download(
        &self,
        path: &str,
        query: &[(&str, Option<String>)],
        file: &Path,
    ) -> anyhow::Result<()> {
        let given: Vec<_> =
            query.iter().filter_map(|(name, value)| value.as_ref().map(|value| (*name, value))).collect();
        let request = self.request(Method::GET, path)?.query(&given).timeout(DOWNLOAD_AT_MOST);
        let mut answer = self.answered(request).await?;
        let part = file.with_added_extension("part");
        let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part);
        let mut opened = opened.with_context(|| format!("cannot write {}", part.display()))?;
        while let Some(bytes) = answer.chunk().await.context("the answer broke off")? {
            opened.write_all(&bytes).with_context(|| format!("cannot write {}", part.display()))?;
        }
        opened.sync_all().with_context(|| format!("cannot write {}", part.display()))?;
        std::fs::rename(&part, file).with_context(|| format!("cannot write {}", file.display()))
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::POST, path)?.json(body)).await
    }

    /// Sends a document as it is.
    pub(super) async fn post_document(
        &self,
        path: &str,
        query: &[(&str, String)],
        kind: &str,
        document: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path)?.query(query);
        self.send(request.header(header::CONTENT_TYPE, kind).body(document)).await
    }

    /// Sends a file as it is.
    pub(super) async fn upload(
        &self,
        path: &str,
        query: &[(&str, Option<String>)],
        media_type: &str,
        upload: String,
    ) -> anyhow::Result<Answer> {
        let given: Vec<_> =
            query.iter().filter_map(|(name, value)| value.as_ref().map(|value| (*name, value))).collect();
        let request = self.request(Method::POST, path)?.query(&given).timeout(UPLOAD_AT_MOST);
        self.send(request.header(header::CONTENT_TYPE, media_type).body(upload)).await
    }

    /// Changes what the caller sees now: reads the version first and names it.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        read: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let current = self.read(read, &[]).await?;
        let etag = current.etag.ok_or_else(|| anyhow!("the server named no version of {read}"))?;
        let mut request = self.request(method, path)?.header(header::IF_MATCH, etag);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await
    }

    /// Prints the answer. One to a command that is not in force everywhere is a failure of the wait, and one to a command that
    /// waits for a second person is no success.
    pub(super) fn print(&self, answer: &Answer, columns: &[&str]) -> anyhow::Result<()> {
        if let Some(waiting) = &answer.waiting {
            self.print_waiting(&answer.body)?;
            return Err(waiting.clone().into());
        }
        output::print(&answer.body, columns, self.flags.output)?;
        match answer.body.get("receipt") {
            Some(receipt) if receipt.get("applied") != Some(&Value::Bool(true)) => {
                bail!("on record, but not in force everywhere: {}", unapplied(receipt))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn print_waiting(&self, approval: &Value) -> anyhow::Result<()> {
        match self.flags.output {
            output::Format::Table => {
                output::print(&serde_json::json!({ "items": [approval] }), &WAITING, output::Format::Table)
            }
            format @ (output::Format::Json | output::Format::Csv) => output::print(approval, &[], format),
        }
    }

    /// A second list of the answer, under the first: for people alone, JSON has it anyhow.
    pub(super) fn print_below(&self, answer: &Answer, list: &str, columns: &[&str]) -> anyhow::Result<()> {
        let items = answer.body.get(list).and_then(Value::as_array).filter(|items| !items.is_empty());
        match (self.flags.output, items) {
            (output::Format::Table, Some(items)) => {
                println!();
                output::print(&serde_json::json!({ "items": items }), columns, output::Format::Table)
            }
            (_, _) => Ok(()),
        }
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<reqwest::RequestBuilder> {
        let Some(token) = &self.flags.token else {
            bail!("no admin token: give --token or set TOLLGATE_TOKEN");
        };
        let url = format!("{}/v1{path}", self.flags.url.trim_end_matches('/'));
        let writes = method != Method::GET;
        let mut request = self.http.request(method, url).bearer_auth(token.expose_secret());
        if let Some(key) = &self.flags.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(approval) = self.flags.approval.as_ref().filter(|_| writes) {
            request = request.header("Tollgate-Approval", approval);
        }
        if writes && self.flags.dry_run {
            request = request.query(&[("dry_run", "true")]);
        }
        if writes && self.flags.wait {
            request = request.query(&[("wait", "applied")]);
        }
        Ok(request)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let answer = self.answered(request).await?;
        let said = |name: HeaderName| {
            answer.headers().get(name).and_then(|said| said.to_str().ok()).map(str::to_owned)
        };
        let etag = said(header::ETAG);
        let waiting = Waiting::of(answer.status(), said(header::LOCATION).as_deref());
        let body = Self::body(answer).await?;
        Ok(Answer { body, waiting, etag })
    }

    async fn body(answer: reqwest::Response) -> anyhow::Result<Value> {
        let text = answer.text().await.context("the answer broke off")?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// An answer that does what was asked.
    async fn answered(&self, request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let answer =
            request.send().await.with_context(|| format!("cannot reach the server at {}", self.flags.url))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = Self::body(answer).await?;
        Err(outcome::failure(status, &self.flags.url, &body))
    }
}

/// Why a command is not in force everywhere, and the nodes that have not told of it.
fn unapplied(receipt: &Value) -> String {
    let said =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let nodes = receipt.get("nodes").and_then(Value::as_array).into_iter().flatten();
    let missing = nodes.filter(|node| node.get("applied_ms").is_none_or(Value::is_null));
    let missing: Vec<_> =
        missing.map(|node| format!("{} ({})", said(node, "node"), said(node, "state"))).collect();
    if missing.is_empty() { said(receipt, "reason") } else { missing.join(", ") }
}
