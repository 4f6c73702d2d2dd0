//! The command line: servers are started here, and read models looked after; everything else is a call of the REST API.

#[macro_use]
pub(crate) mod spoken;

pub(crate) mod access;
pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod client;
pub(crate) mod erase;
pub(crate) mod explain;
pub(crate) mod gateway;
pub(crate) mod hygiene;
pub(crate) mod key;
mod key_import;
pub(crate) mod leak;
mod limits;
pub(crate) mod list;
pub(crate) mod mail;
pub(crate) mod notification_rule;
pub(crate) mod operation;
mod operator;
pub(crate) mod output;
pub(crate) mod policy;
mod policy_simulate;
pub(crate) mod projections;
pub(crate) mod recover;
pub(crate) mod report;
pub(crate) mod rest;
pub(crate) mod route;
mod scope;
pub(crate) mod webhook;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{demo::DemoFlags, settings::ServeFlags, transfer::TransferFlags};

const EXIT_CODES: &str = "Exit codes: 0 done; 1 a machine failed, or the server cannot be reached; 2 the command line is wrong; \
3 the server refused, and stderr has the code of its problem; 4 nothing is done yet: it waits for a second person, and stderr has the \
approval; 141 nobody read the output to its end.";

/// API-client governance beside Envoy: keys, rate limits, quotas, and the proof of who changed what.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about, max_term_width = 110, args_override_self = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: admin API, gateway doors, projections
    Serve(Box<ServeFlags>),
    /// See it work: a server with clients, keys and real traffic
    Demo(DemoFlags),
    /// Show the settings in force, secrets masked
    Config(Box<ServeFlags>),
    /// API clients: register, list, update, suspend, reinstate, archive
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// API keys: issue, import, list, rotate, extend or retire the old secret, revoke, suspend, reinstate
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Work that takes longer than an answer may: list, show, cancel
    #[command(subcommand)]
    Operation(operation::OperationCommand),
    /// Reports of leaked secrets
    #[command(subcommand)]
    Leak(leak::LeakCommand),
    /// Routes: define, list, retire
    #[command(subcommand)]
    Route(route::RouteCommand),
    /// Rate limit policies: define, list, assign, unassign, retire
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// The gateway's nodes
    #[command(subcommand)]
    Gateway(gateway::GatewayCommand),
    /// Changes at a time: plan, list, show, cancel
    #[command(subcommand)]
    Change(change::ChangeCommand),
    /// The audit log: list, and what proves it: checkpoint, keys, proof, consistency, export, verify
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make yourself the first administrator of a new installation: its first token opens nothing from then on
    Claim(access::ClaimFlags),
    /// A way back in where no administrator is left
    #[command(subcommand)]
    Access(recover::AccessCommand),
    /// People: add, list, disable, enable, break the glass and close it
    #[command(subcommand)]
    Principal(access::PrincipalCommand),
    /// Programs that use the admin API: make, list, rotate or revoke their tokens, disable, enable
    #[command(subcommand)]
    ServiceAccount(access::ServiceAccountCommand),
    /// Who holds which role where: give, list, withdraw
    #[command(subcommand)]
    Grant(access::GrantCommand),
    /// Erase personal values for good: a person's, a client's, or those that are equal to some
    Erase(erase::EraseFlags),
    /// What waits for a second person: list, get, approve, decline, withdraw
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// What needs a second person: make a rule, list, end
    #[command(subcommand)]
    ApprovalRule(approval::ApprovalRuleCommand),
    /// Webhooks: create, list, verify, test, see and resend deliveries, listen to them
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// What is told to whom: create a rule, list, update, end
    #[command(subcommand)]
    NotificationRule(notification_rule::NotificationRuleCommand),
    /// Addresses that mail does not reach: list, mark, unmark, or mark those that a bounce names
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Whom the token stands for, and what they may do
    Whoami(Connection),
    /// Watch a log from elsewhere: sign that it only grew, and fail loudly when it did not (exit code 20)
    Witness(crate::witness::WitnessFlags),
    /// Explain what would be decided about a call, and why
    Explain(Box<explain::ExplainFlags>),
    /// Decisions that were taken: list, show
    #[command(subcommand)]
    Decision(explain::DecisionCommand),
    /// What is used of limits at this moment: current, reset
    #[command(subcommand)]
    Usage(explain::UsageCommand),
    /// Usage reports
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// What nobody seems to need: keys, scopes, routes, policies
    #[command(subcommand)]
    Hygiene(hygiene::HygieneCommand),
    /// The read models: list, leave an event out, rebuild
    #[command(subcommand)]
    Projections(projections::ProjectionsCommand),
    /// Prepare a Postgres database, or bring it up to date; run by the role that owns the tables
    Migrate(MigrateFlags),
    /// The secrets that all instances have in common
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Write the log to a file, to be imported on the other engine; resumes one that was cut off
    ///
    /// Events, personal values and idempotency keys are in the file. The peppers and the signing key are not, nor are usage
    /// and the gateways' counters. On Postgres the server may run meanwhile.
    Export(TransferFlags),
    /// Read an exported log into an empty one, verified; resumes one that was cut off
    ///
    /// Every line is checked before the first is written. The server must not be running. The peppers and the signing key
    /// (pepper.*.key, signing.key) must be brought along; usage and the gateways' counters do not move.
    Import(TransferFlags),
    /// Print the completions of a shell, to be loaded by it
    ///
    /// bash: source <(tollgate completion bash). zsh: tollgate completion zsh > "${fpath[1]}/_tollgate".
    /// fish: tollgate completion fish | source.
    Completion { shell: clap_complete::Shell },
    /// Print the OpenAPI document of the REST API
    Openapi,
    /// Write or check the files under schemas/
    #[command(subcommand, hide = true)]
    Schemas(SchemasCommand),
}

