//! Events published in their order, each at the sequence that is its position, against a publisher that only pipelines.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use async_nats::jetstream::{self, context::PublishAckFuture, stream};
use domain::Position;
use eventlog::{
    EventLog,
    bus::{
        Bus, BusSettings, envelope,
        publish::{Publisher, PublisherState},
    },
};
use futures::future::try_join_all;
use test_servers::Nats;
use tokio_util::sync::CancellationToken;
use tollgate_bench::{Fixed, client, execute, median, now, register, rename};

use crate::Flags;

/// Of the bare publisher: the best of what was tried.
const WINDOW: usize = 1_024;

pub(crate) async fn measure(flags: &Flags) -> Result<()> {
    let events = flags.events.min(50_000);
    let directory = tempfile::tempdir()?;
    let log = EventLog::open_sqlite(&directory.path().join("events.db"), Arc::new(Fixed(now()?))).await?;
    fill(&log, events).await?;
    let (mut ours, mut bare) = (vec![], vec![]);
    for _ in 0..flags.rounds {
        bare.push(f64::from(events) / publish_bare(&log).await?);
        ours.push(f64::from(events) / publish_ours(&log).await?);
    }
    let ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    println!(
        "publish {events} events: ours {:.0}/s, bare {:.0}/s, ratio {:.2} (rounds {ratios:.2?})",
        median(ours),
        median(bare),
        median(ratios.clone())
    );
    log.close().await;
    Ok(())
}

/// Many clients at once, so that a commit has many commands.
async fn fill(log: &EventLog, events: u32) -> Result<()> {
    const CLIENTS: u32 = 1_000;
    try_join_all((0..CLIENTS).map(|at| async move {
        execute(log, client(at), register()?).await?;
        for round in 1..events / CLIENTS {
            execute(log, client(at), rename(round, at)?).await?;
        }
        anyhow::Ok(())
    }))
    .await
    .map(drop)
}

/// Seconds.
async fn publish_ours(log: &EventLog) -> Result<f64> {
    let nats = Nats::start().await?;
    let bus = Bus::connect(BusSettings { urls: vec![nats.url()], ..BusSettings::default() }).await?;
    while !bus.is_connected() {
        tokio::task::yield_now().await;
    }
    let (stop, head, began) = (CancellationToken::new(), log.head(), Instant::now());
    let publisher = Publisher::new(log.clone(), bus);
    let mut status = publisher.status();
    let there = async {
        let there =
            status.wait_for(|now| now.position >= head && now.state == PublisherState::Publishing).await;
        let took = began.elapsed().as_secs_f64();
        stop.cancel();
        there.map(|_| took).context("the publisher has stopped")
    };
    let (published, took) = tokio::join!(publisher.run(stop.clone()), there);
    published?;
    took
}

/// Seconds. The same bodies on the same subjects, read from the same log.
async fn publish_bare(log: &EventLog) -> Result<f64> {
    let nats = Nats::start().await?;
    let context = jetstream::new(async_nats::connect(nats.url()).await?);
    let config = stream::Config {
        name: "BARE".to_owned(),
        subjects: vec!["tollgate.events.v1.>".to_owned()],
        ..stream::Config::default()
    };
    context.create_stream(config).await?;
    let began = Instant::now();
    let (mut after, mut waiting) = (Position::START, std::collections::VecDeque::<PublishAckFuture>::new());
    loop {
        let stored = log.read_stored(after, 2_000).await?;
        let Some(last) = stored.last() else { break };
        after = last.position;
        for event in &stored {
            let envelope = envelope::encode(event)?;
            waiting.push_back(context.publish(envelope.subject, envelope.body.into()).await?);
            if waiting.len() >= WINDOW
                && let Some(oldest) = waiting.pop_front()
            {
                oldest.await?;
            }
        }
    }
    for rest in waiting {
        rest.await?;
    }
    Ok(began.elapsed().as_secs_f64())
}
