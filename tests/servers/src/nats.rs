//! A nats-server with JetStream, which a test may stop, kill and start again on what it has kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{Port, Process, scratch, tool, until};

const READY_AT_MOST: Duration = Duration::from_secs(20);
const STOP_AT_MOST: Duration = Duration::from_secs(20);

/// One server, not clustered. Killed, and its store removed, when dropped.
#[derive(Debug)]
pub struct Nats {
    process: Option<Process>,
    port: Port,
    extra: String,
    directory: TempDir,
}

impl Nats {
    /// Starts one and waits until it takes connections.
    ///
    /// # Errors
    /// When there is no program or it does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with("").await
    }

    /// The same with lines added to its configuration file.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(extra: &str) -> Result<Self> {
        let mut nats =
            Self { process: None, port: Port::reserve()?, extra: extra.to_owned(), directory: scratch()? };
        nats.start_again().await?;
        Ok(nats)
    }

    /// Three that know each other, named `n0` to `n2`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn three() -> Result<Vec<Self>> {
        let mut ports = (0..3).map(|_| Port::reserve()).collect::<Result<Vec<_>>>()?;
        let routes: Vec<String> =
            ports.iter().map(|port| format!("\"nats-route://{}\"", port.address())).collect();
        let mut servers = vec![];
        for (number, port) in ports.iter_mut().enumerate() {
            let extra = format!(
                "server_name: n{number}\ncluster {{ name: test, listen: \"{}\", routes: [{}] }}",
                port.address(),
                routes.join(", ")
            );
            port.release();
            servers.push(Self::start_with(&extra).await?);
        }
        Ok(servers)
    }

    /// Starts it on what it has kept, and on the same port.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_again(&mut self) -> Result<()> {
        let config = self.directory.path().join("nats.conf");
        let text = format!(
            "listen: \"{}\"\nserver_name: test\njetstream {{ store_dir: \"{}\" }}\n{}\n",
            self.port.address(),
            self.store().display(),
            self.extra
        );
        std::fs::write(&config, text).context("writing the server's configuration")?;
        let mut command = Command::new(tool("TOLLGATE_TEST_NATS")?);
        command.arg("-c").arg(&config);
        self.port.release();
        let mut process = Process::start("nats-server", &mut command, self.directory.path())?;
        let address = self.port.address();
        let ready = until("nats-server to listen", READY_AT_MOST, async || {
            if process.still_running().is_err() {
                return Ok(Some(false));
            }
            let _connected = tokio::net::TcpStream::connect(address).await?;
            Ok(Some(true))
        });
        let ready = ready.await.with_context(|| process.last_words())?;
        anyhow::ensure!(ready, "nats-server ended\n{}", process.last_words());
        self.process = Some(process);
        Ok(())
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.port.address())
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Where it keeps its streams.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill_9(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill_9(),
            None => Ok(()),
        }
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.terminate(STOP_AT_MOST).await?;
        }
        Ok(())
    }
}
