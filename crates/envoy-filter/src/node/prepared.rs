//! A node that is not yet moving, and how it begins.

use std::{
    os::unix::fs::DirBuilderExt as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context;
use domain::SharedClock;
use eventlog::{
    bus::{Bus, BusFeed, BusSettings, Refill, UsagePublisher},
    installation::peppers_in,
    usage::UsageLog,
};
use gateway::{Gateway, KeptDecisions, SharedQuotas};
use gateway_bus::Member;
use gateway_node::{
    Batches, Configuration, ControlPlane, UsageSink, follow_from_snapshot, join_others, keep_usage, new_boot,
    settle,
};
use tracing::warn;

use super::{Tasks, counters::OwnCounters};
use crate::settings::{NatsSettings, NodeSettings};

const SNAPSHOT_FILE: &str = "gateway.snapshot";
const USAGE_DATABASE: &str = "usage.db";
/// What keeps a file or a bus from being used may pass.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a node is made of.
pub(super) struct Prepared {
    settings: NodeSettings,
    gateway: Arc<Gateway>,
    control_plane: ControlPlane,
    me: Member,
    bus: OnceLock<Bus>,
}

impl Prepared {
    /// # Errors
    /// When a secret is missing, or the directory cannot be used.
    pub(super) fn new(settings: &NodeSettings) -> anyhow::Result<Self> {
        let peppers = peppers_in(&settings.secrets_dir)?;
        let state = &settings.state_dir;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(state)
            .with_context(|| format!("making the directory {}", state.display()))?;
        let token = settings.control_plane.token()?;
        let control_plane = ControlPlane::new(Some((settings.control_plane.url.as_str(), token)))?;
        let boot = new_boot();
        let gateway = Gateway::new(of_gateway(settings, &boot), peppers).keeping_decisions(KeptDecisions {
            allowed_one_in: settings.decisions_allowed_one_in,
            ..KeptDecisions::default()
        });
        let gateway =
            if settings.nats.is_some() { gateway.sharing_quotas(shared(settings)) } else { gateway };
        let me = Member { environment: settings.environment.clone(), node: settings.name.clone(), boot };
        let (settings, gateway) = (settings.clone(), Arc::new(gateway));
        Ok(Self { settings, gateway, control_plane, me, bus: OnceLock::new() })
    }

    pub(super) fn gateway(&self) -> Arc<Gateway> {
        Arc::clone(&self.gateway)
    }

    /// Begins to follow, and takes over the counters of the run before. What cannot be done now is tried until it can be, or the node is
    /// stopped.
    pub(super) async fn start(&self, clock: &SharedClock, tasks: &mut Tasks) {
        let mut failing = false;
        let usage = loop {
            match self.open().await {
                Ok(usage) => break usage,
                Err(failure) if !failing => warn!("The gateway node cannot begin; trying again: {failure:#}"),
                Err(_) => {}
            }
            failing = true;
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
        };
        let bus = self.bus.get();
        let feed = match bus {
            Some(bus) => {
                let refill: Arc<dyn Refill> = Arc::new(self.control_plane.clone());
                Configuration::Bus(bus.clone(), Box::new(BusFeed::ordered(bus.clone(), refill)))
            }
            None => Configuration::ControlPlane(self.control_plane.clone(), self.me.clone()),
        };
        let file = self.settings.state_dir.join(SNAPSHOT_FILE);
        follow_from_snapshot(&self.gateway, file, &self.control_plane, feed, clock, tasks).await;
        let batches = match bus {
            Some(bus) => Batches::Bus(UsagePublisher::new(bus.clone())),
            None => Batches::ControlPlane(self.control_plane.clone()),
        };
        let sink = OwnCounters::take(
            &self.settings.state_dir,
            &self.me.boot,
            UsageSink { file: usage.clone(), batches },
        );
        if let Err(failure) = keep_usage(&self.gateway, &usage, sink, clock, tasks).await {
            warn!("The counters of the run before cannot be read; beginning without them: {failure:#}");
        }
        if let Some(bus) = bus {
            join_others(bus, &self.gateway, self.me.clone(), clock, tasks).await;
        }
    }

    /// Waits until the configuration is that of now, for a bounded time.
    pub(super) async fn settle(&self, clock: &SharedClock) {
        settle(&self.gateway, self.bus.get(), clock).await;
    }

    /// Says that this node judges no more calls. Over the bus its membership has said so.
    pub(super) async fn leave(&self) {
        if self.bus.get().is_none() {
            self.control_plane.leave(self.gateway.position(), &self.me).await;
        }
    }

    async fn open(&self) -> anyhow::Result<UsageLog> {
        if let Some(nats) = &self.settings.nats
            && self.bus.get().is_none()
        {
            // Begun once, by one task: nobody else sets it.
            drop(self.bus.set(connect(nats, &self.settings.name).await?));
        }
        Ok(UsageLog::open_sqlite(&self.settings.state_dir.join(USAGE_DATABASE)).await?)
    }
}

async fn connect(nats: &NatsSettings, node: &str) -> anyhow::Result<Bus> {
    let settings = BusSettings {
        urls: nats.urls.clone(),
        credentials_file: nats.credentials.clone(),
        root_ca_file: nats.ca.clone(),
        require_tls: nats.ca.is_some(),
        name: format!("tollgate {node} (in Envoy)"),
        replicas: usize::from(nats.replicas),
        ..BusSettings::default()
    };
    Ok(Bus::connect(settings).await?)
}

fn of_gateway(settings: &NodeSettings, boot: &str) -> gateway::Settings {
    gateway::Settings {
        unmatched: settings.unmatched.clone(),
        stale_after: jiff::SignedDuration::from_secs(i64::from(settings.stale_after_seconds)),
        on_stale: settings.on_stale,
        sightings: settings.sightings,
        node: settings.name.clone(),
        boot: boot.to_owned(),
    }
}

fn shared(settings: &NodeSettings) -> SharedQuotas {
    let wait_max = Duration::from_millis(settings.quota_wait_ms.into());
    SharedQuotas { when_alone: settings.when_alone, wait_max, ..SharedQuotas::default() }
}
