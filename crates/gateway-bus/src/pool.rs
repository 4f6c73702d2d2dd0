//! The pool of shared quotas as counters of a JetStream stream: one subject for each quota of each account and window.
//!
//! The server adds and answers with the new total in one step. A question that is asked again carries its message id,
//! which the server remembers for the stream's duplicate window, over a restart too as long as the message is among
//! the last of its subject.

use std::{sync::Arc, time::Duration};

use async_nats::{
    Client, HeaderMap, Message, Subscriber,
    client::RequestErrorKind,
    connection::State,
    header::NATS_MESSAGE_ID,
    jetstream::{
        self,
        publish::PublishAck,
        response::Response,
        stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType},
    },
};
use futures::StreamExt as _;
use gateway::{PoolFailure, PoolKey, QuotaPool, Reservation};
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::info;

/// The stream of the counters.
pub const STREAM: &str = "TOLLGATE_COUNTERS";
const SUBJECTS: &str = "tollgate.counters.v1.>";
const SUBJECT: &str = "tollgate.counters.v1";
/// Where the server repeats every step, with the total it led to.
const TOTALS: &str = "tollgate.totals.v1";
const INCREMENT: &str = "Nats-Incr";
/// How many of a counter's last steps are kept: so many others may come between a question whose answer was lost and
/// a crash of the server, and the question is still known as the same.
const STEPS_KEPT: i64 = 16;
const DUPLICATE_WINDOW: Duration = Duration::from_secs(10 * 60);
/// A counter that nobody asks for so long is forgotten: no window is longer than a year.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(400 * 86_400);
/// Between the moment a counter's answer is lost and the moment it is given up on.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// How the counters are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Servers that each keep all counters: 3 in a cluster.
    pub replicas: usize,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { replicas: 1 }
    }
}

/// The pool. Its stream is made when it is found not to be there.
#[derive(Clone, Debug)]
pub struct NatsPool {
    client: Client,
    settings: PoolSettings,
    /// Opened when totals are first listened to.
    totals: Arc<Mutex<Option<Subscriber>>>,
}

/// Why a step was not made, or may not have been.
#[derive(Debug, thiserror::Error)]
enum StepFailure {
    #[error("not connected")]
    NotConnected,
    #[error("there is no stream for counters")]
    NoStream,
    #[error("making the stream for counters")]
    Make {
        #[source]
        source: jetstream::context::CreateStreamError,
    },
    #[error("asking for a step of a counter")]
    Ask {
        #[source]
        source: async_nats::RequestError,
    },
    #[error("reading the answer to a step of a counter")]
    Read {
        #[source]
        source: serde_json::Error,
    },
    #[error("the server refused a step of a counter")]
    Refused {
        #[source]
        source: jetstream::Error,
    },
    #[error("the answer has no total: {value:?}")]
    NoTotal { value: Option<String> },
}

impl NatsPool {
    /// A pool on a connection that someone else keeps. It may be down at this time.
    #[must_use]
    pub fn new(client: Client, settings: PoolSettings) -> Self {
        Self { client, settings, totals: Arc::default() }
    }

    async fn make_stream(&self) -> Result<(), StepFailure> {
        let config = Config {
            name: STREAM.to_owned(),
            subjects: vec![SUBJECTS.to_owned()],
            description: Some("What Tollgate's gateways have reserved of shared quotas".to_owned()),
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: DiscardPolicy::Old,
            num_replicas: self.settings.replicas,
            max_messages_per_subject: STEPS_KEPT,
            max_age: FORGOTTEN_AFTER,
            duplicate_window: DUPLICATE_WINDOW,
            allow_direct: true,
            republish: Some(Republish {
                source: SUBJECTS.to_owned(),
                destination: format!("{TOTALS}.>"),
                headers_only: false,
            }),
            allow_message_counter: true,
            ..Config::default()
        };
        // One that is there is left as it is: another gateway made it a moment ago, or an operator set it up.
        let context = jetstream::new(self.client.clone());
        context.get_or_create_stream(config).await.map_err(|source| StepFailure::Make { source })?;
        info!(stream = STREAM, "Made the stream for shared quotas");
        Ok(())
    }

