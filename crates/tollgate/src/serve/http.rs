//! The admin address: REST, console, health, and the verify door for those who hold a token.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use api::{AccessIndex, Api, GatewayNodes};
use axum::{
    Json, Router,
    http::{StatusCode, header},
    routing::get,
};
use domain::access::Permission;
use eventlog::bus::UsagePublisher;
use gateway_bus::{GatewayAsker, NatsPool, PoolSettings};
use projections::Visibility;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    admin_token::Opened,
    follow_door::{self, FollowDoor, UsageTaker},
    gateway_node::Node,
    gateways::KnownGateways,
    health::Health,
    rooms::{Rooms, Store},
};
use crate::settings::Settings;

/// Requests under way may take so long once a stop is asked for.
const DRAIN_AT_MOST: Duration = Duration::from_secs(10);

/// What the admin API waits for.
pub(super) struct Watched {
    pub(super) visibility: Visibility,
    pub(super) nodes: GatewayNodes,
    pub(super) access: Arc<AccessIndex>,
    /// Cancelled when the process stops.
    pub(super) stopping: CancellationToken,
}

/// What imports have uploaded, in the data directory.
const UPLOADS: &str = "uploads";
/// Where reports are that were written to files, in the data directory.
const REPORTS: &str = "reports";

/// The admin API where that is the role, with what it stands on; elsewhere health and metrics alone.
pub(super) fn router(
    rooms: &Rooms,
    settings: &Settings,
    admin: Option<&Opened>,
    watched: Option<Watched>,
    health: Health,
    node: Option<&Node>,
) -> anyhow::Result<(Router, Option<Arc<Api>>)> {
    let health = Arc::new(health);
    let (Some(admin), Some(store), Some(watched), Some(node)) = (admin, &rooms.store, watched, node) else {
        return Ok((operations(health), None));
    };
    let Watched { visibility, nodes, access, stopping } = watched;
    let rendered = Arc::clone(&health);
    let api = Arc::new(Api {
        log: store.log.clone(),
        read: store.read.clone(),
        outbox: store.outbox.clone(),
        visibility,
        nodes,
        clock: Arc::clone(&rooms.clock),
        random: Arc::new(api::SystemRandom),
        peppers: rooms.peppers.clone(),
        brand: settings.brand.clone(),
        admin: admin.tokens.clone(),
        access,
        gateways: Arc::new(gateways(rooms, settings, store, node)),
        previews: Box::new(super::notifier::Previewing { log: store.log.clone(), read: store.read.clone() }),
        told_usage: rooms.told_usage()?,
        readiness: Box::new(move || health.readiness()),
        metrics: Box::new(move || rendered.metrics()),
        openapi: super::openapi().to_json().context("the OpenAPI document cannot be written")?,
        settings: api::Settings {
            applied_wait: Duration::from_millis(settings.applied_wait_ms.into()),
            ..api::Settings::default()
        },
        node: settings.node.parse().context("the node's name")?,
        uploads: api::Uploads::in_dir(rooms.installation.dir().join(UPLOADS)),
        report_files: api::ReportFiles::in_dir(rooms.installation.dir().join(REPORTS)),
        leaks: super::leaks::receivers(&settings.leaks, node)?,
        observer: api::Observer::default(),
        token_uses: api::TokenUses::default(),
        proxies: settings.proxies.api(),
        outbound: settings.webhooks.policy(),
        stopping,
        sign_in: super::sign_in::open(settings, &store.read, &rooms.peppers)?,
    });
    let (admin_api, _) = api::router(Arc::clone(&api));
    let kept = Some(Arc::clone(&api));
    let Node { gateway, door, boot: _ } = node;
    let follow = FollowDoor {
        gateway: Arc::clone(gateway),
        log: store.log.clone(),
        usage: usage_taker(rooms),
        nodes: api.nodes.clone(),
        clock: Arc::clone(&rooms.clock),
    };
    let follow = follow_door::router(follow, Arc::clone(&api));
    let admin_api = admin_api.merge(follow);
    let Some(door) = door else { return Ok((admin_api, kept)) };
    let verify = gateway_doors::verify_router(Arc::clone(door));
    Ok((admin_api.merge(api::protect(verify, api, Permission::CallVerify)), kept))
}

/// Who takes what gateways without a bus have counted.
fn usage_taker(rooms: &Rooms) -> UsageTaker {
    match (&rooms.bus, &rooms.usage) {
        (Some(bus), _) => UsageTaker::Bus(UsagePublisher::new(bus.clone())),
        (None, Some(file)) => UsageTaker::File(file.clone()),
        (None, None) => UsageTaker::Nobody,
    }
}

/// What this process and the gateways on the bus know together.
fn gateways(rooms: &Rooms, settings: &Settings, store: &Store, node: &Node) -> KnownGateways {
    let others = rooms.bus.as_ref().map(|bus| {
        let replicas = usize::from(settings.nats.as_ref().map_or(1, |nats| nats.replicas));
        (GatewayAsker::new(bus.client()), NatsPool::new(bus.client(), PoolSettings { replicas }))
    });
    KnownGateways {
        own: Arc::clone(&node.gateway),
        judges: node.door.is_some(),
        others,
        log: store.log.clone(),
        clock: Arc::clone(&rooms.clock),
        environment: settings.environment.clone(),
    }
}

/// What every process answers, whatever it does.
fn operations(health: Arc<Health>) -> Router {
    let measured = Arc::clone(&health);
    let ready = move || async move {
        let readiness = health.readiness();
        let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(readiness))
    };
    let metrics = move || async move {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], measured.metrics())
    };
    Router::new()
        .route("/healthz", get(|| async { Json(serde_json::json!({ "status": "ok" })) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Serves until stopped, then lets requests under way finish.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let drained = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN_AT_MOST).await;
    };
    tokio::select! {
        ended = drained.into_future() => ended.context("the admin API"),
        () = late => {
            warn!("Gave up requests that were still under way after {DRAIN_AT_MOST:?}");
            Ok(())
        }
    }
}
