//! The production engine on one machine: a Postgres, a nats-server, and roles in processes of their own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use test_servers::{Nats, Postgres, scratch};

use crate::world::GATEWAY_TOKEN;
use crate::{Admin, Launch, Product, TOKEN};

const APPLICATION: &str = "tollgate_application";

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Api,
    Sequencer,
    Projections,
    Gateway,
    Scheduler,
    Notifier,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Sequencer => "sequencer",
            Self::Projections => "projections",
            Self::Gateway => "gateway",
            Self::Scheduler => "scheduler",
            Self::Notifier => "notifier",
        }
    }
}

/// Servers and the instances on them. Everything ends with it.
#[derive(Debug)]
pub struct Cluster {
    /// Before the servers, so that they are ended first.
    instances: BTreeMap<String, Product>,
    pub postgres: Postgres,
    pub nats: Nats,
    /// Those that make a cluster with it, if there is one.
    pub more_nats: Vec<Nats>,
    database: String,
    secrets: PathBuf,
    directory: TempDir,
}

impl Cluster {
    /// Servers with a prepared database and no instances yet.
    ///
    /// # Errors
    /// When a server does not start, or the database cannot be prepared.
    pub async fn start() -> Result<Self> {
        Self::on(Postgres::durable().await?).await
    }

    /// The same on a Postgres that is there.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn on(postgres: Postgres) -> Result<Self> {
        Self::with(postgres, Nats::start().await?, vec![]).await
    }

    /// The same with three servers of NATS, which keep three copies of each stream.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn with_three_nats() -> Result<Self> {
        let mut servers = Nats::three().await?;
        let first = servers.remove(0);
        Self::with(Postgres::durable().await?, first, servers).await
    }

    async fn with(postgres: Postgres, nats: Nats, more_nats: Vec<Nats>) -> Result<Self> {
        let directory = scratch()?;
        let database = postgres.database()?.name;
        postgres.sql(&database, &format!("create role {APPLICATION} login"))?;
        let secrets = directory.path().join("secrets");
        let cluster =
            Self { instances: BTreeMap::new(), postgres, nats, more_nats, database, secrets, directory };
        cluster.succeeds(&["secrets", "init", &cluster.secrets.to_string_lossy()])?;
        let owner = cluster.postgres.url("postgres", &cluster.database);
        cluster.succeeds(&["migrate", "--database-url", &owner, "--application-role", APPLICATION])?;
        Ok(cluster)
    }

    /// An api, a sequencer, projections, a gateway and a scheduler: `api-1`, `sequencer-1` and so on; as many of each as asked.
    ///
    /// # Errors
    /// When one does not become ready.
    pub async fn with_each(mut self, instances: usize) -> Result<Self> {
        for number in 1..=instances {
            for role in [Role::Api, Role::Sequencer, Role::Projections, Role::Gateway, Role::Scheduler] {
                self.add(role, &format!("{}-{number}", role.as_str())).await?;
            }
        }
        Ok(self)
    }

    /// One more instance.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn add(&mut self, role: Role, name: &str) -> Result<()> {
        let launch = self.launch(role, name)?;
        self.add_launched(name, launch).await
    }

    /// One more instance, as a test has varied it.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn add_launched(&mut self, name: &str, launch: Launch) -> Result<()> {
        let product = launch.start().await.with_context(|| format!("starting {name}"))?;
        self.instances.insert(name.to_owned(), product);
        Ok(())
    }

    /// How an instance is started, to be varied.
    ///
    /// # Errors
    /// When there is no directory or no port for it.
    pub fn launch(&self, role: Role, name: &str) -> Result<Launch> {
        let launch = Launch::new(TOKEN)?
            .arg("--role")
            .arg(role.as_str())
            .arg("--node")
            .arg(name)
            .env("TOLLGATE_SECRETS_DIR", &self.secrets)
            .env("TOLLGATE_NATS_URL", self.nats_urls().join(","))
            .env("TOLLGATE_NATS_REPLICAS", self.nats_urls().len().to_string())
            // A busy machine is slow, and no reason to refuse a call.
            .env("TOLLGATE_QUOTA_WAIT_MS", "3000")
            .env("TOLLGATE_GATEWAY_TOKEN", GATEWAY_TOKEN);
        let control_plane = self.instances.values().next().map(|first| first.url(""));
        match (role, control_plane) {
            (Role::Gateway, Some(url)) => Ok(launch.env("TOLLGATE_CONTROL_PLANE", url)),
            (Role::Gateway, None) => Ok(launch),
            (Role::Api | Role::Sequencer | Role::Projections | Role::Scheduler | Role::Notifier, _) => {
                Ok(launch.env("TOLLGATE_DATABASE_URL", self.database_url()))
            }
        }
    }

    /// The addresses of the bus.
    #[must_use]
    pub fn nats_urls(&self) -> Vec<String> {
        std::iter::once(&self.nats).chain(&self.more_nats).map(Nats::url).collect()
    }

    /// One of the servers of the bus, by its place among [`Self::nats_urls`].
    ///
    /// # Errors
    /// When there are not so many.
    pub fn nats_mut(&mut self, number: usize) -> Result<&mut Nats> {
        let mut all = std::iter::once(&mut self.nats).chain(&mut self.more_nats);
        all.nth(number).with_context(|| format!("there is no server {number} of NATS"))
    }

    /// The database as the application's role sees it.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.postgres.url(APPLICATION, &self.database)
    }

    /// Where the peppers of all its processes lie.
    #[must_use]
    pub fn secrets(&self) -> &Path {
        &self.secrets
    }

    /// What psql answers about this database, as the superuser.
    ///
    /// # Errors
    /// When the statement fails.
    pub fn sql(&self, statement: &str) -> Result<String> {
        self.postgres.sql(&self.database, statement)
    }

    /// Everything that is in the database, as `pg_dump` writes it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn dump(&self) -> Result<String> {
        let url = self.postgres.url("postgres", &self.database);
        let dumped = self.postgres.command("pg_dump").arg(url).output().context("starting pg_dump")?;
        let said = String::from_utf8_lossy(&dumped.stderr);
        ensure!(dumped.status.success(), "pg_dump ended with {}: {said}", dumped.status);
        String::from_utf8(dumped.stdout).context("a dump is text")
    }

    /// # Errors
    /// When there is no instance of this name.
    pub fn instance(&self, name: &str) -> Result<&Product> {
        self.instances.get(name).with_context(|| format!("there is no instance `{name}`"))
    }

    /// # Errors
    /// When there is no instance of this name.
    pub fn instance_mut(&mut self, name: &str) -> Result<&mut Product> {
        self.instances.get_mut(name).with_context(|| format!("there is no instance `{name}`"))
    }

    /// Every instance's name.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.instances.keys().cloned().collect()
    }

    /// # Errors
    /// When there is no instance of this name.
    pub fn admin(&self, api: &str) -> Result<Admin> {
        self.instance(api)?.admin()
    }

    fn succeeds(&self, arguments: &[&str]) -> Result<()> {
        let arguments = arguments.iter().map(OsString::from);
        let mut command = Launch::new(TOKEN)?.command()?;
        let ended = command.current_dir(self.directory.path()).args(arguments).output()?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "{command:?} ended with {}: {said}", ended.status);
        Ok(())
    }
}