    /// One step of a counter. Answers with the new total, or None for a step that was made before.
    async fn step(&self, key: &PoolKey, by: &str, id: Option<&str>) -> Result<Option<i64>, StepFailure> {
        match self.try_step(key, by, id).await {
            Err(StepFailure::NoStream) => {
                self.make_stream().await?;
                self.try_step(key, by, id).await
            }
            answer => answer,
        }
    }

    async fn try_step(&self, key: &PoolKey, by: &str, id: Option<&str>) -> Result<Option<i64>, StepFailure> {
        // What is sent while the connection is down is kept and arrives late, when nobody waits for it any more.
        if self.client.connection_state() != State::Connected {
            return Err(StepFailure::NotConnected);
        }
        let mut headers = HeaderMap::new();
        headers.insert(INCREMENT, by);
        if let Some(id) = id {
            headers.insert(NATS_MESSAGE_ID, id);
        }
        let request = async_nats::Request::new().headers(headers).timeout(Some(ANSWER_MAX));
        let answer = match self.client.send_request(subject(key), request).await {
            Ok(answer) => answer,
            Err(failure) if failure.kind() == RequestErrorKind::NoResponders => {
                return Err(StepFailure::NoStream);
            }
            Err(source) => return Err(StepFailure::Ask { source }),
        };
        let answer: Response<PublishAck> =
            serde_json::from_slice(&answer.payload).map_err(|source| StepFailure::Read { source })?;
        match answer {
            Response::Ok(PublishAck { duplicate: true, .. }) => Ok(None),
            Response::Ok(PublishAck { value, .. }) => {
                let total = value.as_deref().and_then(|value| value.parse().ok());
                total.map(Some).ok_or(StepFailure::NoTotal { value })
            }
            Response::Err { error } => Err(StepFailure::Refused { source: error }),
        }
    }

    /// A step that was made before is not made again: then only the total is asked for, which needs no id.
    async fn add(&self, asked: &Reservation) -> Result<i64, StepFailure> {
        let Reservation { key, amount, id } = asked;
        if let Some(total) = self.step(key, &format!("+{amount}"), Some(id)).await? {
            return Ok(total);
        }
        self.step(key, "+0", None).await?.ok_or(StepFailure::NoTotal { value: None })
    }
}

impl QuotaPool for NatsPool {
    async fn reserve(&self, reservation: &Reservation) -> Result<i64, PoolFailure> {
        self.add(reservation).await.map_err(PoolFailure::new)
    }

    async fn give_back(&self, given: &Reservation) -> Result<(), PoolFailure> {
        let Reservation { key, amount, id } = given;
        self.step(key, &format!("-{amount}"), Some(id)).await.map(|_| ()).map_err(PoolFailure::new)
    }

    async fn next_total(&self) -> (PoolKey, i64) {
        let mut totals = self.totals.lock().await;
        loop {
            let heard = match &mut *totals {
                Some(totals) => totals.next().await,
                None => match self.client.subscribe(format!("{TOTALS}.>")).await {
                    Ok(subscriber) => {
                        *totals = Some(subscriber);
                        continue;
                    }
                    Err(_) => None,
                },
            };
            match heard {
                Some(message) => {
                    if let Some(total) = read_total(&message) {
                        return total;
                    }
                }
                // The connection was closed for good: whoever owns it ends.
                None => std::future::pending::<()>().await,
            }
        }
    }
}

/// None for what no gateway can have said.
fn read_total(message: &Message) -> Option<(PoolKey, i64)> {
    #[derive(Deserialize)]
    struct Total<'a> {
        val: &'a str,
    }
    let name = message.subject.as_str().strip_prefix(TOTALS)?.strip_prefix('.')?;
    let (account, window) = name.rsplit_once('.')?;
    let (from, until) = window.split_once('-')?;
    let total: Total<'_> = serde_json::from_slice(&message.payload).ok()?;
    let key =
        PoolKey { account: account.replace('.', "/"), window: (from.parse().ok()?, until.parse().ok()?) };
    Some((key, total.val.parse().ok()?))
}

/// The names in an account have no dots and no wildcards: each is a token.
fn subject(key: &PoolKey) -> String {
    let PoolKey { account, window: (from, until) } = key;
    format!("{SUBJECT}.{}.{from}-{until}", account.replace('/', "."))
}
