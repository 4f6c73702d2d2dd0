//! `tollgate serve`: the roles of one process, each on what it needs.

mod adapters;
mod admin_token;
pub(crate) mod checkpoints;
mod decisions;
mod follow_door;
mod gateway_node;
mod gateways;
mod health;
mod http;
mod leaks;
mod nodes;
mod notifier;
mod rooms;
mod scheduler;
mod sequencer;
mod sign_in;
mod socket;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use api::AccessIndex;
use domain::access::Permission;
use eventlog::{EventLog, installation::Installation};
use projections::{Observer, Projections, Retention, UsageRetention, Visibility};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::adapters::UsageHeard;
use self::gateway_node::Node;
use self::socket::Socket;
use crate::{
    runtime::{self, Tasks},
    settings::{Role, Settings},
    traces,
};
use rooms::{Rooms, Store};

/// How long a start waits for the index of who may do what.
const ACCESS_WAIT: Duration = Duration::from_secs(10);

/// A server under way.
pub(crate) struct Server {
    pub(crate) http: SocketAddr,
    /// None where nobody judges calls.
    pub(crate) gateway: Option<SocketAddr>,
    /// The admin token, when it was made just now: it is not kept.
    pub(crate) new_token: Option<domain::secret::PlainSecret>,
    /// None in a gateway without a database.
    pub(crate) log: Option<EventLog>,
    pub(crate) tasks: Tasks,
    /// Held until the last task has ended.
    _installation: Installation,
}

/// Runs until a signal or a failure.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let traces = traces::to_collector(&settings, runtime::system_clock())?;
    let (layer, exporter) = traces.map_or((None, None), |(layer, exporter)| (Some(layer), Some(exporter)));
    runtime::start_logging(&settings.log, settings.log_format, layer)?;
    let server = start(&settings).await?;
    if let Some(token) = &server.new_token {
        println!("Admin token, shown this once: {}", token.expose());
    }
    let what =
        if settings.roles.contains(&Role::Api) { "Admin API and console" } else { "Health and metrics" };
    match server.gateway {
        Some(gateway) => println!("{what} on http://{}, gateway doors on {gateway}.", server.http),
        None => println!("{what} on http://{}.", server.http),
    }
    let ended = CancellationToken::new();
    // Beside the server to its end: its last spans are sent too.
    let serving = async {
        let outcome = server.wait().await;
        ended.cancel();
        outcome
    };
    let exporting = async {
        if let Some(exporter) = exporter {
            exporter.run(ended.clone()).await;
        }
    };
    let (outcome, ()) = tokio::join!(serving, exporting);
    outcome
}

impl Server {
    /// Waits until everything has stopped, by a signal or the first failure.
    pub(crate) async fn wait(self) -> anyhow::Result<()> {
        let outcome = self.tasks.wait().await;
        if let Some(log) = &self.log {
            log.close().await;
        }
        info!("Stopped");
        outcome
    }
}

/// Opens everything and starts the tasks; answers when the doors listen.
#[expect(
    clippy::too_many_lines,
    reason = "one part after the other, in the order in which they need each other"
)]
pub(crate) async fn start(settings: &Settings) -> anyhow::Result<Server> {
    let has = |role| settings.roles.contains(&role);
    let http = listen(settings.http).await?;
    let rooms = Rooms::open(settings).await?;
    let admin = if has(Role::Api) { Some(admin_token::open(&rooms, settings)?) } else { None };
    // The recorder comes before whatever is measured.
    let metrics = health::install_recorder()?;
    let mut tasks = Tasks::new();
    runtime::stop_on_signal(&mut tasks)?;
    tasks.spawn_keeper("metrics upkeep", health::upkeep(metrics.clone(), tasks.keepers_stop_token()));

    let (visibility, heard) = follow_log(settings, &rooms, &mut tasks).await?.unzip();
    let publisher = if has(Role::Sequencer) { sequencer::start(&rooms, &mut tasks) } else { None };
    let signer =
        if has(Role::Sequencer) { checkpoints::start(settings, &rooms, &mut tasks).await? } else { None };
    let usage = visibility.clone().zip(heard);
    let scheduler = match (&rooms.store, usage) {
        (Some(store), Some(usage)) if has(Role::Scheduler) => {
            let (log, read) = (store.log.clone(), store.read.clone());
            Some(scheduler::start(log, read, usage, &rooms.clock, &mut tasks))
        }
        (Some(_) | None, Some(_) | None) => None,
    };
    let notifier = match (&rooms.store, &visibility) {
        (Some(store), Some(visibility)) if has(Role::Notifier) => {
            Some(notifier::start(settings, &rooms, store, visibility, &mut tasks)?)
        }
        (Some(_) | None, Some(_) | None) => None,
    };
    let access = match &rooms.store {
        Some(store) if has(Role::Api) => Some(follow_access(store, &mut tasks).await),
        Some(_) | None => None,
    };
    let node = gateway_node::start(settings, &rooms, &mut tasks).await?;
    let http_address = http.local_addr()?;
    let gateway_address = open_doors(settings, &rooms, node.as_ref(), &mut tasks).await?;
    let health = health::Health {
        judges: has(Role::Gateway).then(|| node.as_ref().map(|node| Arc::clone(&node.gateway))).flatten(),
        // Where others move them, one that has stopped is not this process's fault.
        visibility: visibility.clone().filter(|_| has(Role::Projections)),
        publisher,
        signer,
        scheduler,
        notifier,
        access: access.clone(),
        bus: rooms.bus.clone(),
        clock: Arc::clone(&rooms.clock),
        log: rooms.log(),
        metrics,
    };
    let nodes = nodes::hear(settings, &rooms, node.as_ref().filter(|_| has(Role::Api)), &mut tasks);
    let watched = visibility.zip(access);
    let stopping = tasks.stop_token();
    let watched = watched.map(|(visibility, access)| http::Watched { visibility, nodes, access, stopping });
    let (router, api) = http::router(&rooms, settings, admin.as_ref(), watched, health, node.as_ref())?;
    if let Some(api) = api {
        let stop = tasks.stop_token();
        let (claims, claimed) = (Arc::clone(&api), stop.clone());
        tasks.spawn("claims", async move {
            api::access::finish_claims(claims, claimed).await;
            Ok(())
        });
        tasks.spawn("sessions", sign_in::sweep(Arc::clone(&api), stop.clone()));
        let (observing, ending) = (Arc::clone(&api), tasks.keepers_stop_token());
        tasks.spawn_keeper("observations", async move {
            api::run_observations(observing, ending).await;
            Ok(())
        });
        let (using, ending) = (Arc::clone(&api), tasks.keepers_stop_token());
        tasks.spawn_keeper("uses of tokens", async move {
            api::run_token_uses(using, ending).await;
            Ok(())
        });
        tasks.spawn("operations", async move {
            api::run_operations(api, stop).await;
            Ok(())
        });
    }
    tasks.spawn("HTTP", http::serve(http, router, tasks.stop_token()));
    let log = rooms.log();
    let installation = rooms.installation;
    let new_token = admin.map(|admin| admin.keep(&installation)).transpose()?.flatten();
    Ok(Server {
        http: http_address,
        gateway: gateway_address,
        new_token,
        log,
        tasks,
        _installation: installation,
    })
}

