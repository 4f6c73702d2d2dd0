//! `tollgate demo`: the main job before your eyes, with real traffic through the gateway door.

mod story;
mod traffic;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use clap::Args;
use domain::Position;
use eventlog::{
    EventLog,
    audit_file::{Export, Outcome, verify},
    checkpoint::SignedCheckpoint,
};
use secrecy::SecretString;
use tracing_subscriber::layer::Identity;

use crate::{
    serve,
    settings::{self, ServeFlags},
};

/// Flags of `demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoFlags {
    /// Where the demo keeps its files; a second run goes on with them
    #[arg(long, default_value = "tollgate-demo", value_name = "DIR")]
    data_dir: PathBuf,
    /// REST, console and metrics; a free port if it is taken
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    http: SocketAddr,
    /// Gateway doors; a free port if it is taken
    #[arg(long, default_value = "127.0.0.1:9090", value_name = "ADDR")]
    gateway: SocketAddr,
    /// How many calls are sent
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    calls: u32,
    /// Stop after the story instead of staying up
    #[arg(long)]
    exit: bool,
}

pub(crate) async fn run(flags: DemoFlags) -> anyhow::Result<()> {
    crate::runtime::start_logging("warn", settings::LogFormat::Text, None::<Identity>)?;
    // A token of this run: on a second run the first one's could not be shown again.
    let token = api::new_admin_token(&api::SystemRandom).context("cannot make an admin token")?;
    let settings = settings::load(ServeFlags {
        data_dir: Some(flags.data_dir.clone()),
        http: Some(free(flags.http).await),
        gateway: Some(free(flags.gateway).await),
        environment: Some("prod".parse()?),
        bootstrap_token: Some(SecretString::from(token.expose())),
        ..ServeFlags::default()
    })?;
    let server = serve::start(&settings).await?;
    println!("A server on the embedded engine, files in {}.\n", flags.data_dir.display());
    let stop = server.tasks.stop_token();
    let told = tokio::select! {
        told = story::tell(&server, token.expose(), flags.calls) => told,
        () = stop.cancelled() => Ok(()),
    };
    if told.is_ok() && !stop.is_cancelled() {
        if let Some(log) = &server.log {
            print_checkpoint(log).await?;
        }
        println!("\nConsole: http://{}    Admin token of this run: {}", server.http, token.expose());
        if let Some(gateway) = server.gateway {
            println!("Gateway doors: {gateway} (ext_authz over gRPC, POST /v1/verify, /v1/forward-auth)");
        }
    }
    if flags.exit || told.is_err() {
        stop.cancel();
    } else if !stop.is_cancelled() {
        println!("Running until Ctrl-C.");
    }
    server.wait().await?;
    told
}

/// The address, or a free port of the same host when it is taken.
async fn free(address: SocketAddr) -> SocketAddr {
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => address,
        Err(_) => {
            println!("{address} is in use; the demo takes a free port.");
            SocketAddr::new(address.ip(), 0)
        }
    }
}

/// Exports the whole log as an auditor gets it, and checks it as an auditor does.
async fn print_checkpoint(log: &EventLog) -> anyhow::Result<()> {
    let head = log.head();
    let checkpoint = signed(log, head).await?;
    let export = Export::of(log, Position::START.next(), None, false).await?;
    let mut export = export.context("the log was signed")?;
    let mut file = vec![];
    while let Some(lines) = export.next().await? {
        file.extend(lines);
    }
    let key = log.checkpoint_keys().await?.pop().context("the log was signed by a key")?.vkey;
    let report = verify(file.as_slice(), Some(&key))?;
    anyhow::ensure!(
        report.outcome() == Outcome::Proven,
        "the audit log is not proven: {:?}",
        report.findings
    );
    println!(
        "\nVerified audit checkpoint: {} entries exported, and each proven by the signed root.\n{}\nVerifier key: {key}",
        report.proven,
        checkpoint.note.to_string().trim_end()
    );
    Ok(())
}

/// The checkpoint that is of this size or a larger one.
async fn signed(log: &EventLog, size: Position) -> anyhow::Result<SignedCheckpoint> {
    for _ in 0..100 {
        if let Some(newest) = log.checkpoint().await?.filter(|newest| newest.size >= size) {
            return Ok(newest);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the log is signed two seconds after its last event, and was not in ten")
}
