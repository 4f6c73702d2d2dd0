//! What a call of each kind costs the gateway, and what it does to the good ones beside it.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use tollgate_bench::proxied;
use tollgate_tests::World;

use crate::{
    Settings,
    traffic::{Callers, Kind, as_fast_as_answered},
};

/// Tells of each kind.
pub(crate) async fn tell(world: &World, callers: &Arc<Callers>, settings: &Settings) -> Result<()> {
    let long = Duration::from_secs(settings.seconds_each.into());
    // Connections, counters and allocators warm up.
    as_fast_as_answered(callers, Kind::Good, settings.connections, long / 2).await?;
    let mut good_us = 0.0;
    for kind in Kind::ALL {
        let before = spent(world)?;
        let told = as_fast_as_answered(callers, kind, settings.connections, long).await?;
        ensure!(told.wrong.is_empty(), "{:?}", told.wrong.first());
        drop(world.upstream.take_requests());
        let calls = f64::from(u32::try_from(told.calls)?);
        let (envoy, product) = spent(world)?;
        let us = |after: Duration, before: Duration| (after - before).as_secs_f64() / calls * 1e6;
        let (envoy, product) = (us(envoy, before.0), us(product, before.1));
        if kind == Kind::Good {
            good_us = envoy + product;
        }
        println!(
            "{kind:?}: {:.0} calls/s; for each call Envoy has {envoy:.1} µs of a processor, the product {product:.1} µs: {:.2} of a good one",
            calls / long.as_secs_f64(),
            (envoy + product) / good_us
        );
    }
    Ok(())
}

/// Good calls beside as many connections of each kind, all as fast as they are answered: a kind that pushes good calls out leaves them less
/// than others of their own do.
pub(crate) async fn tell_floods(callers: &Arc<Callers>, settings: &Settings) -> Result<()> {
    let long = Duration::from_secs(settings.seconds_each.into());
    let mut beside_good = 0.0;
    for kind in Kind::ALL {
        let (good, flood) = tokio::try_join!(
            as_fast_as_answered(callers, Kind::Good, settings.connections, long),
            as_fast_as_answered(callers, kind, settings.connections, long)
        )?;
        ensure!(good.wrong.is_empty() && flood.wrong.is_empty(), "{:?}", good.wrong.first());
        let per_second = |calls: u64| u32::try_from(calls).map(|calls| f64::from(calls) / long.as_secs_f64());
        let (good, flood) = (per_second(good.calls)?, per_second(flood.calls)?);
        if kind == Kind::Good {
            beside_good = good;
        }
        println!(
            "beside {flood:.0} {kind:?} calls/s, {good:.0} good ones: {:.2} of what others of their own leave them",
            good / beside_good
        );
    }
    Ok(())
}

/// What Envoy and the product have spent on a processor so far, all of their threads.
fn spent(world: &World) -> Result<(Duration, Duration)> {
    Ok((of_process(world.envoy.process().id())?, of_process(world.product.process().id())?))
}

fn of_process(pid: u32) -> Result<Duration> {
    Ok(proxied::spent(pid)?.into_iter().map(|(_, spent)| spent).sum())
}
