//! The console in a real browser: `tests/console` drives it, and `node --test` says what held.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use test_servers::tool;

/// Each beside a server of its own, one after the other: a browser wants the machine for itself.
#[tokio::test]
async fn the_console_does_the_main_job_in_a_browser() -> Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
    let mut node = Command::new("node");
    node.arg("--test").args(specs(&directory.join("specs"))?).current_dir(&directory);
    node.env("CHROMIUM", tool("TOLLGATE_TEST_CHROMIUM")?).env("TOLLGATE_BIN", tollgate_tests::binary()?);
    let output = tokio::task::spawn_blocking(move || node.output()).await?.context("starting node")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(said.contains("# fail 0") || said.contains("ℹ fail 0"), "{said}");
    Ok(())
}

fn specs(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).context("reading the specs")?;
    let mut specs = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    specs.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    specs.sort();
    ensure!(!specs.is_empty(), "there are no specs");
    Ok(specs)
}
