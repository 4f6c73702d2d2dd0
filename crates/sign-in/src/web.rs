//! How providers are asked: one answer, of bounded size, within a bounded time, from where we were told and nowhere else.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Certificate, Client, Response, Url, redirect};
use serde::de::DeserializeOwned;

/// The bounds of what a provider may answer.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// The whole of an answer takes no longer.
    pub answer_within: Duration,
    /// No answer is longer.
    pub body_bytes_max: usize,
    /// Certificate authorities beside the usual ones, in PEM.
    pub authorities_pem: Option<Vec<u8>>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self { answer_within: Duration::from_secs(5), body_bytes_max: 256 * 1024, authorities_pem: None }
    }
}

/// A provider cannot be asked, or its answer is none.
#[derive(Debug, thiserror::Error)]
pub enum WebFailure {
    #[error("preparing to speak HTTP")]
    Prepare {
        #[source]
        source: reqwest::Error,
    },
    #[error("asking `{host}`")]
    Ask {
        host: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("`{host}` answered {status}")]
    Status { host: String, status: StatusCode },
    #[error("the answer of `{host}` is longer than {bytes_max} bytes")]
    TooLong { host: String, bytes_max: usize },
    #[error("the answer of `{host}` cannot be read")]
    Unreadable {
        host: String,
        #[source]
        source: serde_json::Error,
    },
}

/// A client of HTTP that follows no redirect and no proxy of the machine.
#[derive(Clone, Debug)]
pub struct Web {
    client: Client,
    body_bytes_max: usize,
}

impl Web {
    /// # Errors
    /// When the certificate authorities cannot be read.
    pub fn new(settings: &WebSettings) -> Result<Self, WebFailure> {
        let WebSettings { answer_within, body_bytes_max, authorities_pem } = settings;
        let failed = |source| WebFailure::Prepare { source };
        let mut builder = Client::builder()
            .timeout(*answer_within)
            .connect_timeout(*answer_within)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent("tollgate");
        if let Some(pem) = authorities_pem {
            for authority in Certificate::from_pem_bundle(pem).map_err(failed)? {
                builder = builder.add_root_certificate(authority);
            }
        }
        Ok(Self { client: builder.build().map_err(failed)?, body_bytes_max: *body_bytes_max })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, WebFailure> {
        let asked = self.client.get(url.clone()).header("accept", "application/json").send().await;
        self.read(url, asked).await
    }

    /// Posts a form; whoever has a secret shows it as a password. Source: RFC 6749 §2.3.1.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<T, WebFailure> {
        let mut asked = self.client.post(url.clone()).header("accept", "application/json").form(form);
        if let Some((user, password)) = basic {
            asked = asked.basic_auth(user, Some(password));
        }
        self.read(url, asked.send().await).await
    }

    async fn read<T: DeserializeOwned>(
        &self,
        url: &Url,
        asked: Result<Response, reqwest::Error>,
    ) -> Result<T, WebFailure> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        // What went wrong is told without the address: there may be a code in it.
        let failed = |source: reqwest::Error| WebFailure::Ask { host: host(), source: source.without_url() };
        let mut answer = asked.map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(WebFailure::Status { host: host(), status });
        }
        let bytes_max = self.body_bytes_max;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len().saturating_add(chunk.len()) > bytes_max {
                return Err(WebFailure::TooLong { host: host(), bytes_max });
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|source| WebFailure::Unreadable { host: host(), source })
    }
}
