//! The contracts others rely on, as files: event schemas, golden samples, refusals, the OpenAPI document.

mod webhooks;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail};
use domain::schema::{event_schemas, sample_events};
use serde_json::json;

use crate::{cli::SchemasCommand, serve};

/// Where golden samples stand. One that is there is never written again: it is what that version wrote.
const SAMPLES: &str = "events/samples";

pub(crate) fn print_openapi() -> anyhow::Result<()> {
    println!("{}", serve::openapi().to_pretty_json().context("the OpenAPI document cannot be shown")?);
    Ok(())
}

pub(crate) fn run(command: SchemasCommand) -> anyhow::Result<()> {
    match command {
        SchemasCommand::Write { dir } => write(&dir),
        SchemasCommand::Check { dir } => check(&dir),
    }
}

/// File names under `schemas/` with what belongs in them.
fn contracts() -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for schema in event_schemas() {
        files.insert(format!("events/{}", schema.file_name()), pretty(&schema.schema)?);
    }
    for (name, schema) in webhooks::schemas() {
        files.insert(format!("webhooks/{name}"), pretty(&schema)?);
    }
    let refusals = api::catalogue();
    files.insert("refusals.json".to_owned(), pretty(&json!({ "refusals": refusals }))?);
    files.insert(
        "system.yaml".to_owned(),
        serve::openapi().to_yaml().context("the OpenAPI document has no YAML")?,
    );
    Ok(files)
}

/// The samples of today's versions.
fn samples() -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for event in sample_events().context("the samples are not within their bounds")? {
        let data = event.payload().context("a sample cannot be written")?;
        files.insert(
            format!("{SAMPLES}/{}.v{}.json", event.event_type(), event.event_version()),
            pretty(&data)?,
        );
    }
    Ok(files)
}

fn pretty(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value).context("a contract cannot be written")? + "\n")
}

fn write(dir: &Path) -> anyhow::Result<()> {
    for (name, text) in contracts()? {
        write_file(dir, &name, &text)?;
    }
    for (name, text) in samples()? {
        if !dir.join(&name).exists() {
            write_file(dir, &name, &text)?;
        }
    }
    Ok(())
}

fn write_file(dir: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let file = dir.join(name);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn check(dir: &Path) -> anyhow::Result<()> {
    let drifted: Vec<String> = contracts()?
        .into_iter()
        .chain(samples()?)
        .filter(|(name, text)| std::fs::read_to_string(dir.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name)
        .collect();
    if drifted.is_empty() {
        println!("The files under {} are what the code says.", dir.display());
        return Ok(());
    }
    bail!(
        "these files are not what the code says; run `cargo xtask schemas`, and give a changed event a new version: {}",
        drifted.join(", ")
    )
}
