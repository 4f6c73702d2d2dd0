//! A thin client of the REST API: it adds the base and the token, and judges nothing.

use anyhow::{Context as _, Result};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::http::{Answer, client};

/// An administrator with one bearer token. Paths are below `/v1`, such as `/clients?limit=2`.
#[derive(Clone, Debug)]
pub struct Admin {
    client: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

impl Admin {
    /// # Errors
    /// When the token cannot stand in a header.
    pub fn new(origin: &str, token: &str) -> Result<Self> {
        Self::anonymous(origin)?.with("authorization", &format!("Bearer {token}"))
    }

    /// Somebody without a token.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn anonymous(origin: &str) -> Result<Self> {
        Ok(Self { client: client()?, base: format!("{origin}/v1"), headers: HeaderMap::new() })
    }

    /// The same administrator, sending one more header, such as `if-match` or `idempotency-key`.
    ///
    /// # Errors
    /// When it cannot stand in a header.
    pub fn with(&self, name: &str, value: &str) -> Result<Self> {
        let mut more = self.clone();
        let name = HeaderName::try_from(name).with_context(|| format!("`{name}` as a header's name"))?;
        more.headers.insert(name, HeaderValue::from_str(value).context("a header's value")?);
        Ok(more)
    }

    /// # Errors
    /// As [`Admin::send`].
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// # Errors
    /// As [`Admin::send`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    /// # Errors
    /// As [`Admin::send`].
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    /// # Errors
    /// As [`Admin::send`].
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends a body as it stands, for what is no JSON or not quite.
    ///
    /// # Errors
    /// When nobody answers in time; any status is an answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Result<Answer> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.headers(self.headers.clone()).send().await;
        Answer::of(response.with_context(|| format!("{method} {path}"))?).await
    }
}
