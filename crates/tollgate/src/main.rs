//! Tollgate: who may call an organisation's APIs, how fast, how much, and the proof of who changed that.

// Before what the command line says by: a server speaks as the standard library does.
#[expect(clippy::print_stdout, reason = "the first lines of a server are for a person")]
mod serve;

#[macro_use]
mod cli;

mod config;
mod demo;
mod erasures;
mod identity;
mod prepare;
mod runtime;
mod schemas;
mod settings;
mod traces;
mod transfer;
mod witness;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use cli::{Cli, Command};

/// Events are read in one thread and let go of in another, which the system's allocator makes dear.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit code where the server says no: 1 is a failure, 2 a wrong command line.
const REFUSED: u8 = 3;
/// Where nothing was done yet.
const WAITING: u8 = 4;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = runtime::block_on(run(cli));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // One sentence for the person, with the causes after it.
            eprintln!("tollgate: {failure:#}");
            exit_code(&failure)
        }
    }
}

fn exit_code(failure: &anyhow::Error) -> ExitCode {
    if failure.is::<cli::rest::Refused>() {
        ExitCode::from(REFUSED)
    } else if failure.is::<cli::rest::Waiting>() {
        ExitCode::from(WAITING)
    } else if let Some(cli::audit::proofs::NotProven(code)) = failure.downcast_ref() {
        ExitCode::from(*code)
    } else if failure.chain().any(|cause| cause.is::<witness::Alarm>()) {
        ExitCode::from(witness::Alarm::EXIT_CODE)
    } else {
        ExitCode::FAILURE
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(flags) => serve::run(settings::load(*flags)?).await,
        Command::Demo(flags) => demo::run(flags).await,
        Command::Config(flags) => config::print(*flags),
        Command::Projections(command) => cli::projections::run(command).await,
        Command::Migrate(flags) => prepare::migrate(flags).await,
        Command::Secrets(command) => prepare::secrets(&command),
        Command::Export(flags) => transfer::export(flags).await,
        Command::Import(flags) => transfer::import(flags).await,
        Command::Completion { shell } => cli::completion(shell),
        Command::Openapi => schemas::print_openapi(),
        Command::Schemas(command) => schemas::run(command),
        Command::Client(command) => cli::client::run(command).await,
        Command::Key(command) => cli::key::run(command).await,
        Command::Operation(command) => cli::operation::run(command).await,
        Command::Leak(command) => cli::leak::run(command).await,
        Command::Claim(flags) => cli::access::claim(flags).await,
        Command::Access(command) => cli::recover::run(command).await,
        Command::Principal(command) => cli::access::principal(command).await,
        Command::ServiceAccount(command) => cli::access::service_account(command).await,
        Command::Grant(command) => cli::access::grant(command).await,
        Command::Erase(flags) => cli::erase::run(flags).await,
        Command::Approval(command) => cli::approval::approval(command).await,
        Command::ApprovalRule(command) => cli::approval::rule(command).await,
        Command::Webhook(command) => cli::webhook::run(command).await,
        Command::NotificationRule(command) => cli::notification_rule::run(command).await,
        Command::Mail(command) => cli::mail::run(command).await,
        Command::Whoami(connection) => cli::access::whoami(connection).await,
        Command::Route(command) => cli::route::run(command).await,
        Command::Policy(command) => cli::policy::run(command).await,
        Command::Gateway(command) => cli::gateway::run(command).await,
        Command::Change(command) => cli::change::run(command).await,
        Command::Audit(command) => cli::audit::run(command).await,
        Command::Witness(flags) => witness::run(flags).await,
        Command::Explain(flags) => cli::explain::explain(*flags).await,
        Command::Decision(command) => cli::explain::decision(command).await,
        Command::Usage(command) => cli::explain::usage(command).await,
        Command::Report(command) => cli::report::run(command).await,
        Command::Hygiene(command) => cli::hygiene::run(command).await,
    }
}