/// Starts the index of who may do what, and gives it a moment to read the log: until it has, nobody is let in.
async fn follow_access(store: &Store, tasks: &mut Tasks) -> Arc<AccessIndex> {
    let access = Arc::<AccessIndex>::default();
    let (index, log, stop) = (Arc::clone(&access), store.log.clone(), tasks.keepers_stop_token());
    tasks.spawn_keeper("access index", async move {
        api::access::follow(index, log, stop).await;
        Ok(())
    });
    if !access.wait_until_complete(ACCESS_WAIT).await {
        tracing::warn!("The access index has not read the log yet; requests are answered 503 until it has");
    }
    access
}

/// Opens the doors of a gateway that is fit to judge; answers where they are.
async fn open_doors(
    settings: &Settings,
    rooms: &Rooms,
    node: Option<&Node>,
    tasks: &mut Tasks,
) -> anyhow::Result<Option<SocketAddr>> {
    let Some(node @ Node { door: Some(door), .. }) = node else { return Ok(None) };
    ::gateway_node::settle(&node.gateway, rooms.bus.as_ref(), &rooms.clock).await;
    let listener = listen(settings.gateway).await?;
    let address = listener.local_addr()?;
    let doors = gateway_doors::Doors::new(Arc::clone(door), tasks.stop_token());
    if let Some(path) = &settings.gateway_socket {
        let (Socket { listener, file }, doors) = (Socket::listen(path)?, doors.clone());
        let stop = tasks.stop_token();
        tasks.spawn("gateway socket", async move {
            let served = gateway_doors::serve(listener, doors, stop).await;
            drop(file);
            served.context("the gateway's socket")
        });
    }
    let stop = tasks.stop_token();
    tasks.spawn("gateway doors", async move {
        gateway_doors::serve(listener, doors, stop).await.context("the gateway doors")
    });
    Ok(Some(address))
}

/// Starts the projections where that is the role; elsewhere what they have come to is watched, and when it was heard how far
/// usage is. None without a database.
async fn follow_log(
    settings: &Settings,
    rooms: &Rooms,
    tasks: &mut Tasks,
) -> anyhow::Result<Option<(Visibility, UsageHeard)>> {
    let Some(store) = &rooms.store else { return Ok(None) };
    let (read, log, usage) = (store.read.clone(), store.log.clone(), rooms.usage_source(tasks).await?);
    let heard = usage.heard();
    let (clock, stop) = (Arc::clone(&rooms.clock), tasks.keepers_stop_token());
    if !settings.roles.contains(&Role::Projections) {
        let observer = Observer::open(read, log, usage).await?.with_clock(clock);
        let visibility = observer.visibility();
        tasks.spawn_keeper("projections' observer", async move { Ok(observer.run(stop).await?) });
        return Ok(Some((visibility, heard)));
    }
    let asking = usage.asking();
    let projections = Projections::open_asking(read.clone(), log.clone(), usage, asking).await?;
    let retention = Retention { clock: Arc::clone(&clock), days: settings.sightings_days };
    let projections =
        projections.with_clock(Arc::clone(&clock)).named(&settings.node).keeping_sightings(retention);
    let visibility = projections.visibility();
    tasks.spawn_keeper("projections", async move { Ok(projections.run(stop).await?) });
    let days = |days: u32| jiff::SignedDuration::from_hours(24 * i64::from(days));
    let usage = UsageRetention {
        minutes: days(settings.usage_minutes_days),
        quarters: days(settings.usage_quarters_days),
        days: days(settings.usage_years * 366),
    };
    let keep = decisions::Keep { decisions: days(settings.decisions_keep_days), usage };
    let batches = rooms.usage.clone().filter(|_| rooms.bus.is_none());
    let forgetting = decisions::run(read.clone(), batches, Arc::clone(&clock), keep, tasks.stop_token());
    tasks.spawn("forgotten decisions", forgetting);
    Ok(Some((visibility, heard)))
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}; stop what uses it, or choose another address by --http or --gateway"
        )
    })
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
