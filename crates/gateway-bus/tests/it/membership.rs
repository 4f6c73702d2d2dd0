//! Who lives is known within two seconds.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use gateway::Gateway;
use test_servers::{Nats, until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tollgate_gateway_bus::{Member, MembershipFailure, announce};

use super::world::{connect, environment, peppers, settings};

const SOON: Duration = Duration::from_secs(2);

struct Living {
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    announcing: JoinHandle<Result<(), MembershipFailure>>,
}

impl Living {
    async fn start(nats: &Nats, node: &str) -> Result<Self> {
        let gateway = Arc::new(Gateway::new(settings(), peppers()));
        let stop = CancellationToken::new();
        let member = Member { environment: environment(), node: node.to_owned(), boot: "boot".to_owned() };
        let running = announce(connect(nats).await?, member, Arc::clone(&gateway), stop.clone());
        Ok(Self { gateway, stop, announcing: tokio::task::spawn(running) })
    }
}

async fn see(living: &[&Living], nodes: u32, within: Duration) -> Result<()> {
    until(&format!("{nodes} gateways to be seen"), within, async || {
        Ok(living.iter().all(|one| one.gateway.live_nodes() == nodes).then_some(()))
    })
    .await
}

#[tokio::test]
async fn gateways_that_come_leave_and_die_are_noticed_within_two_seconds() -> Result<()> {
    let nats = Nats::start().await?;
    let first = Living::start(&nats, "first").await?;
    let second = Living::start(&nats, "second.with dots *").await?;
    let third = Living::start(&nats, "third").await?;
    see(&[&first, &second, &third], 3, SOON).await?;
    third.announcing.abort();
    see(&[&first, &second], 2, SOON).await?;
    second.stop.cancel();
    second.announcing.await??;
    // It said so: nobody waits for its silence.
    see(&[&first], 1, Duration::from_millis(400)).await
}

#[tokio::test]
async fn nobody_counts_as_gone_while_the_broker_is_away() -> Result<()> {
    let mut nats = Nats::start().await?;
    let (first, second) = (Living::start(&nats, "first").await?, Living::start(&nats, "second").await?);
    see(&[&first, &second], 2, SOON).await?;
    nats.kill_9()?;
    // As long as it takes a gateway to be given up, twice; each must be two all the time.
    let alone = see(&[&first], 1, Duration::from_secs(3)).await;
    assert!(alone.is_err() && second.gateway.live_nodes() == 2, "the other is there as far as is known");
    nats.start_again().await?;
    let alone = see(&[&second], 1, Duration::from_secs(2)).await;
    assert!(alone.is_err() && first.gateway.live_nodes() == 2, "and is given time to come back");
    first.announcing.abort();
    see(&[&second], 1, SOON + SOON).await
}
