//! How long a report of all days takes: by whole days of UTC, and by the quarters that another zone's days are made of.

use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use domain::access::Reach;
use jiff::{SignedDuration, tz::TimeZone};
use projections::{
    USAGE,
    queries::usage::{Granularity, UsageDimension, UsageFilter, UsageQuery, UsageStore as _},
};
use test_servers::Postgres;

use crate::{
    Flags, Installation,
    fill::{begins, client, route},
};

/// A report by its name.
struct Asked {
    name: &'static str,
    zone: &'static str,
    granularity: Granularity,
    group_by: &'static [UsageDimension],
    of: Of,
}

#[derive(Clone, Copy)]
enum Of {
    Everything,
    OneClient,
    OneRoute,
}

const ALL: [Asked; 6] = [
    Asked {
        name: "a client's days in Berlin, by route",
        zone: "Europe/Berlin",
        granularity: Granularity::Day,
        group_by: &[UsageDimension::Route],
        of: Of::OneClient,
    },
    Asked {
        name: "a route's days in Berlin, by client",
        zone: "Europe/Berlin",
        granularity: Granularity::Day,
        group_by: &[UsageDimension::Client],
        of: Of::OneRoute,
    },
    Asked {
        name: "everybody's days in UTC",
        zone: "UTC",
        granularity: Granularity::Day,
        group_by: &[],
        of: Of::Everything,
    },
    Asked {
        name: "everybody's days in Berlin, by route",
        zone: "Europe/Berlin",
        granularity: Granularity::Day,
        group_by: &[UsageDimension::Route],
        of: Of::Everything,
    },
    Asked {
        name: "everybody's total, by client and route",
        zone: "UTC",
        granularity: Granularity::Total,
        group_by: &[UsageDimension::Client, UsageDimension::Route],
        of: Of::Everything,
    },
    Asked {
        name: "everybody's days in Berlin, by client",
        zone: "Europe/Berlin",
        granularity: Granularity::Day,
        group_by: &[UsageDimension::Client],
        of: Of::Everything,
    },
];

pub(crate) async fn measure(here: &Installation, flags: &Flags) -> Result<()> {
    for asked in &ALL {
        let mut took = vec![];
        let mut rows = 0;
        for ask in 0..flags.asks.max(1) {
            let query = query(asked, flags, ask)?;
            let began = Instant::now();
            let report = here.model.usage(&query).await?;
            took.push(began.elapsed());
            rows = report.rows.len();
            ensure!(rows > 0, "nothing is reported");
        }
        let first = took.first().copied().unwrap_or_default();
        println!(
            "{}: {rows} rows, p50 {:.1?}, p95 {:.1?}, the first {first:.1?}",
            asked.name,
            quantile(&mut took, 50),
            quantile(&mut took, 95)
        );
    }
    Ok(())
}

/// Each once after the server was started again and the machine has let go of what it had read.
pub(crate) async fn measure_cold(postgres: &mut Postgres, here: &Installation, flags: &Flags) -> Result<()> {
    for asked in &ALL {
        postgres.stop().await?;
        let machine = let_go();
        postgres.start_again().await?;
        // Connections are made before the clock runs.
        while here.model.checkpoint(USAGE).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let query = query(asked, flags, 0)?;
        let began = Instant::now();
        ensure!(!here.model.usage(&query).await?.rows.is_empty(), "nothing is reported");
        let machine = if machine { "nor in the machine's" } else { "but perhaps in the machine's" };
        println!("{}: {:.1?} with nothing in the server's cache, {machine}", asked.name, began.elapsed());
    }
    Ok(())
}

/// Whether the machine let go of files it had read: root may tell it to. Source: proc(5), `drop_caches`.
fn let_go() -> bool {
    let written = Command::new("sync").status().is_ok_and(|status| status.success());
    written && std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

fn query(asked: &Asked, flags: &Flags, ask: u32) -> Result<UsageQuery> {
    let from = begins(flags)?;
    let mut filter = UsageFilter::default();
    match asked.of {
        Of::Everything => {}
        // Each time another, so that not only what was just read is read again.
        Of::OneClient => filter.client_id = Some(client(ask.wrapping_mul(37) % flags.clients.max(1))),
        Of::OneRoute => filter.route_id = Some(route(ask.wrapping_mul(7) % flags.routes.max(1))),
    }
    Ok(UsageQuery {
        from,
        until: from + SignedDuration::from_hours(24 * i64::from(flags.days)),
        granularity: asked.granularity,
        zone: TimeZone::get(asked.zone).context("the zone")?,
        group_by: asked.group_by.iter().copied().collect::<BTreeSet<_>>(),
        filter,
        after: None,
        rows_max: flags.page,
        reach: Reach::Everything,
    })
}

fn quantile(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    let at = (took.len() * percent).div_ceil(100).saturating_sub(1);
    took.get(at).copied().unwrap_or_default()
}
