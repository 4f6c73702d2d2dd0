//! `tollgate serve`: every role in one process on the embedded engine.

mod adapters;
mod admin_token;
mod health;
mod http;
mod lifecycle;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use domain::{SharedClock, access::Permission};
use eventlog::{EventLog, installation::Installation, usage::UsageLog};
use gateway::Gateway;
use gateway_doors::Door;
use jiff::SignedDuration;
use projections::{Projections, ReadModel};
use rand::distr::{Alphanumeric, SampleString};
use tokio::net::TcpListener;
use tracing::info;

use crate::{
    runtime::{self, Tasks},
    settings::{OnStale, Settings, Unmatched},
};
use adapters::{LogFeed, UsageSink};

const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// A server under way.
pub(crate) struct Server {
    pub(crate) http: SocketAddr,
    pub(crate) gateway: SocketAddr,
    /// The admin token, when it was made just now: it is not kept.
    pub(crate) new_token: Option<domain::secret::PlainSecret>,
    pub(crate) log: EventLog,
    pub(crate) tasks: Tasks,
    /// Held until the last task has ended.
    _installation: Installation,
}

/// Runs until a signal or a failure.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    runtime::start_logging(&settings.log, settings.log_format)?;
    let server = start(&settings).await?;
    if let Some(token) = &server.new_token {
        println!("Admin token, shown this once: {}", token.expose());
    }
    println!("Admin API and console on http://{}, gateway doors on {}.", server.http, server.gateway);
    server.wait().await
}

impl Server {
    /// Waits until everything has stopped, by a signal or the first failure.
    pub(crate) async fn wait(self) -> anyhow::Result<()> {
        let outcome = self.tasks.wait().await;
        self.log.close().await;
        info!("Stopped");
        outcome
    }
}

/// What the server is made of, opened and not yet moving.
struct Rooms {
    clock: SharedClock,
    installation: Installation,
    peppers: domain::secret::Peppers,
    log: EventLog,
    usage: UsageLog,
    read: ReadModel,
}

impl Rooms {
    async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let clock = runtime::system_clock();
        let installation = Installation::open(&settings.data_dir)?;
        // Before the databases: a secret is made only where there are no events yet.
        let peppers = installation.peppers()?;
        drop(installation.signing_key()?);
        let log = EventLog::open_sqlite(&installation.events_database(), Arc::clone(&clock)).await?;
        installation.check_peppers(&peppers, &log.pepper_versions().await?)?;
        let usage = UsageLog::open_sqlite(&installation.usage_database()).await?;
        let read = ReadModel::open_sqlite(&installation.read_database()).await?;
        Ok(Self { clock, installation, peppers, log, usage, read })
    }
}

/// Opens everything and starts the tasks; answers when both doors listen.
pub(crate) async fn start(settings: &Settings) -> anyhow::Result<Server> {
    let http = listen(settings.http).await?;
    let doors = listen(settings.gateway).await?;
    let rooms = Rooms::open(settings).await?;
    let admin = admin_token::open(&rooms, settings)?;
    // The recorder comes before whatever is measured.
    let metrics = health::install_recorder()?;
    let mut tasks = Tasks::new();
    runtime::stop_on_signal(&mut tasks)?;

    let projections = Projections::open(rooms.read.clone(), rooms.log.clone(), rooms.usage.clone()).await?;
    let visibility = projections.visibility();
    let gateway = start_gateway(settings, &rooms, &mut tasks).await?;
    let door = Door::new(Arc::clone(&gateway), Arc::clone(&rooms.clock), settings.environment.clone())
        .trusting_forwarded(settings.trust_forwarded);
    let door = Arc::new(door);
    let (http_address, gateway_address) = (http.local_addr()?, doors.local_addr()?);

    let health = health::Health {
        gateway,
        visibility: visibility.clone(),
        clock: Arc::clone(&rooms.clock),
        log: rooms.log.clone(),
        metrics: metrics.clone(),
    };
    let router = http::router(&rooms, settings, admin.tokens.clone(), visibility, health, Arc::clone(&door))?;
    tasks.spawn_keeper("metrics upkeep", health::upkeep(metrics, tasks.keepers_stop_token()));
    let stop = tasks.stop_token();
    let keepers_stop = tasks.keepers_stop_token();
    tasks.spawn_keeper("projections", async move { Ok(projections.run(keepers_stop).await?) });
    tasks.spawn(
        "lifecycle",
        lifecycle::run(rooms.log.clone(), rooms.read.clone(), Arc::clone(&rooms.clock), stop.clone()),
    );
    tasks.spawn("gateway doors", serve_doors(doors, door, tasks.stop_token()));
    tasks.spawn("admin API", http::serve(http, router, stop));
    let Rooms { installation, log, .. } = rooms;
    let new_token = admin.keep(&installation)?;
    Ok(Server {
        http: http_address,
        gateway: gateway_address,
        new_token,
        log,
        tasks,
        _installation: installation,
    })
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}; stop what uses it, or choose another address by --http or --gateway"
        )
    })
}

