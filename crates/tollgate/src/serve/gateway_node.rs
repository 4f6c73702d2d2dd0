//! The role `gateway`: judges calls from what it follows, alone or as one of several nodes. Beside the admin API it only
//! follows, so that others can begin with what it knows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use eventlog::bus::{BusFeed, Refill, UsagePublisher};
use gateway::{Gateway, KeptDecisions, PoolKey, QuotaPool as _, Reservation, SharedQuotas, snapshot_file};
use gateway_bus::{Member, NatsPool, PoolSettings};
use gateway_doors::Door;
use jiff::SignedDuration;
use rand::distr::{Alphanumeric, SampleString};
use tracing::{info, warn};

use super::{
    adapters::{Configuration, UsageSink},
    control_plane::ControlPlane,
    rooms::Rooms,
};
use crate::{
    runtime::Tasks,
    settings::{OnStale, Role, Settings, Unmatched, WhenAlone},
};

const FLUSH_EVERY: Duration = Duration::from_secs(1);
const SNAPSHOT_EVERY: Duration = Duration::from_secs(30);
const SNAPSHOT_FILE: &str = "gateway.snapshot";

/// A gateway that follows.
pub(super) struct Node {
    pub(super) gateway: Arc<Gateway>,
    /// None where no calls are judged.
    pub(super) door: Option<Arc<Door>>,
    /// Names this run of it.
    pub(super) boot: String,
}

