//! What a process is made of, opened and not yet moving.

use std::{sync::Arc, time::Duration};

use domain::{SharedClock, secret::Peppers};
use eventlog::{
    EventLog,
    bus::{Bus, BusSettings, BusTold},
    installation::Installation,
    postgres::{self, PostgresSettings},
    usage::UsageLog,
};
use outbox::Outbox;
use projections::{ReadModel, ToldUsage};
use secrecy::ExposeSecret;

use super::adapters::{AnyUsage, BusUsage};
use crate::{
    erasures,
    runtime::{self, Tasks},
    settings::{Database, Nats, Role, Settings},
};

pub(super) struct Rooms {
    pub(super) clock: SharedClock,
    pub(super) installation: Installation,
    pub(super) peppers: Peppers,
    /// None in a gateway without a database.
    pub(super) store: Option<Store>,
    /// None where all roles are in this process.
    pub(super) bus: Option<Bus>,
    /// A file of this node: its gateway's counters, and usage batches where there is no bus. None where nobody judges calls.
    pub(super) usage: Option<UsageLog>,
}

/// The log, what is made of it, and what is told of it.
pub(super) struct Store {
    pub(super) log: EventLog,
    pub(super) read: ReadModel,
    pub(super) outbox: Outbox,
}

impl Rooms {
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let clock = runtime::system_clock();
        let alone = settings.database.is_none() && settings.nats.is_none();
        let installation = Installation::open(&settings.data_dir)?;
        let installation =
            if alone { installation } else { installation.sharing_secrets(&settings.secrets_dir) };
        // Before the databases: a secret is made only where there are no events yet.
        let peppers = installation.peppers()?;
        drop(installation.signing_key()?);
        let bus = match &settings.nats {
            Some(nats) => Some(connect(nats, settings).await?),
            None => None,
        };
        let store = match &settings.database {
            Some(database) => Some(Store::on_postgres(database, settings, &clock).await?),
            None if alone => Some(Store::embedded(&installation, &clock).await?),
            None => None,
        };
        if let Some(store) = &store {
            installation.check_peppers(&peppers, &store.log.pepper_versions().await?)?;
        }
        let usage = if settings.roles.contains(&Role::Gateway) {
            Some(UsageLog::open_sqlite(&installation.usage_database()).await?)
        } else {
            None
        };
        let store = store.map(|store| store.by_way_of(bus.as_ref()));
        Ok(Self { clock, installation, peppers, store, bus, usage })
    }

    pub(super) fn log(&self) -> Option<EventLog> {
        self.store.as_ref().map(|store| store.log.clone())
    }

    /// Where usage batches lie, to be counted again.
    pub(super) fn told_usage(&self) -> anyhow::Result<Arc<dyn ToldUsage>> {
        match (&self.bus, &self.usage) {
            (Some(bus), _) => Ok(Arc::new(BusTold::new(bus.clone()))),
            (None, Some(usage)) => Ok(Arc::new(usage.clone())),
            (None, None) => {
                anyhow::bail!("without a bus there is no usage to read where no calls are judged")
            }
        }
    }

    /// Where the projections read usage batches.
    pub(super) async fn usage_source(&self, tasks: &mut Tasks) -> anyhow::Result<AnyUsage> {
        match (&self.bus, &self.usage) {
            (None, Some(usage)) => Ok(AnyUsage::File(usage.clone())),
            (None, None) => {
                anyhow::bail!("without a bus there is no usage to read where no calls are judged")
            }
            (Some(bus), _) => {
                let (usage, head) = BusUsage::open(bus.clone()).await;
                let stop = tasks.keepers_stop_token();
                tasks.spawn_keeper("usage head", async move {
                    head.run(stop).await;
                    Ok(())
                });
                Ok(AnyUsage::Bus(usage))
            }
        }
    }
}

impl Store {
    async fn embedded(installation: &Installation, clock: &SharedClock) -> anyhow::Result<Self> {
        let log = EventLog::open_sqlite(&installation.events_database(), Arc::clone(clock)).await?;
        let outbox = Outbox::open_sqlite(&installation.outbox_database()).await?;
        erasures::finish(&log, &outbox, clock.now()).await?;
        let read = ReadModel::open_sqlite(&installation.read_database()).await?;
        Ok(Self { log, read, outbox })
    }

    async fn on_postgres(
        database: &Database,
        settings: &Settings,
        clock: &SharedClock,
    ) -> anyhow::Result<Self> {
        let settings = of_database(database, settings.allow_plaintext);
        let log = EventLog::open_postgres(&settings, Arc::clone(clock)).await?;
        let outbox = Outbox::open_postgres(postgres::pool_for(&settings, postgres::OUTBOX).await?).await?;
        erasures::finish(&log, &outbox, clock.now()).await?;
        let pool = postgres::pool_for(&settings, postgres::READ_MODELS).await?;
        let read = ReadModel::open_postgres(pool).await?;
        Ok(Self { log, read, outbox })
    }

    fn by_way_of(self, bus: Option<&Bus>) -> Self {
        match bus {
            Some(bus) => Self { log: self.log.by_way_of(bus.clone()), ..self },
            None => self,
        }
    }
}

fn of_database(database: &Database, allow_plaintext: bool) -> PostgresSettings {
    PostgresSettings {
        connections_max: database.connections,
        statement_timeout: Duration::from_secs(10),
        allow_plaintext,
        ..PostgresSettings::new(database.url.clone())
    }
}

async fn connect(nats: &Nats, settings: &Settings) -> anyhow::Result<Bus> {
    let roles: Vec<String> = settings.roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
    let settings = BusSettings {
        urls: nats.urls.iter().map(|url| url.expose_secret().to_owned()).collect(),
        credentials_file: nats.credentials.clone(),
        root_ca_file: nats.ca.clone(),
        require_tls: nats.ca.is_some(),
        name: format!("tollgate {} ({})", settings.node, roles.join(", ")),
        replicas: usize::from(nats.replicas),
        ..BusSettings::default()
    };
    Ok(Bus::connect(settings).await?)
}
