//! The product as its users have it: the real binary in a process of its own, spoken to through its doors.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use test_servers::{Exit, Process, until};

use crate::admin::Admin;
use crate::http::{self, Answer};
use crate::launch::Launch;

const READY_AT_MOST: Duration = Duration::from_secs(30);
/// A stop finishes what was begun; a process that needs longer hangs.
const STOP_AT_MOST: Duration = Duration::from_secs(20);
const COMMAND_AT_MOST: Duration = Duration::from_secs(60);

/// A `tollgate serve` on a data directory and ports of its own. Killed when dropped.
#[derive(Debug)]
pub struct Product {
    process: Process,
    launch: Launch,
}

impl Product {
    pub(crate) async fn start(mut launch: Launch) -> Result<Self> {
        let process = launch.spawn()?;
        let mut product = Self { process, launch };
        product.wait_until_ready().await?;
        Ok(product)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let (process, url) = (&mut self.process, format!("http://{}/readyz", self.launch.http.address()));
        let ready = until("`tollgate serve` to be ready", READY_AT_MOST, async || {
            if process.still_running().is_err() {
                return Ok(Some(false));
            }
            let answer = http::get(&url).await?;
            ensure!(answer.status == 200, "/readyz answered {} {}", answer.status, answer.body);
            Ok(Some(true))
        });
        let ready = ready.await.with_context(|| self.process.last_words())?;
        ensure!(ready, "`tollgate serve` ended\n{}", self.process.last_words());
        Ok(())
    }

    /// The REST API with the bootstrap token.
    ///
    /// # Errors
    /// When the token cannot stand in a header.
    pub fn admin(&self) -> Result<Admin> {
        Admin::new(&self.url(""), &self.launch.token)
    }

    /// The REST API without a token.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn anonymous(&self) -> Result<Admin> {
        Admin::anonymous(&self.url(""))
    }

    /// Fetches what needs no token, such as `/metrics`.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        http::get(&self.url(path)).await
    }

    /// A URL at the HTTP door.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.launch.http.address())
    }

    #[must_use]
    pub fn gateway_port(&self) -> u16 {
        self.launch.gateway.number()
    }

    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.launch.data_dir
    }

    /// What it printed and the process itself.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill_9(&mut self) -> Result<()> {
        self.process.kill_9()
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.process.terminate(STOP_AT_MOST).await
    }

    /// Starts it again on the same data directory and ports; kills it first if it is still running.
    ///
    /// # Errors
    /// As [`Launch::start`].
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.still_running().is_ok() {
            self.process.kill_9()?;
        }
        self.process = self.launch.spawn()?;
        self.wait_until_ready().await
    }

    /// Moves the product's time of day: the machine's time plus so many seconds, from its next look on.
    ///
    /// # Errors
    /// When it was not started with [`Launch::with_clock`].
    pub fn set_clock_offset_seconds(&self, seconds: i64) -> Result<()> {
        let clock = self.launch.clock.as_ref().context("this product runs on the machine's clock")?;
        clock.set_offset_seconds(seconds)
    }

    /// Runs another command of the binary beside the server and waits for its end. It is told the bootstrap token by the
    /// environment, and where the server is only by `arguments`.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn cli(&self, arguments: &[&str]) -> Result<Exit> {
        let mut command = self.command()?;
        command
            .args(arguments)
            .env("TOLLGATE_URL", self.url(""))
            .env("TOLLGATE_TOKEN", self.launch.token.as_str());
        let directory = tempfile::tempdir_in(self.launch.directory()).context("making a directory")?;
        let mut process = Process::start("cli", &mut command, directory.path())?;
        let status = process.ended(COMMAND_AT_MOST).await?;
        Ok(Exit { status, stdout: process.stdout()?, stderr: process.stderr()? })
    }

    /// The binary, in this product's environment and under its clock, still without arguments.
    ///
    /// # Errors
    /// When there is no binary.
    pub fn command(&self) -> Result<Command> {
        self.launch.command()
    }
}
