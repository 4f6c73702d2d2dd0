//! Who lives: every gateway says so twice a second, and splits its rates among those it has heard of late.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_nats::{Client, Message, Subscriber, connection::State};
use domain::{Environment, Position};
use futures::StreamExt as _;
use gateway::Gateway;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::info;

const SUBJECT: &str = "tollgate.gateway.v1.nodes";
const BEAT_EVERY: Duration = Duration::from_millis(500);
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
    stop: CancellationToken,
) -> Result<(), MembershipFailure> {
    let all = format!("{SUBJECT}.{}.*", member.environment);
    let heard = client.subscribe(all).await.map_err(|source| MembershipFailure::Subscribe { source })?;
    let mut members = Members {
        client,
        subject: subject(&member),
        me: member,
        gateway,
        heard: HashMap::new(),
        heard_myself: None,
    };
    members.run(heard, &stop).await
}

struct Members {
    client: Client,
    subject: String,
    me: Member,
    gateway: Arc<Gateway>,
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
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.leave().await,
                _ = beats.tick() => self.beat(false).await,
                message = heard.next() => self.hear(&message.ok_or(MembershipFailure::Closed)?),
            }
        }
    }

    async fn beat(&self, leaving: bool) {
        // What is sent while the connection is down is kept and arrives late, as if it were said then.
        if self.client.connection_state() != State::Connected {
            return;
        }
        let Member { environment: _, node, boot } = self.me.clone();
        let beat = Heartbeat { node, boot, position: self.gateway.position(), leaving };
        if let Ok(body) = serde_json::to_vec(&beat) {
            // One that is not sent is missed by the others, and by this one: nothing more is to be said.
            let _sent = self.client.publish(self.subject.clone(), body.into()).await;
        }
    }

    fn hear(&mut self, message: &Message) {
        let Ok(Heartbeat { node, boot, position: _, leaving }) = serde_json::from_slice(&message.payload)
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
        self.beat(true).await;
        // Sent before the connection is closed; when that fails, the others find out by the silence.
        let _flushed = tokio::time::timeout(BEAT_EVERY, self.client.flush()).await;
        Ok(())
    }
}

/// A node's name as one token: what has a meaning in subjects is written as its number.
fn subject(member: &Member) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let mut token = String::new();
    for byte in member.node.bytes() {
        if plain(byte) {
            token.push(char::from(byte));
        } else {
            token.push_str(&format!("%{byte:02x}"));
        }
    }
    format!("{SUBJECT}.{}.{token}", member.environment)
}
