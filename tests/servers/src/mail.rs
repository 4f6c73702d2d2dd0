//! A real mail server, which does with a letter what its recipient's name says.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use crate::{Authority, Port, Process, scratch, tool, until};

const SERVER: &str = include_str!("mail/server.py");
const READY_AT_MOST: Duration = Duration::from_secs(30);

/// A mail server with three ports: over STARTTLS alone, over TLS from the first byte, and without either. The first two
/// want a user. See `mail/server.py` for what it does with whom. Ends when dropped, or with this process.
#[derive(Debug)]
pub struct MailServer {
    pub authority: Authority,
    starttls: Port,
    wrapped: Port,
    plain: Port,
    directory: TempDir,
    _process: Process,
}

impl MailServer {
    /// The one that all tests of this process share, started at the first call.
    ///
    /// # Errors
    /// When there is no aiosmtpd, or it does not start.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<MailServer> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// # Errors
    /// As [`Self::shared`].
    pub async fn start() -> Result<Self> {
        let (directory, authority) = (scratch()?, Authority::new()?);
        let script = directory.path().join("server.py");
        std::fs::write(&script, SERVER).context("writing the mail server")?;
        let mut ports = [Port::reserve()?, Port::reserve()?, Port::reserve()?];
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", tool("TOLLGATE_TEST_AIOSMTPD")?).env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg(script).arg("--certificate").arg(authority.server_certificate());
        command.arg("--key").arg(authority.server_key());
        command.arg("--received").arg(directory.path().join("received"));
        for (name, port) in ["--starttls", "--wrapped", "--plain"].iter().zip(&mut ports) {
            command.args([name, port.number().to_string().as_str()]);
            port.release();
        }
        let mut process = Process::start("mail", &mut command, directory.path())?;
        let [starttls, wrapped, plain] = ports;
        let last = SocketAddr::from((Ipv4Addr::LOCALHOST, plain.number()));
        let ready = until("the mail server to be ready", READY_AT_MOST, async || {
            process.still_running()?;
            Ok(TcpStream::connect(last).await.is_ok().then_some(()))
        });
        ready.await?;
        Ok(Self { authority, starttls, wrapped, plain, directory, _process: process })
    }

    #[must_use]
    pub fn starttls(&self) -> u16 {
        self.starttls.number()
    }

    #[must_use]
    pub fn wrapped(&self) -> u16 {
        self.wrapped.number()
    }

    #[must_use]
    pub fn plain(&self) -> u16 {
        self.plain.number()
    }

    /// What somebody has received, the oldest first. A letter that the sender was told is taken is among it.
    ///
    /// # Errors
    /// When the file of it cannot be read.
    pub fn received_by(&self, address: &str) -> Result<Vec<Value>> {
        let file = self.directory.path().join("received");
        let text = if file.exists() { std::fs::read_to_string(file)? } else { String::new() };
        let letters: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let to = |letter: &Value| letter.pointer("/to/0").is_some_and(|to| to == address);
        Ok(letters.into_iter().filter(to).collect())
    }
}