async fn serve_doors(
    listener: TcpListener,
    door: Arc<Door>,
    stop: tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    gateway_doors::serve(listener, gateway_doors::router(door), stop).await.context("the gateway doors")
}

async fn start_gateway(
    settings: &Settings,
    rooms: &Rooms,
    tasks: &mut Tasks,
) -> anyhow::Result<Arc<Gateway>> {
    let unmatched = settings.unmatched.iter().map(|(environment, what)| {
        let what = match what {
            Unmatched::Allow => gateway::Unmatched::Allow,
            Unmatched::Refuse => gateway::Unmatched::Refuse,
        };
        (environment.clone(), what)
    });
    let gateway = Gateway::new(
        gateway::Settings {
            unmatched: unmatched.collect(),
            stale_after: SignedDuration::from_secs(i64::from(settings.stale_after_seconds)),
            on_stale: match settings.on_stale {
                OnStale::Serve => gateway::OnStale::Serve,
                OnStale::Refuse => gateway::OnStale::Refuse,
            },
            node: settings.node.clone(),
            boot: Alphanumeric.sample_string(&mut rand::rng(), 16),
        },
        rooms.peppers.clone(),
    );
    let gateway = Arc::new(gateway);
    let counters = rooms.usage.counters().await?;
    let rows = counters.into_iter().map(|(key, state)| gateway::CounterRow { key, state });
    gateway.restore_counters(rows.collect(), rooms.clock.now());
    let (follower, clock, feed) = (Arc::clone(&gateway), Arc::clone(&rooms.clock), LogFeed(rooms.log.feed()));
    let stop = tasks.keepers_stop_token();
    tasks.spawn_keeper("gateway follower", async move {
        gateway::follow::run(follower, feed, clock, stop).await;
        Ok(())
    });
    let (counted, clock, sink) =
        (Arc::clone(&gateway), Arc::clone(&rooms.clock), UsageSink(rooms.usage.clone()));
    let stop = tasks.keepers_stop_token();
    tasks.spawn_keeper("usage flush", async move {
        gateway::flush::run(counted, sink, clock, FLUSH_EVERY, stop).await;
        Ok(())
    });
    Ok(gateway)
}

/// The REST API and the verify door in one document: on the admin address the door needs a permission.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    let mut doors = gateway_doors::openapi();
    let permission = serde_json::Value::from(Permission::CallVerify.as_str());
    for path in doors.paths.paths.values_mut() {
        for operation in path.post.iter_mut() {
            let extension = utoipa::openapi::extensions::ExtensionsBuilder::new();
            operation.extensions = Some(extension.add("x-tollgate-permission", permission.clone()).build());
        }
    }
    let mut document = api::openapi();
    document.merge(doors);
    document
}
