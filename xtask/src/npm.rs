//! Packages of Node.js, as their lock files have them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{install_packages, may_install_packages, output, run};

/// What the packages of a directory were installed by, kept beside them.
const INSTALLED_BY: &str = "node_modules/.installed-by";
const LOCK: &str = "package-lock.json";

/// Installs what the lock file of a directory names, unless that is what is there.
///
/// # Errors
/// When there is no npm and none can be installed, or it fails.
pub(crate) fn packages(directory: &Path) -> Result<()> {
    let lock = std::fs::read(directory.join(LOCK)).with_context(|| format!("reading {LOCK}"))?;
    let installed_by = directory.join(INSTALLED_BY);
    if std::fs::read(&installed_by).is_ok_and(|by| by == lock) {
        return Ok(());
    }
    if output(Command::new("npm").arg("--version")).is_err() {
        if !may_install_packages() {
            bail!("the tests need Node.js with npm");
        }
        install_packages(&["nodejs", "npm"])?;
    }
    eprintln!("xtask: installing the npm packages of {}", directory.display());
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
        .arg(directory);
    run(npm.stdout(std::io::stderr()))?;
    std::fs::write(installed_by, lock).context("noting what was installed")
}
