//! Where the log and the read models lie: in the directory of a stopped server, or in a database beside running ones.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use eventlog::{
    EventLog,
    installation::Installation,
    postgres::{self, PostgresSettings},
    usage::UsageLog,
};
use outbox::Outbox;
use projections::{ReadModel, Reading, UsageSource};
use secrecy::SecretString;
use tokio::sync::watch;

use crate::{erasures, runtime};

#[derive(Args, Debug)]
pub(crate) struct Where {
    /// Where the embedded engine keeps its files; its server must be stopped
    #[arg(long, env = "TOLLGATE_DATA_DIR", default_value = "tollgate-data", value_name = "DIR")]
    data_dir: PathBuf,
    /// The database of the production engine, whose servers may run; with it, no data directory is looked at
    #[arg(long, env = "TOLLGATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<SecretString>,
    /// Speak to a server on another machine without TLS
    #[arg(long)]
    allow_plaintext: bool,
}

pub(super) struct Stores {
    pub(super) log: EventLog,
    pub(super) read: ReadModel,
    pub(super) usage: Box<dyn UsageSource>,
    /// None where they lie on the bus.
    pub(super) told: Option<UsageLog>,
    /// What whoever gives a command here has shown: access to these.
    pub(super) authenticated_by: &'static str,
    /// Refuses a running server for as long as it is held.
    _installation: Option<Installation>,
}

impl Stores {
    /// `statement_timeout`: what one statement may take on Postgres.
    pub(super) async fn open(place: &Where, statement_timeout: Duration) -> anyhow::Result<Self> {
        let Where { data_dir, database_url, allow_plaintext } = place;
        if let Some(url) = database_url {
            let allow_plaintext = *allow_plaintext;
            let settings =
                PostgresSettings { statement_timeout, allow_plaintext, ..PostgresSettings::new(url.clone()) };
            let log = EventLog::open_postgres(&settings, runtime::system_clock()).await?;
            // What is made again is made without what was erased.
            let told = Outbox::open_postgres(postgres::pool_for(&settings, postgres::OUTBOX).await?).await?;
            erasures::finish(&log, &told, runtime::system_clock().now()).await?;
            told.close().await;
            let pool = postgres::pool_for(&settings, postgres::READ_MODELS).await?;
            let read = ReadModel::open_postgres(pool).await?;
            let usage = Box::new(UsageElsewhere);
            return Ok(Self {
                log,
                read,
                usage,
                told: None,
                authenticated_by: "database",
                _installation: None,
            });
        }
        anyhow::ensure!(
            data_dir.join("events.db").exists(),
            "there is no log in {}: name the server's --data-dir, or its --database-url",
            data_dir.display()
        );
        let installation = Installation::open(data_dir)?;
        let log = EventLog::open_sqlite(&installation.events_database(), runtime::system_clock()).await?;
        let told = Outbox::open_sqlite(&installation.outbox_database()).await?;
        erasures::finish(&log, &told, runtime::system_clock().now()).await?;
        told.close().await;
        let told = UsageLog::open_sqlite(&installation.usage_database()).await?;
        let usage = Box::new(told.clone());
        let read = ReadModel::open_sqlite(&installation.read_database()).await?;
        let (authenticated_by, _installation) = ("data_directory", Some(installation));
        Ok(Self { log, read, usage, told: Some(told), authenticated_by, _installation })
    }

    pub(super) async fn close(&self) {
        self.read.close().await;
        self.log.close().await;
    }
}

/// On servers, usage batches come by way of the bus, which does not keep them: counted usage is left as it is.
struct UsageElsewhere;

impl UsageSource for UsageElsewhere {
    fn read(&self, _after: u64, _batches_max: usize) -> Reading<'_> {
        Box::pin(async { Ok(vec![]) })
    }

    fn watch(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    fn is_whole(&self) -> bool {
        false
    }
}
