//! A Postgres cluster; tests share one and take a database each.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{Authority, Port, Process, scratch, tool, until};

const READY_AT_MOST: Duration = Duration::from_secs(60);
const CHILDREN_ARE_LEFT: &str = "pre-existing shared memory block";
const STOP_AT_MOST: Duration = Duration::from_secs(60);

/// One cluster. Killed, and its files removed, when dropped.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Process>,
    programs: PathBuf,
    user: Option<User>,
    port: Port,
    settings: String,
    /// Before the directory that it is mounted in.
    disk: Option<SmallDisk>,
    directory: TempDir,
    databases: AtomicU32,
}

/// A disk of its own that a test can fill. Unmounted when dropped.
#[derive(Debug)]
struct SmallDisk {
    mount: PathBuf,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the last process on it may still be ending. Left behind, it is gone with the machine.
        drop(Command::new("umount").arg("--lazy").arg(&self.mount).status());
    }
}

/// A database of a test's own; it goes with its cluster.
#[derive(Clone, Debug)]
pub struct Database {
    /// As the cluster's superuser.
    pub url: String,
    pub name: String,
}

/// Postgres does not run as root.
#[derive(Clone, Copy, Debug)]
struct User {
    id: u32,
    group: u32,
}

/// How a commit waits for the disk.
const DURABLE: &str = "fsync = on\nsynchronous_commit = on\n";
/// For tests that never kill the server.
const QUICK: &str = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n";

