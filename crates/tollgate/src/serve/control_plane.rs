//! A gateway's way to the control plane: its first snapshot, and events that the bus no longer has.

use std::{fmt, time::Duration};

use anyhow::{Context, ensure};
use domain::{Position, Recorded, personal::PersonalValues};
use eventlog::{
    LogFailure,
    bus::{Refill, envelope},
};
use futures::future::BoxFuture;
use gateway::GatewaySnapshot;
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use crate::settings::Settings;

const CONNECT_AT_MOST: Duration = Duration::from_secs(5);
/// A snapshot of a million keys is some hundred megabytes.
const ANSWER_AT_MOST: Duration = Duration::from_secs(120);

/// The admin API of some instance. Without one, a gateway has what is on the bus.
pub(super) struct ControlPlane {
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
    pub(super) fn of(settings: &Settings) -> anyhow::Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT_AT_MOST)
            .timeout(ANSWER_AT_MOST)
            .build()
            .context("cannot speak HTTP")?;
        let place = settings.control_plane.as_ref().zip(settings.gateway_token.clone());
        let place = place.map(|(plane, token)| (plane.url.trim_end_matches('/').to_owned(), token));
        Ok(Self { client, place })
    }

    /// None when there is no control plane, or it does not know the whole log itself yet.
    pub(super) async fn snapshot(&self) -> anyhow::Result<Option<GatewaySnapshot>> {
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
        let lines = well(answer)?.bytes().await.context("the events were cut off")?;
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let event = |line: &[u8]| {
            let stored = envelope::decode(line).context("an event from the control plane is none")?;
            Ok(stored.recorded(PersonalValues::new())?)
        };
        lines.map(event).collect()
    }

    async fn get(&self, path: &str) -> anyhow::Result<Option<Response>> {
        let Some((url, token)) = &self.place else { return Ok(None) };
        let asked = self.client.get(format!("{url}{path}")).bearer_auth(token.expose_secret());
        Ok(Some(asked.send().await.context("the control plane does not answer")?))
    }
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
