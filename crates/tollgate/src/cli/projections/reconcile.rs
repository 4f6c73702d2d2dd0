//! `tollgate projections reconcile`: whether what reports add up is what gateways told.

use anyhow::bail;
use domain::Timestamp;
use projections::{Difference, GrainCompared};
use serde_json::{Value, json};

use super::{Stores, output};

const GRAINS: [&str; 5] = ["grain", "since", "windows", "calls_kept", "calls_again"];
const DIFFERENCES: [&str; 5] = ["grain", "window_start", "outcome", "kept", "again"];

pub(super) async fn reconcile(
    stores: &Stores,
    from: Timestamp,
    until: Timestamp,
    format: output::Format,
) -> anyhow::Result<()> {
    let Some(batches) = &stores.told else {
        bail!("batches lie on the bus: ask the API, by `tollgate report reconciliation`");
    };
    let told = projections::reconcile(&stores.read, batches, (from, until), u64::MAX).await?;
    let grains: Vec<Value> = told.grains.iter().map(grain).collect();
    let differences: Vec<Value> = told.differences.iter().map(difference).collect();
    match format {
        output::Format::Json => {
            let body = json!({
                "from": told.from, "until": told.until, "batch_no": told.batch_no, "grains": grains,
                "differences_total": told.differences_total, "differences": differences,
            });
            output::print(&body, &[], format)?;
        }
        output::Format::Csv if !differences.is_empty() => {
            output::print(&json!({ "items": differences }), &DIFFERENCES, format)?;
        }
        output::Format::Table | output::Format::Csv => {
            output::print(&json!({ "items": grains }), &GRAINS, format)?;
            if !differences.is_empty() {
                output::print(&json!({ "items": differences }), &DIFFERENCES, format)?;
            }
        }
    }
    if told.differences_total > 0 {
        bail!(
            "{} windows and outcomes differ from the batches up to {}",
            told.differences_total,
            told.batch_no
        );
    }
    if format == output::Format::Table {
        println!("Equal, from {} until {}, up to batch {}.", told.from, told.until, told.batch_no);
    }
    Ok(())
}

fn grain(grain: &GrainCompared) -> Value {
    let GrainCompared { name, since, windows, calls_kept, calls_again } = grain;
    json!({
        "grain": name, "since": since, "windows": windows, "calls_kept": calls_kept, "calls_again": calls_again,
    })
}

fn difference(difference: &Difference) -> Value {
    let Difference { grain, window_start, outcome, kept, again } = difference;
    json!({ "grain": grain, "window_start": window_start, "outcome": outcome, "kept": kept, "again": again })
}
