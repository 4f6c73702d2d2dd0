//! How providers are asked: one answer, of bounded size, within a bounded time, from where we were told and nowhere else.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use outbound::{Client, Policy, PrepareFailure, Request, SendFailure, Settings, SystemLookup, Url};
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
    /// Where a provider may be. A provider's own document says where else we shall ask.
    pub policy: Policy,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            answer_within: Duration::from_secs(5),
            body_bytes_max: 256 * 1024,
            authorities_pem: None,
            policy: Policy::default(),
        }
    }
}

/// A provider cannot be asked, or its answer is none.
#[derive(Debug, thiserror::Error)]
pub enum WebFailure {
    #[error(transparent)]
    Prepare(#[from] PrepareFailure),
    #[error("asking `{host}`")]
    Ask {
        host: String,
        #[source]
        source: SendFailure,
    },
    #[error("`{host}` answered {status}")]
    Status { host: String, status: StatusCode },
    #[error("the answer of `{host}` cannot be read")]
    Unreadable {
        host: String,
        #[source]
        source: serde_json::Error,
    },
}

/// A client of HTTP that asks providers, as the policy for everything that is called out to lets it.
#[derive(Clone, Debug)]
pub struct Web {
    client: Client,
    body_bytes_max: usize,
}

impl Web {
    /// # Errors
    /// When the certificate authorities cannot be read.
    pub fn new(settings: &WebSettings) -> Result<Self, WebFailure> {
        let WebSettings { answer_within, body_bytes_max, authorities_pem, policy } = settings.clone();
        let bounds =
            Settings { connect_within: answer_within, answer_within, authorities_pem, ..Settings::default() };
        Ok(Self { client: Client::new(policy, bounds, SystemLookup::default())?, body_bytes_max })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, WebFailure> {
        self.ask(Method::GET, url, HeaderMap::new(), vec![]).await
    }

    /// Posts a form; whoever has a secret shows it as a password. Source: RFC 6749 §2.3.1.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<T, WebFailure> {
        const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, FORM)]);
        if let Some((user, password)) = basic {
            let shown = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            if let Ok(mut shown) = HeaderValue::from_str(&shown) {
                shown.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, shown);
            }
        }
        let form = outbound::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(Method::POST, url, headers, form.into_bytes()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<T, WebFailure> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let asked = self.client.ask(Request { method, url: url.clone(), headers, body }, self.body_bytes_max);
        let answer = asked.await.map_err(|source| WebFailure::Ask { host: host(), source })?;
        if !answer.status.is_success() {
            return Err(WebFailure::Status { host: host(), status: answer.status });
        }
        serde_json::from_slice(&answer.body).map_err(|source| WebFailure::Unreadable { host: host(), source })
    }
}
