//! Every row as CSV, page by page as a download is written, against the rate at which the server copies the same rows out.

use std::{process::Stdio, time::Instant};

use anyhow::{Context as _, Result, ensure};
use domain::access::Reach;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, tz::TimeZone};
use projections::queries::usage::{Granularity, UsageDimension, UsageFilter, UsageQuery, csv};
use test_servers::Postgres;
use tollgate_bench::median;

use crate::{Flags, Installation, fill::begins};

/// As the API reads them.
const ROWS_AT_ONCE: u32 = 20_000;

pub(crate) async fn measure(postgres: &Postgres, here: &Installation, flags: &Flags) -> Result<()> {
    let (mut ours, mut copied, mut rows) = (vec![], vec![], 0);
    for _ in 0..flags.rounds.max(1) {
        let seconds = copy(postgres, here, flags)?;
        let began = Instant::now();
        rows = export(here, flags).await?;
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "rows are counted in millions"
        )]
        let all = rows as f64;
        ours.push(all / began.elapsed().as_secs_f64());
        copied.push(all / seconds);
    }
    let ratios: Vec<f64> = ours.iter().zip(&copied).map(|(ours, copied)| ours / copied).collect();
    println!(
        "export of {rows} rows as CSV: {:.0}/s, COPY {:.0}/s, ratio {:.2} (rounds {ratios:.2?})",
        median(ours),
        median(copied),
        median(ratios.clone())
    );
    Ok(())
}

async fn export(here: &Installation, flags: &Flags) -> Result<u64> {
    let from = begins(flags)?;
    let query = UsageQuery {
        from,
        until: from + SignedDuration::from_hours(24 * i64::from(flags.export_days)),
        granularity: Granularity::Quarter,
        zone: TimeZone::UTC,
        group_by: [
            UsageDimension::Client,
            UsageDimension::Key,
            UsageDimension::SecretVersion,
            UsageDimension::Route,
            UsageDimension::Environment,
        ]
        .into(),
        filter: UsageFilter::default(),
        after: None,
        rows_max: ROWS_AT_ONCE,
        reach: Reach::Everything,
    };
    let (mut rows, mut bytes) = (0_u64, 0_usize);
    let mut pages = std::pin::pin!(csv::pages(here.model.clone(), query, None));
    while let Some(page) = pages.try_next().await? {
        bytes += page.text.len();
        rows += page.rows;
    }
    ensure!(bytes > 0, "nothing was written");
    Ok(rows)
}

/// Seconds.
fn copy(postgres: &Postgres, here: &Installation, flags: &Flags) -> Result<f64> {
    let from_s = begins(flags)?.as_second();
    let until_s = from_s + i64::from(flags.export_days) * 86_400;
    let copy = format!(
        "copy (select start_s, start_s + 900, client_id, key_id, secret_version, route_id, environment, outcome, calls \
           from tollgate_read.usage_quarter where start_s >= {from_s} and start_s < {until_s} \
          order by start_s, client_id, key_id, secret_version, route_id, environment) to stdout (format csv, header)"
    );
    let began = Instant::now();
    let status = postgres
        .command("psql")
        .args(["--no-psqlrc", "--quiet", "--command", &copy])
        .arg(&here.database.url)
        .stdout(Stdio::null())
        .status()
        .context("starting psql")?;
    ensure!(status.success(), "psql failed");
    Ok(began.elapsed().as_secs_f64())
}
