//! The browser that the console is tested in, and what drives it.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::command::{install_packages, may_install_packages, root};
use crate::npm;
use crate::tools::brought_along;

pub(crate) const VARIABLE: &str = "TOLLGATE_TEST_CHROMIUM";
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Chromium, Debian's where there is none; and the packages of `tests/console`.
pub(crate) fn set_up() -> Result<PathBuf> {
    npm::packages(&root()?.join("tests").join("console"))?;
    if let Some(path) = brought_along(VARIABLE)? {
        return Ok(path);
    }
    if let Some(path) = installed() {
        return Ok(path);
    }
    if !may_install_packages() {
        bail!("the tests need Chromium; install it, or set {VARIABLE} to it");
    }
    install_packages(&["chromium"])?;
    installed().map_or_else(|| bail!("the package put no Chromium on the path"), Ok)
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let named = |name: &'static str| std::env::split_paths(&path).map(move |directory| directory.join(name));
    let found: Vec<PathBuf> = NAMES.into_iter().flat_map(named).filter(|file| file.is_file()).collect();
    found.into_iter().next()
}
