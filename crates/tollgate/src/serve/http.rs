//! The admin address: REST, console, health, and the verify door for those who hold a token.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use api::{AdminTokens, Api};
use axum::Router;
use domain::access::Permission;
use gateway_doors::Door;
use projections::Visibility;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Rooms, health::Health};
use crate::settings::Settings;

/// Requests under way may take so long once a stop is asked for.
const DRAIN_AT_MOST: Duration = Duration::from_secs(10);

pub(super) fn router(
    rooms: &Rooms,
    settings: &Settings,
    admin: AdminTokens,
    visibility: Visibility,
    health: Health,
    door: Arc<Door>,
) -> anyhow::Result<Router> {
    let health = Arc::new(health);
    let rendered = Arc::clone(&health);
    let api = Arc::new(Api {
        log: rooms.log.clone(),
        read: rooms.read.clone(),
        visibility,
        clock: Arc::clone(&rooms.clock),
        random: Arc::new(api::SystemRandom),
        peppers: rooms.peppers.clone(),
        brand: settings.brand.clone(),
        admin,
        readiness: Box::new(move || health.readiness()),
        metrics: Box::new(move || rendered.metrics()),
        openapi: super::openapi().to_json().context("the OpenAPI document cannot be written")?,
        settings: api::Settings::default(),
    });
    let verify = api::protect(gateway_doors::verify_router(door), Arc::clone(&api), Permission::CallVerify);
    let (admin_api, _) = api::router(api);
    Ok(admin_api.merge(verify))
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
