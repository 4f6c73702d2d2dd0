//! A node's way to the control plane: its first snapshot, events that the bus no longer has, and where there is no bus all news
//! and all usage.

use std::{fmt, time::Duration};

use anyhow::{Context, ensure};
use domain::{Position, Recorded, personal::PersonalValues, usage::UsageBatch};
use eventlog::{
    LogFailure,
    bus::{Refill, envelope},
};
use futures::future::BoxFuture;
use gateway::{GatewaySnapshot, SinkFailure};
use gateway_bus::Member;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};

const CONNECT_AT_MOST: Duration = Duration::from_secs(5);
/// A snapshot of a million keys is some hundred megabytes.
const ANSWER_AT_MOST: Duration = Duration::from_secs(120);

/// How much later than asked for news may come before the control plane counts as away.
const ANSWER_LATE_AT_MOST: Duration = Duration::from_secs(10);

const LEAVING_AT_MOST: Duration = Duration::from_secs(1);
/// Says where the log ends, beside the events.
const HEAD: &str = "tollgate-head";

/// The admin API of some instance. Without one, a gateway has what is on the bus.
#[derive(Clone)]
pub struct ControlPlane {
    client: Client,
    /// Where, and what is shown there.
    place: Option<(String, SecretString)>,
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlPlane({:?})", self.place.as_ref().map(|(url, _)| url))
    }
}

impl ControlPlane {
    /// At this URL, with what is shown there; None where there is none.
    ///
    /// # Errors
    /// When HTTP cannot be spoken at all.
    pub fn new(place: Option<(&str, SecretString)>) -> anyhow::Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT_AT_MOST)
            .timeout(ANSWER_AT_MOST)
            .build()
            .context("cannot speak HTTP")?;
        let place = place.map(|(url, token)| (url.trim_end_matches('/').to_owned(), token));
        Ok(Self { client, place })
    }

    /// None when there is no control plane, or it does not know the whole log itself yet.
    ///
    /// # Errors
    /// When it does not answer, or not with a snapshot.
    pub async fn snapshot(&self) -> anyhow::Result<Option<GatewaySnapshot>> {
        let Some(answer) = self.get("/v1/gateway/snapshot").await? else { return Ok(None) };
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            return Ok(None);
        }
        let bytes = well(answer)?.bytes().await.context("the snapshot was cut off")?;
        Ok(Some(GatewaySnapshot::from_bytes(bytes.into())?))
    }

    async fn events(&self, after: Position, events_max: usize) -> anyhow::Result<Vec<Recorded>> {
        let path = format!("/v1/gateway/events?after={after}&limit={events_max}");
        let Some(answer) = self.get(&path).await? else { return Ok(vec![]) };
        read_events(well(answer)?).await
    }

    /// What stands after this position, and where the log ends; without news an empty answer when `idle` has passed. Says who
    /// asks, whose position is in force by that.
    ///
    /// # Errors
    /// When it does not answer, or not with events.
    pub async fn news(
        &self,
        after: Position,
        events_max: usize,
        idle: Duration,
        me: &Member,
    ) -> anyhow::Result<(Vec<Recorded>, Position)> {
        let Member { environment, node, boot } = me;
        let (wait_ms, at_most) = (idle.as_millis(), idle + ANSWER_LATE_AT_MOST);
        let path = format!(
            "/v1/gateway/events?after={after}&limit={events_max}&wait_ms={wait_ms}&environment={environment}&node={node}&boot={boot}"
        );
        let asked = self.request(&path).context("there is no control plane to follow")?.timeout(at_most);
        let answer = well(asked.send().await.context("the control plane does not answer")?)?;
        let head = answer.headers().get(HEAD).and_then(|head| head.to_str().ok()?.parse().ok());
        let head = head.context("the control plane does not say where its log ends")?;
        Ok((read_events(answer).await?, Position::new(head)))
    }

    /// Says that this node judges no more calls, so that nobody waits for it.
    pub async fn leave(&self, at: Position, me: &Member) {
        let Member { environment, node, boot } = me;
        let path = format!(
            "/v1/gateway/events?after={at}&limit=0&environment={environment}&node={node}&boot={boot}&leaving=true"
        );
        // Unheard, it is held to be silent, which it is.
        if let Some(asked) = self.request(&path) {
            drop(asked.timeout(LEAVING_AT_MOST).send().await);
        }
    }

    /// Hands a batch over. Given again, it counts once.
    ///
    /// # Errors
    /// When it is not known to be kept.
    pub async fn tell_usage(&self, batch: &UsageBatch) -> Result<(), SinkFailure> {
        let answer = self.hand_over(batch).await.map_err(not_told)?;
        // The control plane itself takes far more; a proxy before it may not.
        let is_too_large = answer.status() == StatusCode::PAYLOAD_TOO_LARGE;
        well(answer).map(drop).map_err(|failure| {
            if is_too_large { SinkFailure::too_large(format!("{failure:#}")) } else { not_told(failure) }
        })
    }

    async fn hand_over(&self, batch: &UsageBatch) -> anyhow::Result<Response> {
        let (url, token) = self.place.as_ref().context("there is no control plane to tell")?;
        let told = self.client.post(format!("{url}/v1/gateway/usage")).bearer_auth(token.expose_secret());
        told.json(batch).send().await.context("the control plane does not answer")
    }

    fn request(&self, path: &str) -> Option<RequestBuilder> {
        let (url, token) = self.place.as_ref()?;
        Some(self.client.get(format!("{url}{path}")).bearer_auth(token.expose_secret()))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Option<Response>> {
        let Some(asked) = self.request(path) else { return Ok(None) };
        Ok(Some(asked.send().await.context("the control plane does not answer")?))
    }
}

fn not_told(failure: anyhow::Error) -> SinkFailure {
    SinkFailure::new(format!("{failure:#}"))
}

async fn read_events(answer: Response) -> anyhow::Result<Vec<Recorded>> {
    let lines = answer.bytes().await.context("the events were cut off")?;
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let event = |line: &[u8]| {
        let stored = envelope::decode(line).context("an event from the control plane is none")?;
        Ok(stored.recorded(PersonalValues::new())?)
    };
    lines.map(event).collect()
}

fn well(answer: Response) -> anyhow::Result<Response> {
    let status = answer.status();
    ensure!(status.is_success(), "the control plane answered {status}");
    Ok(answer)
}

impl Refill for ControlPlane {
    fn read(&self, after: Position, events_max: usize) -> BoxFuture<'_, Result<Vec<Recorded>, LogFailure>> {
        Box::pin(async move {
            let events = self.events(after, events_max).await;
            events.map_err(|failure| LogFailure::Read { after, source: failure.into() })
        })
    }
}
