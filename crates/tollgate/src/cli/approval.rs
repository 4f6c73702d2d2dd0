//! `tollgate approval …` and `tollgate approval-rule …`: what needs a second person.

use clap::Subcommand;

use super::{
    Connection,
    access::{One, remove},
    client::Reasoned,
    key::{given, post},
    rest::Rest,
};

const APPROVALS: [&str; 8] =
    ["id", "status", "proposer", "method", "path", "decided_by", "expires_at", "created_at"];
const RULES: [&str; 5] = ["id", "permission", "environment", "reason", "created_at"];

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalCommand {
    /// What waits and what has waited, the newest first
    List {
        /// waiting, approved, redeemed, declined, withdrawn or expired
        #[arg(long)]
        status: Option<String>,
        /// Only what you have proposed
        #[arg(long)]
        mine: bool,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show what was asked for, and what it would do
    #[command(visible_alias = "show")]
    Get(One),
    /// Allow what somebody else has proposed; they then give the same command with --approval
    Approve {
        id: String,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say no to it
    Decline(Reasoned),
    /// Take back what you have proposed
    Withdraw {
        id: String,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalRuleCommand {
    /// Let what a permission allows wait for a second person
    Make {
        /// Such as key.issue; `tollgate grant roles` lists them
        #[arg(long)]
        permission: String,
        /// Everywhere without it
        #[arg(long)]
        environment: Option<String>,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the rules in force
    List {
        #[command(flatten)]
        connection: Connection,
    },
    /// End a rule, which needs a second person itself
    End(Reasoned),
}

pub(crate) async fn approval(command: ApprovalCommand) -> anyhow::Result<()> {
    match command {
        ApprovalCommand::List { status, mine, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let mine = mine.then(|| "true".to_owned());
            let query = [("status", status), ("mine", mine), ("cursor", cursor)];
            rest.print(&rest.get("/approvals", &query).await?, &APPROVALS)
        }
        ApprovalCommand::Get(one) => one.show("approvals").await,
        ApprovalCommand::Approve { id, reason, connection } => {
            post(&connection, &format!("/approvals/{id}/approve"), given([("reason", reason)])).await
        }
        ApprovalCommand::Decline(order) => order.order("approvals", "decline").await,
        ApprovalCommand::Withdraw { id, reason, connection } => {
            post(&connection, &format!("/approvals/{id}/withdraw"), given([("reason", reason)])).await
        }
    }
}

pub(crate) async fn rule(command: ApprovalRuleCommand) -> anyhow::Result<()> {
    match command {
        ApprovalRuleCommand::Make { permission, environment, reason, connection } => {
            let permission = ("permission", Some(permission));
            let body = given([permission, ("environment", environment), ("reason", Some(reason))]);
            post(&connection, "/approval-rules", body).await
        }
        ApprovalRuleCommand::List { connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/approval-rules", &[]).await?, &RULES)
        }
        ApprovalRuleCommand::End(Reasoned { id, reason, connection }) => {
            remove(&connection, &format!("/approval-rules/{id}"), Some(&reason)).await
        }
    }
}