/// Which database is prepared, and for whom.
#[derive(Args, Debug)]
pub(crate) struct MigrateFlags {
    /// The database, as the role that owns the tables
    #[arg(long, env = "TOLLGATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: secrecy::SecretString,
    /// The role that `tollgate serve` connects as: is granted what it needs, and not to change what was written
    #[arg(long, env = "TOLLGATE_APPLICATION_ROLE", value_name = "ROLE")]
    pub(crate) application_role: Option<String>,
    /// A role that auditors connect as: is granted the views in the schema `tollgate_audit`, to read
    #[arg(long, env = "TOLLGATE_AUDITOR_ROLE", value_name = "ROLE")]
    pub(crate) auditor_role: Option<String>,
    /// Speak to a server on another machine without TLS
    #[arg(long, env = "TOLLGATE_ALLOW_PLAINTEXT", num_args = 0..=1, default_missing_value = "true", default_value_t = false, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) allow_plaintext: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Make the pepper and the signing key where they are not there yet
    Init { dir: PathBuf },
    /// Make another signing key: both sign each checkpoint until the old one is retired
    ///
    /// Takes effect when whoever signs is started again. Give verifiers the new key (`tollgate audit keys`) meanwhile.
    RotateSigning { dir: PathBuf },
    /// End the overlap: the old signing key is removed, and signs no more once whoever signs is started again
    RetireSigning { dir: PathBuf },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemasCommand {
    Write { dir: PathBuf },
    Check { dir: PathBuf },
}

/// Which server is called, and how answers are shown.
#[derive(Args, Debug)]
pub(crate) struct Connection {
    /// The server's address
    #[arg(long, env = "TOLLGATE_URL", default_value = "http://127.0.0.1:8080", global = true)]
    url: String,
    /// The admin token
    #[arg(long, env = "TOLLGATE_TOKEN", hide_env_values = true, global = true)]
    token: Option<secrecy::SecretString>,
    /// How the answer is shown
    #[arg(long, value_enum, default_value_t = output::Format::Table, global = true)]
    output: output::Format,
    /// Names this command, so that a repetition is recognised
    #[arg(long, value_name = "KEY", global = true)]
    idempotency_key: Option<String>,
    /// The approval that this same command was allowed by, where it needs a second person
    #[arg(long, value_name = "APR", global = true)]
    approval: Option<String>,
    /// Show what the command would do and whom it would touch; nothing happens
    #[arg(long, global = true)]
    dry_run: bool,
    /// Wait until every gateway node has applied the command; fails if one has not in time
    #[arg(long, global = true, conflicts_with = "dry_run")]
    wait: bool,
}

/// Prints the completions of a shell. Written to memory first: what writes them panics where nobody reads.
pub(crate) fn completion(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut completions = vec![];
    clap_complete::generate(shell, &mut Cli::command(), "tollgate", &mut completions);
    print!("{}", String::from_utf8(completions).context("the completions cannot be shown")?);
    Ok(())
}
