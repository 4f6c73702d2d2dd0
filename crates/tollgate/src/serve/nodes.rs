//! What the admin API hears of gateways: by the bus where there is one, and else of the one in this process.

use std::{sync::Arc, time::Duration};

use api::{GatewayNodes, Heard};
use domain::{Environment, SharedClock};
use eventlog::{EventLog, bus::Bus};
use gateway::Gateway;
use gateway_bus::Heartbeat;
use tokio_util::sync::CancellationToken;

use super::{gateway_node::Node, rooms::Rooms};
use crate::{runtime::Tasks, settings::Settings};

/// As often as gateways say on the bus that they live.
const BEAT_EVERY: Duration = Duration::from_millis(500);

/// Begins to listen.
pub(super) fn hear(
    settings: &Settings,
    rooms: &Rooms,
    node: Option<&Node>,
    tasks: &mut Tasks,
) -> GatewayNodes {
    let nodes = GatewayNodes::listening();
    let Some(log) = rooms.log() else { return nodes };
    let (stop, ear) =
        (tasks.keepers_stop_token(), Ear { nodes: nodes.clone(), clock: Arc::clone(&rooms.clock), log });
    match (&rooms.bus, node) {
        (Some(bus), _) => tasks.spawn_keeper("gateways' ear", listen(bus.clone(), ear, stop)),
        (None, Some(Node { gateway, door: Some(_), boot })) => {
            let me = Heartbeat {
                node: settings.node.clone(),
                boot: boot.clone(),
                position: gateway.position(),
                leaving: false,
                stale: false,
            };
            let beside = beside(Arc::clone(gateway), settings.environment.clone(), me, ear, stop);
            tasks.spawn_keeper("gateway's ear", beside);
        }
        (None, Some(Node { door: None, .. }) | None) => {}
    }
    nodes
}

/// Takes over what gateways say, with the time and the log's end.
struct Ear {
    nodes: GatewayNodes,
    clock: SharedClock,
    log: EventLog,
}

impl Ear {
    fn hear(&self, environment: Environment, said: Heartbeat) {
        let Heartbeat { node, boot, position, leaving, stale } = said;
        let heard = Heard { environment, node, boot, position, stale, leaving };
        self.nodes.hear(heard, self.clock.now(), self.log.head());
    }
}

async fn listen(bus: Bus, ear: Ear, stop: CancellationToken) -> anyhow::Result<()> {
    Ok(gateway_bus::listen(bus.client(), |environment, said| ear.hear(environment, said), stop).await?)
}

/// Tells of the gateway in this process until stopped.
async fn beside(
    gateway: Arc<Gateway>,
    environment: Environment,
    me: Heartbeat,
    ear: Ear,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (mut position, mut beats) = (gateway.watch_position(), tokio::time::interval(BEAT_EVERY));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            Ok(()) = position.changed() => {}
            _ = beats.tick() => {}
        }
        let stale = gateway.is_stale(ear.clock.now());
        ear.hear(environment.clone(), Heartbeat { position: gateway.position(), stale, ..me.clone() });
    }
}