impl Postgres {
    /// The cluster that all tests of this process share, started at the first call. It ends with the process.
    ///
    /// # Errors
    /// When there is no Postgres or it does not start.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::start_with(QUICK, true)).await
    }

    /// A cluster of a test's own that keeps what it acknowledged over a crash.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub async fn durable() -> Result<Self> {
        Self::start_with(DURABLE, false).await
    }

    /// A durable cluster on a disk of so many MiB, which a test fills up by [`Self::fill_disk`]. None where we are not
    /// root, who alone can mount one.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub async fn on_small_disk(mib: u32) -> Result<Option<Self>> {
        let Some(user) = user()? else { return Ok(None) };
        let directory = scratch()?;
        let User { id, group } = user;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m,uid={id},gid={group},mode=700"), "tmpfs"])
            .arg(directory.path())
            .status()
            .context("starting mount")?;
        ensure!(mounted.success(), "a disk of {mib} MiB could not be mounted");
        let disk = SmallDisk { mount: directory.path().to_owned() };
        let settings = format!("{DURABLE}min_wal_size = 32MB\nmax_wal_size = 48MB\n");
        Self::start_in(directory, Some(disk), &settings, false).await.map(Some)
    }

    /// A cluster that takes connections over TLS alone, under the certificate of this authority.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub async fn over_tls(authority: &Authority) -> Result<Self> {
        let directory = scratch()?;
        let file = |name: &str| directory.path().join(name);
        std::fs::copy(authority.server_certificate(), file("server.pem")).context("the certificate")?;
        std::fs::copy(authority.server_key(), file("server.key")).context("the certificate's key")?;
        std::fs::write(file("hba.conf"), "hostssl all all 127.0.0.1/32 trust\n")
            .context("who may connect")?;
        if let Some(User { id, group }) = user()? {
            std::os::unix::fs::chown(file("server.key"), Some(id), Some(group))
                .context("handing over the key")?;
        }
        let settings = format!(
            "{QUICK}ssl = on\nssl_cert_file = '{0}/server.pem'\nssl_key_file = '{0}/server.key'\nhba_file = '{0}/hba.conf'\n",
            directory.path().display()
        );
        Self::start_in(directory, None, &settings, false).await
    }

    /// Leaves so many KiB of the disk.
    ///
    /// # Errors
    /// When there is less already, or the file cannot be written.
    pub fn fill_disk(&self, left_kib: u64) -> Result<()> {
        let free = Command::new("df").args(["--output=avail", "-k"]).arg(self.directory.path()).output()?;
        let free = String::from_utf8_lossy(&free.stdout);
        let free: u64 =
            free.lines().last().unwrap_or_default().trim().parse().context("df answers a number")?;
        let ballast = free.checked_sub(left_kib).context("the disk is fuller than that")?;
        std::fs::write(self.ballast(), vec![0; usize::try_from(ballast * 1024)?]).context("filling the disk")
    }

    /// Makes room again.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn make_room(&self) -> Result<()> {
        std::fs::remove_file(self.ballast()).context("making room")
    }

    fn ballast(&self) -> PathBuf {
        self.directory.path().join("ballast")
    }

    async fn start_with(settings: &str, ends_with_us: bool) -> Result<Self> {
        Self::start_in(scratch()?, None, settings, ends_with_us).await
    }

    async fn start_in(
        directory: TempDir,
        disk: Option<SmallDisk>,
        settings: &str,
        ends_with_us: bool,
    ) -> Result<Self> {
        let mut postgres = Self {
            server: None,
            programs: tool("TOLLGATE_TEST_POSTGRES")?,
            user: user()?,
            port: Port::reserve()?,
            settings: settings.to_owned(),
            disk,
            directory,
            databases: AtomicU32::new(0),
        };
        postgres.initialise()?;
        if ends_with_us {
            postgres.end_with_us()?;
        }
        postgres.start_again().await?;
        Ok(postgres)
    }

    fn initialise(&self) -> Result<()> {
        let data = self.data();
        std::fs::create_dir(&data).context("making the cluster's directory")?;
        if let Some(User { id, group }) = self.user {
            std::os::unix::fs::chown(self.directory.path(), Some(id), Some(group))
                .context("handing over the directory")?;
            std::os::unix::fs::chown(&data, Some(id), Some(group)).context("handing over the directory")?;
        }
        let made = self
            .command("initdb")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .context("starting initdb")?;
        ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nmax_connections = 200\n\
             log_min_messages = fatal\n{}",
            self.port.number(),
            self.settings
        );
        let file = data.join("postgresql.auto.conf");
        std::fs::write(&file, settings).context("writing the cluster's settings")
    }

    /// A static is never dropped. A shell beside us waits for the end of our pipe, and so for ours, however we end.
    fn end_with_us(&self) -> Result<()> {
        let script = "read -r _; pid=$(head -n 1 \"$0/data/postmaster.pid\" 2>/dev/null) && kill -9 \"$pid\" 2>/dev/null; \
                      [ -n \"$TOLLGATE_TEST_KEEP\" ] || { sleep 0.2; rm -rf \"$0\"; }";
        let mut watcher = Command::new("sh");
        watcher.args(["-c", script]).arg(self.directory.path());
        // Its own group: an interrupt at the terminal must not end it before it has done its work.
        watcher.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut watcher = watcher.spawn().context("starting the watcher")?;
        // Held open until this process ends.
        std::mem::forget(watcher.stdin.take());
        Ok(())
    }

    /// Starts it on what it has kept, and on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self) -> Result<()> {
        self.port.release();
        let began = Instant::now();
        loop {
            let mut server = self.start_once()?;
            let ready = self.is_ready(&mut server).await.with_context(|| server.last_words())?;
            if ready {
                self.server = Some(server);
                return Ok(());
            }
            // Killed, it leaves its children, who end when they notice; until then it does not start.
            let words = server.last_words();
            ensure!(
                words.contains(CHILDREN_ARE_LEFT) && began.elapsed() < READY_AT_MOST,
                "postgres ended\n{words}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn start_once(&self) -> Result<Process> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        Process::start("postgres", &mut command, self.directory.path())
    }

    /// Waits until it takes connections; not, if it ends before.
    async fn is_ready(&self, server: &mut Process) -> Result<bool> {
        let mut ask = self.command("pg_isready");
        ask.args(["--quiet", "--host=127.0.0.1", "--username=postgres"]);
        ask.arg(format!("--port={}", self.port.number()));
        until("postgres to be ready", READY_AT_MOST, async || {
            if server.still_running().is_err() {
                return Ok(Some(false));
            }
            Ok(ask.status()?.success().then_some(true))
        })
        .await
    }

    /// An empty database.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn database(&self) -> Result<Database> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        self.sql("postgres", &format!("create database {name}"))?;
        Ok(Database { url: self.url("postgres", &name), name })
    }

    /// The address of a database for one of its users.
    #[must_use]
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port.number())
    }

    /// What psql answers, unaligned and without headings, as the superuser.
    ///
    /// # Errors
    /// When psql or the statement fails.
    pub fn sql(&self, database: &str, statement: &str) -> Result<String> {
        let answer = self
            .command("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .arg(self.url("postgres", database))
            .args(["--command", statement])
            .output()
            .context("starting psql")?;
        if !answer.status.success() {
            bail!("psql failed: {}", String::from_utf8_lossy(&answer.stderr));
        }
        Ok(String::from_utf8_lossy(&answer.stdout).trim_end().to_owned())
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// A program of this Postgres, as the user that the server runs as.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.directory.path()).env("LC_ALL", "C");
        // Nothing of the user who runs the tests: no passwords, no certificates.
        command.env("HOME", self.directory.path());
        if let Some(User { id, group }) = self.user {
            command.uid(id).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends every process of it as a power cut does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill_9(&mut self) -> Result<()> {
        // The children notice the postmaster's death by themselves, and end.
        match self.server.take() {
            Some(mut server) => server.kill_9(),
            None => Ok(()),
        }
    }

    /// Whether it still runs: it ends itself when it cannot write its own log.
    pub fn runs(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.still_running().is_ok())
    }

    /// Whether it is on a disk of its own.
    #[must_use]
    pub fn has_small_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Ends it in an orderly way, throwing its clients out.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let stopped = self
            .command("pg_ctl")
            .args(["stop", "--mode=fast", "--silent", "--no-wait", "-D"])
            .arg(self.data())
            .status()
            .context("starting pg_ctl")?;
        ensure!(stopped.success(), "pg_ctl failed");
        server.ended(STOP_AT_MOST).await?;
        Ok(())
    }
}

/// The user to run as: ourselves, unless we are root; then the one that Postgres' package made.
fn user() -> Result<Option<User>> {
    let ask = |arguments: &[&str]| -> Result<u32> {
        let answer = Command::new("id").args(arguments).output().context("starting id")?;
        let text = String::from_utf8_lossy(&answer.stdout);
        text.trim().parse().with_context(|| format!("id {arguments:?} answered `{}`", text.trim()))
    };
    if ask(&["-u"])? != 0 {
        return Ok(None);
    }
    let named = ["postgres", "nobody"].into_iter().find(|name| ask(&["-u", name]).is_ok());
    let name = named.context("root cannot run Postgres, and there is no user `postgres` or `nobody`")?;
    Ok(Some(User { id: ask(&["-u", name])?, group: ask(&["-g", name])? }))
}
