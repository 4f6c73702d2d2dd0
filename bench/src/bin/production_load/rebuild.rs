//! Read models made again from the log, against the rate at which the same events are copied out.

use std::{process::Stdio, time::Instant};

use anyhow::{Context as _, Result, ensure};
use eventlog::{
    postgres::{READ_MODELS, pool_for},
    usage::UsageLog,
};
use projections::ReadModel;
use test_servers::Postgres;
use tollgate_bench::median;

use crate::{Flags, Installation, history};

const COPY: &str = "copy (select l.position, e.event_no, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, \
    e.payload, e.metadata from tollgate.log l join tollgate.events e using (event_no) order by l.position) to stdout";

pub(crate) async fn measure(flags: &Flags) -> Result<()> {
    let postgres = Postgres::durable().await?;
    let installation = Installation::on(&postgres).await?;
    let pool = pool_for(&installation.settings, READ_MODELS).await?;
    projections::migrate_postgres(&pool, None).await?;
    let model = ReadModel::open_postgres(pool).await?;
    let directory = tempfile::tempdir()?;
    let usage = UsageLog::open_sqlite(&directory.path().join("usage.db")).await?;
    let began = Instant::now();
    history::fill(&installation.database.url, flags.events).await?;
    let mut head = installation.log.watch_head();
    head.wait_for(|head| head.get() >= u64::from(flags.events)).await?;
    history::check(&installation.log).await?;
    println!("filled with {} events in {:.1?}", flags.events, began.elapsed());
    postgres.sql(&installation.database.name, "vacuum analyze")?;
    let wanted = |name: &&str| flags.read_model.as_deref().is_none_or(|only| only == *name);
    for name in ["client_directory", "key_directory", "audit_log"].into_iter().filter(wanted) {
        let (mut ours, mut copied) = (vec![], vec![]);
        for _ in 0..flags.rounds {
            copied.push(f64::from(flags.events) / copy(&postgres, &installation)?);
            let began = Instant::now();
            projections::rebuild(&model, &installation.log, &usage, Some(name), |_, _| {}).await?;
            ours.push(f64::from(flags.events) / began.elapsed().as_secs_f64());
        }
        let ratios: Vec<f64> = ours.iter().zip(&copied).map(|(ours, copied)| ours / copied).collect();
        println!(
            "rebuild {name} from {} events: {:.0}/s, COPY {:.0}/s, ratio {:.2} (rounds {ratios:.2?})",
            flags.events,
            median(ours),
            median(copied),
            median(ratios.clone())
        );
    }
    installation.end().await
}

/// Seconds.
fn copy(postgres: &Postgres, here: &Installation) -> Result<f64> {
    let began = Instant::now();
    let status = postgres
        .command("psql")
        .args(["--no-psqlrc", "--quiet", "--command", COPY])
        .arg(&here.database.url)
        .stdout(Stdio::null())
        .status()
        .context("starting psql")?;
    ensure!(status.success(), "psql failed");
    Ok(began.elapsed().as_secs_f64())
}
