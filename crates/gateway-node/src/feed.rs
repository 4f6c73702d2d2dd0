//! Where a node's configuration comes from: the log itself, the bus, or the control plane.

use std::time::Duration;

use domain::Position;
use eventlog::{
    EventFeed,
    bus::{Bus, BusFeed},
};
use gateway::follow::{ConfigurationFeed, FeedBatch, FeedFailure};
use gateway_bus::Member;

use crate::ControlPlane;

const BATCH_EVENTS_MAX: usize = 2_000;
/// A quiet log is told apart from a lost one by an empty answer this often.
const IDLE: Duration = Duration::from_secs(1);

/// Where a gateway's configuration comes from.
pub enum Configuration {
    Log(EventFeed),
    Bus(Bus, Box<BusFeed>),
    /// Where there is no bus: the control plane holds each question until there is news.
    ControlPlane(ControlPlane, Member),
}

impl ConfigurationFeed for Configuration {
    async fn next(&mut self, after: Position) -> Result<FeedBatch, FeedFailure> {
        match self {
            Self::Log(feed) => {
                let events =
                    feed.next_within(after, BATCH_EVENTS_MAX, IDLE).await.map_err(FeedFailure::new)?;
                Ok(FeedBatch { events: events.to_vec(), head: feed.head() })
            }
            Self::Bus(bus, feed) => {
                let events =
                    feed.next_within(after, BATCH_EVENTS_MAX, IDLE).await.map_err(FeedFailure::new)?;
                // Silence on a bus that is away says nothing: the configuration grows stale.
                if events.is_empty() && !bus.is_connected() {
                    return Err(FeedFailure::new("the bus is away"));
                }
                Ok(FeedBatch { events, head: feed.head() })
            }
            Self::ControlPlane(control_plane, me) => {
                let told = control_plane.news(after, BATCH_EVENTS_MAX, IDLE, me).await;
                let (events, head) = told.map_err(|failure| FeedFailure::new(format!("{failure:#}")))?;
                Ok(FeedBatch { events, head })
            }
        }
    }
}
