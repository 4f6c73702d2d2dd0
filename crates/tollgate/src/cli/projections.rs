//! `tollgate projections …`: read models as they lie in the store, of a stopped server or beside a running one.

mod reconcile;
mod skip;
mod stores;

use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use domain::{Reason, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use projections::{ALL, Standing, USAGE};
use serde_json::{Value, json};

use super::output;
use stores::{Stores, Where};

const COLUMNS: [&str; 4] = ["name", "position", "lag_events", "halted"];

/// What one statement may take on Postgres. Emptying a large table row by row takes minutes.
const LOOKING: Duration = Duration::from_secs(10);
const REBUILDING: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectionsCommand {
    /// How far each has got, and what it has stopped at
    List {
        #[command(flatten)]
        place: Where,
        /// How the answer is shown
        #[arg(long, value_enum, default_value_t = output::Format::Table)]
        output: output::Format,
    },
    /// Leave out of one the event that it has stopped at; the event stays in the log, and this is put on record there
    Skip {
        name: String,
        /// Of the event
        position: u64,
        /// Why the event may be left out
        #[arg(long)]
        reason: Reason,
        #[command(flatten)]
        who: super::operator::Who,
        #[command(flatten)]
        place: Where,
    },
    /// Count a time again from the gateways' batches and compare it with what is kept; ends with 1 where they differ. For the embedded
    /// engine; elsewhere ask the API: `tollgate report reconciliation`
    Reconcile {
        /// RFC 3339
        #[arg(long)]
        from: Timestamp,
        /// Before then, RFC 3339
        #[arg(long)]
        until: Timestamp,
        #[command(flatten)]
        place: Where,
        /// How the answer is shown
        #[arg(long, value_enum, default_value_t = output::Format::Table)]
        output: output::Format,
    },
    /// Build read models anew from the log; instances that run projections must be stopped
    Rebuild {
        /// One of them; all without it
        name: Option<String>,
        #[command(flatten)]
        place: Where,
    },
}

pub(crate) async fn run(command: ProjectionsCommand) -> anyhow::Result<()> {
    match command {
        ProjectionsCommand::List { place, output } => {
            let stores = Stores::open(&place, LOOKING).await?;
            let done = list(&stores, output).await;
            stores.close().await;
            done
        }
        ProjectionsCommand::Skip { name, position, reason, who, place } => {
            let stores = Stores::open(&place, LOOKING).await?;
            let done = skip::skip(&stores, &name, position, reason, &who).await;
            stores.close().await;
            done
        }
        ProjectionsCommand::Reconcile { from, until, place, output } => {
            let stores = Stores::open(&place, LOOKING).await?;
            let done = reconcile::reconcile(&stores, from, until, output).await;
            stores.close().await;
            done
        }
        ProjectionsCommand::Rebuild { name, place } => {
            let stores = Stores::open(&place, REBUILDING).await?;
            let done = rebuild(&stores, name.as_deref()).await;
            stores.close().await;
            done
        }
    }
}

/// Every projection, usage last.
fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|projection| projection.name()).chain([USAGE])
}

async fn list(stores: &Stores, format: output::Format) -> anyhow::Result<()> {
    let (standings, head) = (stores.read.standings().await?, stores.log.head().get());
    let item = |name: &str| -> Value {
        let standing = standings.iter().find(|standing| standing.name == name);
        let position = standing.map(Standing::position).unwrap_or_default().get();
        // Batches of usage are counted elsewhere.
        let lag_events = (name != USAGE).then(|| head.saturating_sub(position));
        let halted = standing.and_then(|standing| standing.halted.as_deref());
        json!({ "name": name, "position": position, "lag_events": lag_events, "halted": halted })
    };
    let items: Vec<_> = names().map(item).collect();
    output::print(&json!({ "items": items }), &COLUMNS, format)
}

async fn rebuild(stores: &Stores, name: Option<&str>) -> anyhow::Result<()> {
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}")
            .context("the progress bar has no form")?,
    );
    let progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    projections::rebuild(&stores.read, &stores.log, &*stores.usage, name, progress).await?;
    bar.finish();
    println!("Rebuilt {} up to position {}.", name.unwrap_or("all read models"), stores.log.head());
    Ok(())
}
