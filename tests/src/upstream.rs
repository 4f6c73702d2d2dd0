//! The governed API: answers every call with what reached it, and remembers it.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;
use test_servers::Port;
use tokio::task::JoinHandle;

/// One call as the upstream saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub method: String,
    /// With its query string.
    pub path: String,
    /// In the order of arrival, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Received {
    /// The first value of the header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the text is anywhere in the call: how a test shows that a secret is not.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        self.path.contains(text)
            || self.headers.iter().any(|(name, value)| name.contains(text) || value.contains(text))
    }
}

type Seen = Arc<Mutex<Vec<Received>>>;

/// A server in the test's own process, on a port of its own. It answers `{method, path, headers: {name: value}}` to
/// everything, with 200 or the status of a query `?status=500`.
#[derive(Debug)]
pub struct Upstream {
    port: Port,
    seen: Seen,
    server: JoinHandle<std::io::Result<()>>,
}

impl Upstream {
    /// # Errors
    /// When there is no port for it.
    pub async fn start() -> Result<Self> {
        let mut port = Port::reserve()?;
        let listener = port.take_listener()?;
        listener.set_nonblocking(true).context("making the upstream's listener asynchronous")?;
        let listener = tokio::net::TcpListener::from_std(listener).context("the upstream's listener")?;
        let seen = Seen::default();
        let app = axum::Router::new().fallback(echo).with_state(Arc::clone(&seen));
        let serve = async move { axum::serve(listener, app).await };
        #[expect(clippy::disallowed_methods, reason = "this handle owns the task and ends it when dropped")]
        let server = tokio::spawn(serve);
        Ok(Self { port, seen, server })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Everything received so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was received since the last such call.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Received> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn status(query: Option<&str>) -> StatusCode {
    let asked = query.and_then(|query| query.strip_prefix("status=")?.parse().ok());
    asked.unwrap_or(StatusCode::OK)
}

async fn echo(State(seen): State<Seen>, request: Request) -> Response {
    let status = status(request.uri().query());
    let headers = request.headers().iter();
    let received = Received {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
    };
    let headers: serde_json::Map<_, _> =
        received.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let answer = json!({ "method": received.method, "path": received.path, "headers": headers });
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    (status, Json(answer)).into_response()
}
