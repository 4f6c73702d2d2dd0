//! What may be allowed, one thing a name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a permission looks or acts. Of what belongs to nobody, a grant in a narrower scope lets look and never act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

macro_rules! permissions {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $access:ident $name:literal ),+ $(,)?) => {
        /// One thing a principal may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Permission {
            $( $(#[doc = $doc])+ #[serde(rename = $name)] $variant ),+
        }
        impl Permission {
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            #[must_use]
            pub fn access(self) -> Access {
                match self { $(Self::$variant => Access::$access),+ }
            }

            /// For people: one sentence.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

permissions! {
    /// List and read clients.
    ClientRead = Read "client.read",
    /// Register, change and archive clients.
    ClientWrite = Write "client.write",
    /// Suspend a client, and end its suspension.
    ClientSuspend = Write "client.suspend",
    /// List and read keys, their rotations and what is found wanting about them.
    KeyRead = Read "key.read",
    /// Issue keys.
    KeyIssue = Write "key.issue",
    /// Rotate keys, extend an overlap, retire the previous secret.
    KeyRotate = Write "key.rotate",
    /// Suspend a key, and end its suspension.
    KeySuspend = Write "key.suspend",
    /// Revoke keys.
    KeyRevoke = Write "key.revoke",
    /// Take over keys that another system has issued.
    KeyImport = Write "key.import",
    /// List and read routes.
    RouteRead = Read "route.read",
    /// Define, change, import and retire routes.
    RouteWrite = Write "route.write",
    /// List and read policies and their assignments.
    PolicyRead = Read "policy.read",
    /// Define, change and retire policies.
    PolicyWrite = Write "policy.write",
    /// Assign policies, and end assignments.
    PolicyAssign = Write "policy.assign",
    /// Have the gateway judge a call; it counts as one.
    CallVerify = Write "call.verify",
    /// Read the audit log.
    AuditRead = Read "audit.read",
    /// Take the audit log away as a file with its proof, and the personal values that are left in it.
    AuditExport = Read "audit.export",
    /// Read reports.
    ReportRead = Read "report.read",
    /// Take reports away as a file.
    ReportExport = Read "report.export",
    /// Read the metrics of the processes.
    MetricsRead = Read "metrics.read",
    /// Fetch what a gateway judges calls by: digests of secrets are in it.
    GatewayFollow = Write "gateway.follow",
    /// See how far projections are, and have them skip an event.
    ProjectionOperate = Write "projection.operate",
    /// List what is to happen at a time ahead. Planning or cancelling it needs the permission of the change itself.
    ChangeRead = Read "change.read",
    /// See the gateway's nodes, the policies in force for a call, and what is used of each limit.
    GatewayRead = Read "gateway.read",
    /// Explain a call, and look up decisions that were taken.
    DecisionRead = Read "decision.read",
    /// Give a limit back what has been used of it.
    LimitReset = Write "limit.reset",
    /// See which keys were reported as leaked.
    LeakRead = Read "leak.read",
    /// Follow operations that take longer than an answer may.
    OperationRead = Read "operation.read",
    /// List and read the people who may sign in.
    PrincipalRead = Read "principal.read",
    /// Add people, and let them in again.
    PrincipalWrite = Write "principal.write",
    /// Disable a person or a service account, and revoke its tokens.
    PrincipalDisable = Write "principal.disable",
    /// List and read service accounts.
    ServiceAccountRead = Read "service_account.read",
    /// Make service accounts, rotate their tokens, enable them again.
    ServiceAccountWrite = Write "service_account.write",
    /// List and read grants.
    GrantRead = Read "grant.read",
    /// Give and withdraw grants, never more than one holds.
    GrantWrite = Write "grant.write",
    /// Erase personal values for good, wherever they are kept.
    PersonalErase = Write "personal.erase",
    /// Become an administrator for a bounded time in an emergency.
    BreakGlassOpen = Write "break_glass.open",
    /// See what waits for a second person, and the rules that say what does.
    ApprovalRead = Read "approval.read",
    /// Decide on what somebody else has proposed, and holds together with whoever decides.
    ApprovalDecide = Write "approval.decide",
    /// Say what needs a second person.
    ApprovalRuleWrite = Write "approval_rule.write",
    /// List and read webhooks, and see what was delivered to them and what was not.
    WebhookRead = Read "webhook.read",
    /// Make, change, test and delete webhooks, rotate their secrets, and have something delivered again.
    WebhookWrite = Write "webhook.write",
    /// List and read the rules of what is told to whom, and see what they would have told.
    NotificationRuleRead = Read "notification_rule.read",
    /// Say what is told to whom.
    NotificationRuleWrite = Write "notification_rule.write",
}

impl Permission {
    /// Whether only people may do it, whatever a service account has been granted: a stolen token then makes neither
    /// more tokens nor more rights.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        matches!(
            self,
            Self::PrincipalWrite
                | Self::PrincipalDisable
                | Self::ServiceAccountWrite
                | Self::GrantWrite
                | Self::PersonalErase
                | Self::BreakGlassOpen
                | Self::ApprovalDecide
                | Self::ApprovalRuleWrite
        )
    }
}
