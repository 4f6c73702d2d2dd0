//! `tollgate projections rebuild`: read models made anew from the log.

use anyhow::Context;
use eventlog::{EventLog, installation::Installation, usage::UsageLog};
use indicatif::{ProgressBar, ProgressStyle};
use projections::ReadModel;

use crate::{cli::ProjectionsCommand, runtime};

pub(crate) async fn run(command: ProjectionsCommand) -> anyhow::Result<()> {
    let ProjectionsCommand::Rebuild { name, data_dir } = command;
    anyhow::ensure!(
        data_dir.join("events.db").exists(),
        "there is no log in {}: nothing to rebuild from",
        data_dir.display()
    );
    // The lock refuses a running server: two that write one read model would halt each other.
    let installation = Installation::open(&data_dir)?;
    let log = EventLog::open_sqlite(&installation.events_database(), runtime::system_clock()).await?;
    let usage = UsageLog::open_sqlite(&installation.usage_database()).await?;
    let read = ReadModel::open_sqlite(&installation.read_database()).await?;
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}")
            .context("the progress bar has no form")?,
    );
    let progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    projections::rebuild(&read, &log, &usage, name.as_deref(), progress).await?;
    bar.finish();
    println!("Rebuilt {} up to position {}.", name.as_deref().unwrap_or("all read models"), log.head());
    log.close().await;
    Ok(())
}
