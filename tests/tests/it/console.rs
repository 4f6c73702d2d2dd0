//! The console in a real browser: `tests/console` drives it, and `node --test` says what held.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use test_servers::tool;

/// What opens every page in every look, by the beginning of its name: half of the time.
const OF_PAGES: &str = "pages";

/// What node writes above the tests that failed, at the end.
const FAILED: &str = "✖ failing tests:";

#[tokio::test]
async fn every_page_holds_in_every_look() -> Result<()> {
    hold(|name| name.starts_with(OF_PAGES)).await
}

#[tokio::test]
async fn the_console_does_the_main_job_in_a_browser() -> Result<()> {
    hold(|name| !name.starts_with(OF_PAGES)).await
}

/// Each spec beside a server of its own, one after the other.
async fn hold(which: impl Fn(&str) -> bool) -> Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(specs(&directory.join("specs"), which)?);
    node.current_dir(&directory).env("CHROMIUM", tool("TOLLGATE_TEST_CHROMIUM")?);
    node.env("TOLLGATE_BIN", tollgate_tests::binary()?)
        .env("TOLLGATE_TEST_ENVOY", tool("TOLLGATE_TEST_ENVOY")?)
        .env("TOLLGATE_TEST_FAKETIME", tool("TOLLGATE_TEST_FAKETIME")?);
    let output = tokio::task::spawn_blocking(move || node.output()).await?.context("starting node")?;
    let said = String::from_utf8_lossy(&output.stdout);
    // Not all that passed before it, behind which a long log is cut off.
    let wrong = said.split_once(FAILED).map_or(&*said, |(_, wrong)| wrong);
    ensure!(output.status.success(), "{wrong}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(said.contains("ℹ fail 0"), "{said}");
    Ok(())
}

fn specs(directory: &Path, which: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut specs = vec![];
    for entry in std::fs::read_dir(directory).context("reading the specs")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") && which(&name) {
            specs.push(path);
        }
    }
    specs.sort();
    ensure!(!specs.is_empty(), "there are no specs");
    Ok(specs)
}
