//! A web server that takes what is sent to it and remembers it: a webhook, or an object store.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use test_servers::Port;
use tokio::task::JoinHandle;

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub method: String,
    pub path: String,
    pub authorization: String,
    pub body: String,
    /// What it was answered.
    pub status: u16,
}

struct Store {
    /// How many requests are still to be answered that it cannot be done, and how many are sent elsewhere before.
    failing: usize,
    redirecting: usize,
    taken: Vec<Sent>,
}

type Shared = Arc<Mutex<Store>>;

/// A server in the test's own process, on a port of its own.
pub struct Objects {
    port: Port,
    store: Shared,
    server: JoinHandle<std::io::Result<()>>,
}

impl Objects {
    /// Sends the first requests elsewhere, fails the next, and takes all that follow.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn start(redirecting: usize, failing: usize) -> Result<Self> {
        let mut port = Port::reserve()?;
        let listener = port.take_listener()?;
        listener.set_nonblocking(true).context("making the store's listener asynchronous")?;
        let listener = tokio::net::TcpListener::from_std(listener).context("the store's listener")?;
        let store = Arc::new(Mutex::new(Store { failing, redirecting, taken: vec![] }));
        let app = axum::Router::new().fallback(take).with_state(Arc::clone(&store));
        let serve = async move { axum::serve(listener, app).await };
        #[expect(clippy::disallowed_methods, reason = "this handle owns the task and ends it when dropped")]
        let server = tokio::spawn(serve);
        Ok(Self { port, store, server })
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }

    /// Every request until now, in the order of arrival.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(store): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 1 << 20).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    let status = if store.redirecting > 0 {
        store.redirecting -= 1;
        StatusCode::TEMPORARY_REDIRECT
    } else if store.failing > 0 {
        store.failing -= 1;
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::NO_CONTENT
    };
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    store.taken.push(Sent {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        authorization: authorization.unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        status: status.as_u16(),
    });
    (status, [(header::LOCATION, "/elsewhere")]).into_response()
}
