//! Who lives: every gateway says so twice a second, and splits its rates among those it has heard of late. What it has
//! applied it says at once, to those who wait for that.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_nats::{Client, Message, Subscriber, connection::State};
use domain::{Environment, Position, SharedClock};
use futures::StreamExt as _;
use gateway::Gateway;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Heartbeats, which every gateway hears.
pub(crate) const NODES: &str = "tollgate.gateway.v1.nodes";
/// The same said out of turn when the position has moved: on a subject of its own, or each gateway would hear each other
/// at every event.
pub(crate) const APPLIED: &str = "tollgate.gateway.v1.applied";
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// A gateway that follows many events says so no more often than this.
const APPLIED_EVERY: Duration = Duration::from_millis(20);
/// A gateway is gone when this one hears itself so long after it heard the other: two beats were missed. It is noticed
/// with this one's next beat, so within 1.75 seconds.
const GONE_AFTER: Duration = Duration::from_millis(1250);
/// Gateways that are told apart; an abuser of the subject fills no memory.
const MEMBERS_MAX: usize = 1_000;

/// Who this gateway is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub environment: Environment,
    /// Stable over restarts.
    pub node: String,
    /// Names this run of it.
    pub boot: String,
}

/// What a gateway says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub node: String,
    pub boot: String,
    /// How much of the log is in force there.
    pub position: Position,
    /// It is the last: the node stops.
    #[serde(default)]
    pub leaving: bool,
    /// Whether it judges by a configuration that is too old.
    #[serde(default)]
    pub stale: bool,
}

/// Gateways cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum MembershipFailure {
    #[error("subscribing to the gateways' heartbeats")]
    Subscribe {
        #[source]
        source: async_nats::SubscribeError,
    },
    #[error("the connection for heartbeats was closed")]
    Closed,
}

/// Says that the gateway lives, and tells it how many do, until stopped; then says that it leaves.
///
/// While the bus carries not even this gateway's own heartbeats, nobody is counted as gone: rates stay split as they
/// were, since the others are there as far as is known.
///
/// # Errors
/// When the connection cannot be used at all; being down is no error.
pub async fn run(
    client: Client,
    member: Member,
    gateway: Arc<Gateway>,
    clock: SharedClock,
    stop: CancellationToken,
) -> Result<(), MembershipFailure> {
    let all = format!("{NODES}.{}.*", member.environment);
    let heard = client.subscribe(all).await.map_err(|source| MembershipFailure::Subscribe { source })?;
    let mut members = Members {
        client,
        token: token(&member),
        me: member,
        gateway,
        clock,
        heard: HashMap::new(),
        heard_myself: None,
    };
    members.run(heard, &stop).await
}

struct Members {
    client: Client,
    /// Where this gateway speaks, after the subject.
    token: String,
    me: Member,
    gateway: Arc<Gateway>,
    clock: SharedClock,
    /// By node and boot, when each of the others was heard last.
    heard: HashMap<(String, String), Instant>,
    heard_myself: Option<Instant>,
}

impl Members {
    async fn run(
        &mut self,
        mut heard: Subscriber,
        stop: &CancellationToken,
    ) -> Result<(), MembershipFailure> {
        let mut beats = interval(BEAT_EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut position, mut quiet_until) = (self.gateway.watch_position(), Instant::now());
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.leave().await,
                _ = beats.tick() => self.say(NODES, false).await,
                () = moved(&mut position, quiet_until) => {
                    self.say(APPLIED, false).await;
                    quiet_until = Instant::now() + APPLIED_EVERY;
                }
                message = heard.next() => self.hear(&message.ok_or(MembershipFailure::Closed)?),
            }
        }
    }

    async fn say(&self, subject: &str, leaving: bool) {
        // What is sent while the connection is down is kept and arrives late, as if it were said then.
        if self.client.connection_state() != State::Connected {
            return;
        }
        let Member { environment: _, node, boot } = self.me.clone();
        let (position, stale) = (self.gateway.position(), self.gateway.is_stale(self.clock.now()));
        let beat = Heartbeat { node, boot, position, leaving, stale };
        if let Ok(body) = serde_json::to_vec(&beat) {
            // One that is not sent is missed by the others, and by this one: nothing more is to be said.
            let _sent = self.client.publish(format!("{subject}.{}", self.token), body.into()).await;
        }
    }

    fn hear(&mut self, message: &Message) {
        let Ok(Heartbeat { node, boot, position: _, leaving, stale: _ }) =
            serde_json::from_slice(&message.payload)
        else {
            return;
        };
        let now = Instant::now();
        let key = (node, boot);
        if leaving {
            self.heard.remove(&key);
        } else if key == self.my_key() {
            self.hear_myself(now);
        } else if self.heard.len() < MEMBERS_MAX || self.heard.contains_key(&key) {
            self.heard.insert(key, now);
        }
        self.tell();
    }

    /// The bus carries what is said at this time: who is not heard over it is gone. After a silence of the bus the
    /// others are given as long as at the start.
    fn hear_myself(&mut self, now: Instant) {
        let before = self.heard_myself.replace(now);
        if before.is_some_and(|before| now.duration_since(before) >= GONE_AFTER) {
            self.heard.values_mut().for_each(|last| *last = now);
        }
        self.heard.retain(|_, last| now.duration_since(*last) < GONE_AFTER);
    }

    fn my_key(&self) -> (String, String) {
        (self.me.node.clone(), self.me.boot.clone())
    }

    fn tell(&self) {
        let live = u32::try_from(self.heard.len()).unwrap_or(u32::MAX).saturating_add(1);
        if live != self.gateway.live_nodes() {
            info!(nodes = live, "Splitting rates among {live} gateways");
            self.gateway.set_live_nodes(live);
        }
    }

    async fn leave(&self) -> Result<(), MembershipFailure> {
        self.say(NODES, true).await;
        // Sent before the connection is closed; when that fails, the others find out by the silence.
        let _flushed = tokio::time::timeout(BEAT_EVERY, self.client.flush()).await;
        Ok(())
    }
}

/// Waits until the position has moved, and longer where it was told of just now. Dropping the future loses nothing.
async fn moved(position: &mut watch::Receiver<Position>, quiet_until: Instant) {
    sleep_until(quiet_until).await;
    if position.changed().await.is_err() {
        // The gateway is gone, and with it whatever could move.
        std::future::pending::<()>().await;
    }
}

/// A node's name as one token behind its environment: what has a meaning in subjects is written as its number.
fn token(member: &Member) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let mut token = String::new();
    for byte in member.node.bytes() {
        if plain(byte) {
            token.push(char::from(byte));
        } else {
            token.push_str(&format!("%{byte:02x}"));
        }
    }
    format!("{}.{token}", member.environment)
}
