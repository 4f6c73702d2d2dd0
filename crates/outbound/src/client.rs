//! How a call is made.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use parking_lot::Mutex;
use reqwest::{Certificate, redirect};
use tokio::time::Instant;
use url::Url;

use crate::{
    answer::{Answer, Whole},
    failure::{PrepareFailure, SendFailure},
    lookup::{Checked, Lookup},
    policy::Policy,
};

/// Clients for so many ports are held; whoever names more makes us make them anew.
const PORTS_MAX: usize = 64;
/// Hosts may be many thousands, and each connection is a file of the process.
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 2;
/// Less than the 5 s after which Node's server, the least patient of the usual ones, hangs up, perhaps while we are asking.
const IDLE_FOR: Duration = Duration::from_secs(4);

/// The bounds of a call.
#[derive(Clone, Debug)]
pub struct Settings {
    /// To find the addresses and to open the connection.
    pub connect_within: Duration,
    /// The whole of it, to the end of the answer's body.
    pub answer_within: Duration,
    /// How we name ourselves.
    pub user_agent: String,
    /// Certificate authorities beside the usual ones, in PEM.
    pub authorities_pem: Option<Vec<u8>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(15),
            user_agent: concat!("tollgate/", env!("CARGO_PKG_VERSION")).to_owned(),
            authorities_pem: None,
        }
    }
}

/// What is called.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A client of HTTP under one policy for all its life, so that a connection that it has kept is one that it may use. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    policy: Arc<Policy>,
    settings: Settings,
    authorities: Vec<Certificate>,
    lookup: Arc<dyn Lookup>,
    /// One for each port: whoever is asked for a name's addresses is not told the port, and a list may be about one.
    by_port: Mutex<HashMap<u16, reqwest::Client>>,
}

impl Client {
    /// # Errors
    /// When the certificate authorities cannot be read.
    pub fn new(policy: Policy, settings: Settings, lookup: impl Lookup) -> Result<Self, PrepareFailure> {
        let authorities = match &settings.authorities_pem {
            Some(pem) => Certificate::from_pem_bundle(pem).map_err(|source| PrepareFailure { source })?,
            None => vec![],
        };
        let by_port = Mutex::default();
        let (policy, lookup) = (Arc::new(policy), Arc::new(lookup));
        let client = Self { inner: Arc::new(Inner { policy, settings, authorities, lookup, by_port }) };
        // What is wrong with the settings shows now, not at the first call.
        client.inner.at(443)?;
        Ok(client)
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// Posts, and keeps of the answer what somebody may want to see. Any status is an answer.
    ///
    /// # Errors
    /// [`SendFailure`] when the policy refuses, or no head of an answer has come in time.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<Answer, SendFailure> {
        let asked_at = Instant::now();
        let request = Request { method: Method::POST, url: url.clone(), headers, body };
        let response = self.send(request).await?;
        Ok(Answer::read(response, asked_at).await)
    }

    /// Asks, and wants the whole of the answer, of that length at most. Any status is an answer.
    ///
    /// # Errors
    /// [`SendFailure`] when the policy refuses, or no whole answer has come in time.
    pub async fn ask(&self, request: Request, bytes_max: usize) -> Result<Whole, SendFailure> {
        Whole::read(self.send(request).await?, bytes_max).await
    }

    async fn send(&self, request: Request) -> Result<reqwest::Response, SendFailure> {
        let Request { method, url, headers, body } = request;
        // The only look at an address that stands in the URL itself: nobody is asked for its addresses.
        self.inner.policy.check(&url)?;
        let client = self.inner.at(url.port_or_known_default().unwrap_or(443))?;
        client.request(method, url).headers(headers).body(body).send().await.map_err(SendFailure::of)
    }
}

impl Inner {
    fn at(&self, port: u16) -> Result<reqwest::Client, PrepareFailure> {
        let mut by_port = self.by_port.lock();
        if let Some(client) = by_port.get(&port) {
            return Ok(client.clone());
        }
        let client = self.make(port).map_err(|source| PrepareFailure { source })?;
        if by_port.len() >= PORTS_MAX {
            by_port.clear();
        }
        by_port.insert(port, client.clone());
        Ok(client)
    }

    fn make(&self, port: u16) -> Result<reqwest::Client, reqwest::Error> {
        let checked = Checked { policy: Arc::clone(&self.policy), lookup: Arc::clone(&self.lookup), port };
        let Settings { connect_within, answer_within, user_agent, .. } = &self.settings;
        let builder = reqwest::Client::builder()
            .dns_resolver(Arc::new(checked))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .https_only(!self.policy.allow_http)
            .connect_timeout(*connect_within)
            .timeout(*answer_within)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
            .pool_idle_timeout(IDLE_FOR)
            .user_agent(user_agent);
        let with =
            |builder: reqwest::ClientBuilder, one: &Certificate| builder.add_root_certificate(one.clone());
        self.authorities.iter().fold(builder, with).build()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("policy", &self.inner.policy).finish_non_exhaustive()
    }
}
