//! How the product is to be started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use test_servers::{Exit, Port, Process};

use crate::clock::FakeClock;
use crate::product::Product;
use crate::scratch;

/// `tollgate serve` with a data directory and ports of its own, ready to be varied and started.
#[derive(Debug)]
pub struct Launch {
    pub(crate) token: String,
    pub(crate) environment: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) http: Port,
    pub(crate) gateway: Port,
    pub(crate) clock: Option<FakeClock>,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) directory: TempDir,
}

impl Launch {
    /// With the given bootstrap token, for the environment `prod`, on an empty data directory.
    ///
    /// # Errors
    /// When there is no directory or no port for it.
    pub fn new(token: &str) -> Result<Self> {
        let directory = scratch()?;
        Ok(Self {
            token: token.to_owned(),
            environment: "prod".to_owned(),
            data_dir: directory.path().join("data"),
            http: Port::reserve()?,
            gateway: Port::reserve()?,
            clock: None,
            arguments: vec![],
            variables: vec![],
            directory,
        })
    }

    /// Where its HTTP door will be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.http.address())
    }

    /// The environment that its gateway door serves.
    #[must_use]
    pub fn environment(mut self, name: &str) -> Self {
        name.clone_into(&mut self.environment);
        self
    }

    /// A data directory that is there already, such as one that is corrupt, unwritable or taken.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = path.into();
        self
    }

    /// Under a clock of the test's, which [`Product::set_clock_offset_seconds`] moves.
    ///
    /// # Errors
    /// When libfaketime is not set up.
    pub fn with_clock(mut self) -> Result<Self> {
        self.clock = Some(FakeClock::new(self.directory.path())?);
        Ok(self)
    }

    /// One more argument of `tollgate serve`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The files of this run; the working directory of its processes, where a test may put a `tollgate.toml`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts it and answers when `/readyz` says 200.
    ///
    /// # Errors
    /// When there is no binary, it ends, or it is not ready in time; with what it last printed.
    pub async fn start(self) -> Result<Product> {
        Product::start(self).await
    }

    /// Starts it in the expectation that it refuses to run, and answers how it ended.
    ///
    /// # Errors
    /// When it is still running after `at_most`.
    pub async fn refuses_to_start(mut self, at_most: Duration) -> Result<Exit> {
        let mut process = self.spawn()?;
        let status = process.ended(at_most).await.context("`tollgate serve` should have refused to run")?;
        Ok(Exit { status, stdout: process.stdout()?, stderr: process.stderr()? })
    }

    pub(crate) fn spawn(&mut self) -> Result<Process> {
        let mut command = self.command()?;
        command.arg("serve").arg("--data-dir").arg(&self.data_dir);
        command.arg("--http").arg(self.http.address().to_string());
        command.arg("--gateway").arg(self.gateway.address().to_string());
        command.arg("--environment").arg(&self.environment).args(&self.arguments);
        self.http.release();
        self.gateway.release();
        Process::start("tollgate", &mut command, self.directory.path())
    }

    /// The binary with nothing of the developer's own settings, under the clock if there is one.
    ///
    /// # Errors
    /// When there is no binary.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.current_dir(self.directory.path());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TOLLGATE_"))
        {
            command.env_remove(name);
        }
        command.env("TOLLGATE_BOOTSTRAP_TOKEN", &self.token).envs(self.variables.iter().map(|(a, b)| (a, b)));
        if let Some(clock) = &self.clock {
            clock.rule(&mut command);
        }
        Ok(command)
    }
}

/// The binary under test: `TOLLGATE_TEST_BIN`, or the one that cargo built beside this test's executable.
///
/// # Errors
/// When it was not built.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TOLLGATE_TEST_BIN") {
        return Ok(path.into());
    }
    let test = std::env::current_exe().context("finding this test's executable")?;
    // target/debug/deps/it-0123456789abcdef, or target/debug/… for other kinds of executables.
    let beside = test.ancestors().skip(1).take(2).map(|directory| directory.join("tollgate"));
    match beside.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("there is no `tollgate` beside {}: run `cargo build -p tollgate`", test.display()),
    }
}
