//! Who lives is known within two seconds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::Result;
use domain::Position;
use gateway::Gateway;
use test_servers::{Nats, until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tollgate_gateway_bus::{Heartbeat, Member, MembershipFailure, announce, listen};

use super::world::{clock, connect, environment, follow, peppers, settings};

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
        let running = announce(connect(nats).await?, member, Arc::clone(&gateway), clock(), stop.clone());
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

/// What a listener has heard, by node.
type Said = Arc<Mutex<BTreeMap<String, Heartbeat>>>;

#[tokio::test]
async fn a_listener_hears_at_once_what_a_gateway_has_applied_and_that_it_leaves() -> Result<()> {
    let nats = Nats::start().await?;
    let (said, stop) = (Said::default(), CancellationToken::new());
    let heard = Arc::clone(&said);
    let hear = move |environment_of, heartbeat: Heartbeat| {
        assert_eq!(environment_of, environment());
        heard.lock().unwrap().insert(heartbeat.node.clone(), heartbeat);
    };
    let listening = tokio::task::spawn(listen(connect(&nats).await?, hear, stop.clone()));
    let node = "gateway-1.with dots *";
    let gateway = Living::start(&nats, node).await?;
    let heard = async |what: &str, within, wanted: fn(&Heartbeat) -> bool| {
        until(what, within, async || Ok(said.lock().unwrap().get(node).is_some_and(wanted).then_some(())))
            .await
    };
    heard("the heartbeat", SOON, |said| said.position == Position::START && said.stale).await?;
    let before = Instant::now();
    follow(&gateway.gateway, 1);
    heard("the position", SOON, |said| said.position == Position::new(1) && !said.stale).await?;
    assert!(
        before.elapsed() < Duration::from_millis(400),
        "not with the next heartbeat: {:?}",
        before.elapsed()
    );
    // Many at once are told in a few words, the last among them.
    (2..=500).for_each(|position| follow(&gateway.gateway, position));
    heard("the last position", SOON, |said| said.position == Position::new(500)).await?;
    gateway.stop.cancel();
    gateway.announcing.await??;
    heard("the farewell", SOON, |said| said.leaving).await?;
    stop.cancel();
    listening.await??;
    Ok(())
}
