//! The role `gateway`: judges calls from what it follows, alone or as one of several nodes. Beside the admin API it only
//! follows, so that others can begin with what it knows.

use std::{sync::Arc, time::Duration};

use ::gateway_node::{
    Batches, Configuration, ControlPlane, UsageSink, follow, follow_from_snapshot, join_others, keep_usage,
    new_boot,
};
use eventlog::bus::{BusFeed, Refill, UsagePublisher};
use gateway::{Gateway, KeptDecisions, SharedQuotas};
use gateway_bus::Member;
use gateway_doors::{Door, Told};
use jiff::SignedDuration;

use super::rooms::Rooms;
use crate::{
    runtime::Tasks,
    settings::{OnStale, Role, Settings, Unmatched, WhenAlone},
};

const SNAPSHOT_FILE: &str = "gateway.snapshot";

/// A gateway that follows.
pub(super) struct Node {
    pub(super) gateway: Arc<Gateway>,
    /// None where no calls are judged.
    pub(super) door: Option<Arc<Door>>,
    /// Names this run of it.
    pub(super) boot: String,
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
    let boot = new_boot();
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
        if let Some(file) = rooms.usage.clone() {
            let batches = rooms.bus.clone().map(UsagePublisher::new).map_or(Batches::Beside, Batches::Bus);
            keep_usage(&gateway, &file.clone(), UsageSink { file, batches }, &clock, tasks).await?;
        }
        if let Some(bus) = &rooms.bus {
            let (environment, node) = (settings.environment.clone(), settings.node.clone());
            let member = Member { environment, node, boot: boot.clone() };
            join_others(bus, &gateway, member, &clock, tasks).await;
        }
        let door = Door::new(Arc::clone(&gateway), clock, settings.environment.clone());
        let told = Told { identity: settings.identity_headers, rate_limit: settings.rate_limit_headers };
        let door = door.trusting_forwarded(settings.trust_forwarded).telling(told);
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
    match (&rooms.store, &rooms.bus) {
        (Some(store), _) => {
            follow(gateway, Configuration::Log(store.log.feed()), &rooms.clock, tasks);
        }
        (None, Some(bus)) => {
            let place = settings.control_plane.as_ref().zip(settings.gateway_token.clone());
            let place = place.as_ref().map(|(plane, token)| (plane.url.as_str(), token.clone()));
            let control_plane = ControlPlane::new(place)?;
            let file = rooms.installation.dir().join(SNAPSHOT_FILE);
            let refill: Arc<dyn Refill> = Arc::new(control_plane.clone());
            let feed = Configuration::Bus(bus.clone(), Box::new(BusFeed::ordered(bus.clone(), refill)));
            follow_from_snapshot(gateway, file, &control_plane, feed, &rooms.clock, tasks).await;
        }
        (None, None) => anyhow::bail!("a gateway follows a log or a bus, and has neither"),
    }
    Ok(())
}