/// What a gateway waits for before its doors open: longer, and it begins with what it knows.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until the configuration is that of now and shared quotas can be asked for, for a bounded time. A door that is not
/// open yet is passed over by its callers; one that opens early refuses them, or lets in who was revoked meanwhile.
pub(super) async fn settle(node: &Node, rooms: &Rooms) {
    let begun = rooms.clock.now();
    let settled = async {
        while !(node.gateway.caught_up_at() >= Some(begun)
            && rooms.bus.as_ref().is_none_or(eventlog::bus::Bus::is_connected))
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(SETTLED_WITHIN, settled).await.is_err() {
        warn!("Opening the doors without news of the log: judging by what is known");
    }
}

/// Starts it where calls are judged, and where other gateways fetch their beginning.
pub(super) async fn start(
    settings: &Settings,
    rooms: &Rooms,
    tasks: &mut Tasks,
) -> anyhow::Result<Option<Node>> {
    let judges = settings.roles.contains(&Role::Gateway);
    // The admin API explains by it, and others begin with what it knows; reports of leaks are told from it.
    let follows = settings.roles.contains(&Role::Api);
    if !judges && !follows {
        return Ok(None);
    }
    let boot = Alphanumeric.sample_string(&mut rand::rng(), 16);
    let gateway = Gateway::new(settings_of(settings, &boot), rooms.peppers.clone());
    let gateway = gateway.keeping_decisions(KeptDecisions {
        allowed_one_in: settings.decisions_allowed_one_in,
        ..KeptDecisions::default()
    });
    // Also where no calls are judged: what is counted together has the same names.
    let gateway = if rooms.bus.is_some() { gateway.sharing_quotas(shared(settings)) } else { gateway };
    let gateway = Arc::new(gateway);
    let clock = Arc::clone(&rooms.clock);
    begin(settings, rooms, &gateway, tasks).await?;
    let door = if judges {
        keep_usage(rooms, &gateway, tasks).await?;
        join_others(settings, rooms, &gateway, &boot, tasks).await;
        let door = Door::new(Arc::clone(&gateway), clock, settings.environment.clone());
        let door = door.trusting_forwarded(settings.trust_forwarded);
        Some(Arc::new(door.trusting_cost_headers(settings.trust_cost_headers)))
    } else {
        None
    };
    Ok(Some(Node { gateway, door, boot }))
}

fn settings_of(settings: &Settings, boot: &str) -> gateway::Settings {
    let unmatched = settings.unmatched.iter().map(|(environment, what)| {
        let what = match what {
            Unmatched::Allow => gateway::Unmatched::Allow,
            Unmatched::Refuse => gateway::Unmatched::Refuse,
        };
        (environment.clone(), what)
    });
    gateway::Settings {
        unmatched: unmatched.collect(),
        stale_after: SignedDuration::from_secs(i64::from(settings.stale_after_seconds)),
        on_stale: match settings.on_stale {
            OnStale::Serve => gateway::OnStale::Serve,
            OnStale::Refuse => gateway::OnStale::Refuse,
        },
        sightings: settings.sightings_days > 0,
        node: settings.node.clone(),
        boot: boot.to_owned(),
    }
}

fn shared(settings: &Settings) -> SharedQuotas {
    let when_alone = match settings.when_alone {
        WhenAlone::Share => gateway::WhenAlone::Share,
        WhenAlone::Allow => gateway::WhenAlone::Allow,
        WhenAlone::Refuse => gateway::WhenAlone::Refuse,
    };
    let wait_max = Duration::from_millis(settings.quota_wait_ms.into());
    SharedQuotas { when_alone, wait_max, ..SharedQuotas::default() }
}

/// Follows the configuration: from the log where it is at hand, by way of the bus where it is not, beginning with what was
/// known before or what the control plane knows.
async fn begin(
    settings: &Settings,
    rooms: &Rooms,
    gateway: &Arc<Gateway>,
    tasks: &mut Tasks,
) -> anyhow::Result<()> {
    let feed = match (&rooms.store, &rooms.bus) {
        (Some(store), _) => Configuration::Log(store.log.feed()),
        (None, Some(bus)) => {
            let control_plane = ControlPlane::of(settings)?;
            let file = rooms.installation.dir().join(SNAPSHOT_FILE);
            restore(gateway, &file, &control_plane).await;
            keep_snapshot(gateway, file, tasks);
            let refill: Arc<dyn Refill> = Arc::new(control_plane);
            Configuration::Bus(bus.clone(), Box::new(BusFeed::ordered(bus.clone(), refill)))
        }
        (None, None) => anyhow::bail!("a gateway follows a log or a bus, and has neither"),
    };
    let (follower, clock) = (Arc::clone(gateway), Arc::clone(&rooms.clock));
    let stop = tasks.keepers_stop_token();
    tasks.spawn_keeper("gateway follower", async move {
        gateway::follow::run(follower, feed, clock, stop).await;
        Ok(())
    });
    Ok(())
}

/// The newer of the node's own file and the control plane's answer would be better; the file is there when nothing else
/// is, and what came since then is on the bus.
async fn restore(gateway: &Gateway, file: &std::path::Path, control_plane: &ControlPlane) {
    let kept = match snapshot_file::load(file) {
        Ok(kept) => kept,
        Err(failure) => {
            warn!(error = %failure, "The snapshot {} cannot be used; beginning without it", file.display());
            None
        }
    };
    let (snapshot, whence) = match kept {
        Some(kept) => (kept, "this node's file"),
        None => match control_plane.snapshot().await {
            Ok(Some(fetched)) => (fetched, "the control plane"),
            Ok(None) => return,
            Err(failure) => return warn!("No snapshot from the control plane: {failure:#}"),
        },
    };
    match gateway.restore(&snapshot) {
        Ok(()) => {
            let position = snapshot.position().get();
            info!(
                event.position = position,
                "Beginning at position {position} with a snapshot from {whence}"
            );
        }
        Err(failure) => warn!(error = %failure, "The snapshot from {whence} cannot be used"),
    }
}

fn keep_snapshot(gateway: &Arc<Gateway>, file: PathBuf, tasks: &mut Tasks) {
    let (gateway, stop) = (Arc::clone(gateway), tasks.keepers_stop_token());
    tasks.spawn_keeper("gateway snapshot", async move {
        snapshot_file::keep(gateway, file, SNAPSHOT_EVERY, stop).await;
        Ok(())
    });
}

/// Takes the counters over from the run before, and hands on what is counted.
async fn keep_usage(rooms: &Rooms, gateway: &Arc<Gateway>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let Some(file) = rooms.usage.clone() else { return Ok(()) };
    let counters = file.counters().await?;
    let rows = counters.into_iter().map(|(key, state)| gateway::CounterRow { key, state });
    gateway.restore_counters(rows.collect(), rooms.clock.now());
    let sink = UsageSink { file, bus: rooms.bus.clone().map(UsagePublisher::new) };
    let (counted, clock, stop) = (Arc::clone(gateway), Arc::clone(&rooms.clock), tasks.keepers_stop_token());
    tasks.spawn_keeper("usage flush", async move {
        gateway::flush::run(counted, sink, clock, FLUSH_EVERY, stop).await;
        Ok(())
    });
    Ok(())
}

/// Asks the pool once, so that the first call need not wait for its stream to be made. One that is away is found so again.
async fn warm_up(pool: &NatsPool) {
    let key = PoolKey { account: "warm-up".to_owned(), window: (0, 0) };
    let question = Reservation { key, amount: 0, id: "warm-up".to_owned() };
    let asked = tokio::time::timeout(SETTLED_WITHIN, pool.reserve(&question)).await;
    if !matches!(asked, Ok(Ok(_))) {
        warn!("The pool of shared quotas does not answer yet");
    }
}

/// Says to the other nodes that this one lives, and shares quotas with them.
async fn join_others(
    settings: &Settings,
    rooms: &Rooms,
    gateway: &Arc<Gateway>,
    boot: &str,
    tasks: &mut Tasks,
) {
    let Some(bus) = &rooms.bus else { return };
    let replicas = usize::from(settings.nats.as_ref().map_or(1, |nats| nats.replicas));
    let pool = Arc::new(NatsPool::new(bus.client(), PoolSettings { replicas }));
    warm_up(&pool).await;
    let (sharing, clock, stop) = (Arc::clone(gateway), Arc::clone(&rooms.clock), tasks.keepers_stop_token());
    tasks.spawn_keeper("shared quotas", async move {
        gateway::sharing::run(sharing, pool, clock, stop).await;
        Ok(())
    });
    let member = Member {
        environment: settings.environment.clone(),
        node: settings.node.clone(),
        boot: boot.to_owned(),
    };
    let (client, member_of, stop) = (bus.client(), Arc::clone(gateway), tasks.keepers_stop_token());
    let clock = Arc::clone(&rooms.clock);
    tasks.spawn_keeper("membership", async move {
        Ok(gateway_bus::announce(client, member, member_of, clock, stop).await?)
    });
    let (client, asked, stop) = (bus.client(), Arc::clone(gateway), tasks.keepers_stop_token());
    let (environment, clock) = (settings.environment.clone(), Arc::clone(&rooms.clock));
    tasks.spawn_keeper("questions", async move {
        Ok(gateway_bus::answer_questions(client, environment, asked, clock, stop).await?)
    });
}
