//! `GET /v1/changes`: tells whoever looks that there is something new to read, and not what.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream;
use http::header;
use projections::{Seen, Visibility};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    docs::{KnownProblems, Streamed},
    guard::{Authenticated, Door},
    problem::Problem,
    query::Params,
};

/// Whoever may not look any more is asked who they are again after so long.
const SECONDS_MAX: u16 = 300;
/// Proxies take a connection that is silent for longer for dead.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// What comes faster is told together.
const APART: Duration = Duration::from_millis(250);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Watch {
    /// How long it goes on: 0 to 300 seconds. At 0 it tells how far everything is, and ends.
    #[serde(default)]
    #[param(value_type = u16, required = false, minimum = 0, maximum = 300, default = 300)]
    for_seconds: Seconds,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
struct Seconds(u16);

impl Default for Seconds {
    fn default() -> Self {
        Self(SECONDS_MAX)
    }
}

impl TryFrom<u16> for Seconds {
    type Error = String;
    fn try_from(seconds: u16) -> Result<Self, String> {
        (seconds <= SECONDS_MAX).then_some(Self(seconds)).ok_or_else(|| format!("0 to {SECONDS_MAX} seconds"))
    }
}

/// The data of an event `moved`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moved {
    /// Every list shows the events of the log up to here.
    position: u64,
    /// Reports have the batches of usage up to this one.
    batch_no: u64,
}

impl From<Seen> for Moved {
    fn from(Seen { position, batch_no }: Seen) -> Self {
        Self { position: position.get(), batch_no }
    }
}

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(watch))
}

/// Watch for changes
///
/// Server-sent events `moved`, one at once and then one each time that there is more to be read, four a second at most; ask for what you
/// show again. It ends after five minutes, or when the process stops: ask again.
#[utoipa::path(
    get,
    path = "/v1/changes",
    operation_id = "watch_changes",
    tag = "operations",
    params(Watch),
    responses(Streamed<Moved>, KnownProblems),
    extensions(("x-tollgate-permission" = json!("none: whoever is known")))
)]
pub(crate) async fn watch(
    State(door): State<Door>,
    _: Authenticated,
    Params(Watch { for_seconds }): Params<Watch>,
) -> Result<Response, Problem> {
    let room = door.watching.enter()?;
    let Seconds(seconds) = for_seconds;
    let watching = Watching {
        visibility: door.api().visibility.clone(),
        stopping: door.api().stopping.clone(),
        told: None,
        until: Instant::now() + Duration::from_secs(seconds.into()),
        _room: room,
    };
    let events = stream::unfold(watching, async |mut watching| {
        let seen = watching.next().await?;
        let event = Event::default().event("moved").json_data(Moved::from(seen)).ok()?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY));
    // As of every answer, in the place of what the library says.
    Ok(([(header::CACHE_CONTROL, "no-store")], events).into_response())
}

struct Watching {
    visibility: Visibility,
    stopping: CancellationToken,
    told: Option<(Seen, Instant)>,
    until: Instant,
    _room: OwnedSemaphorePermit,
}

impl Watching {
    /// What is told next; none at the end.
    async fn next(&mut self) -> Option<Seen> {
        let Some((before, at)) = self.told else { return Some(self.tell(self.visibility.seen())) };
        let stopping = self.stopping.clone();
        let beyond = async {
            sleep_until(at + APART).await;
            self.visibility.seen_beyond(before).await
        };
        let seen = tokio::select! {
            seen = timeout_at(self.until, beyond) => seen.ok().flatten()?,
            () = stopping.cancelled() => return None,
        };
        Some(self.tell(seen))
    }

    fn tell(&mut self, seen: Seen) -> Seen {
        self.told = Some((seen, Instant::now()));
        seen
    }
}
