//! Answers, and calls whose bytes on the wire are what the test wrote.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longer than any answer may take, Envoy's own timeouts included.
pub(crate) const ANSWER_AT_MOST: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `Null` when the body is no JSON.
    pub json: Value,
    pub body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: String) -> Self {
        let json = serde_json::from_str(&body).unwrap_or(Value::Null);
        Self { status, headers, json, body }
    }

    pub(crate) async fn of(response: reqwest::Response) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self::new(status, headers, response.text().await.context("reading the answer's body")?))
    }

    /// The header's value; several of one name are joined by `, `, which HTTP says is the same.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// An HTTP client for one purpose: no proxy of the environment, no redirect followed, a bound on every answer.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER_AT_MOST)
        .build()
        .context("making an HTTP client")
}

/// Fetches a URL without a credential.
///
/// # Errors
/// When nobody answers; any status is an answer.
pub async fn get(url: &str) -> Result<Answer> {
    let response = client()?.get(url).send().await.with_context(|| format!("GET {url}"))?;
    Answer::of(response).await
}

/// Posts JSON without a credential.
///
/// # Errors
/// When nobody answers; any status is an answer.
pub async fn post(url: &str, body: &Value) -> Result<Answer> {
    let response = client()?.post(url).json(body).send().await.with_context(|| format!("POST {url}"))?;
    Answer::of(response).await
}

/// Sends one HTTP/1.1 call with exactly this path and these headers, where a client library would tidy up `/a/../b`,
/// refuse what must be refused by the product, or add headers of its own. `Host` is the address unless given.
///
/// # Errors
/// When nobody answers in time, or what comes back is no HTTP; any status is an answer.
pub async fn raw(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(to).await.context("connecting")?;
        stream.write_all(request(to, method, path, headers).as_bytes()).await.context("sending")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.context("reading the answer")?;
        parse(&bytes)
    };
    let answer = tokio::time::timeout(ANSWER_AT_MOST, exchange).await;
    answer.context("no answer in time").flatten().with_context(|| format!("{method} {path} to {to}"))
}

fn request(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        text.push_str(&format!("host: {to}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    // The end of the connection is the end of the answer, which spares us most of HTTP.
    text + "content-length: 0\r\nconnection: close\r\n\r\n"
}

fn parse(bytes: &[u8]) -> Result<Answer> {
    let end =
        bytes.windows(4).position(|four| four == b"\r\n\r\n").context("the answer has no end of headers")?;
    let (head, rest) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).context("the answer has no status line")?;
    let status = status.parse().with_context(|| format!("`{status}` is no status"))?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').with_context(|| format!("`{line}` is no header"))?;
        headers.append(HeaderName::try_from(name)?, HeaderValue::from_str(value.trim())?);
    }
    let body = rest.get(4..).unwrap_or_default();
    let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding.as_bytes() == b"chunked");
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Ok(Answer::new(status, headers, String::from_utf8_lossy(&body).into_owned()))
}

fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").context("a chunk without its size")?;
        let (size, after) = rest.split_at(line);
        let size =
            usize::from_str_radix(String::from_utf8_lossy(size).trim(), 16).context("a chunk's size")?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(after.get(2..2 + size).context("a chunk cut short")?);
        rest = after.get(2 + size + 2..).context("a chunk without its end")?;
    }
}
