//! Who may do what to the admin API: typed permissions, and one pure function that decides.

use serde::{Deserialize, Serialize};

use crate::{metadata::ActorKind, refusal::refusals};

/// Someone or something that gives commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Stable: `bootstrap-admin`.
    pub id: String,
    pub kind: ActorKind,
    /// How it proved itself this time: `bootstrap_token`.
    pub authenticated_by: &'static str,
    pub roles: Vec<Role>,
}

/// What a role bundles. More follow with grants in scopes; each is a row of `Role::holds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    /// A gateway node: may follow the configuration, and nothing else.
    Gateway,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Gateway => "gateway",
        }
    }

    fn holds(self, permission: Permission) -> bool {
        match self {
            Self::Admin => match permission {
                Permission::ClientRead
                | Permission::ClientWrite
                | Permission::KeyRead
                | Permission::KeyIssue
                | Permission::KeyRotate
                | Permission::KeySuspend
                | Permission::KeyRevoke
                | Permission::RouteRead
                | Permission::RouteWrite
                | Permission::PolicyRead
                | Permission::PolicyWrite
                | Permission::PolicyAssign
                | Permission::CallVerify
                | Permission::AuditRead
                | Permission::ReportRead
                | Permission::ReportExport
                | Permission::MetricsRead
                | Permission::GatewayFollow
                | Permission::ProjectionOperate
                | Permission::ChangeRead
                | Permission::GatewayRead
                | Permission::DecisionRead
                | Permission::LimitReset
                | Permission::KeyImport
                | Permission::LeakRead
                | Permission::OperationRead => true,
            },
            Self::Gateway => permission == Permission::GatewayFollow,
        }
    }
}

/// One thing a principal may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Permission {
    #[serde(rename = "client.read")]
    ClientRead,
    #[serde(rename = "client.write")]
    ClientWrite,
    #[serde(rename = "key.read")]
    KeyRead,
    #[serde(rename = "key.issue")]
    KeyIssue,
    #[serde(rename = "key.rotate")]
    KeyRotate,
    #[serde(rename = "key.suspend")]
    KeySuspend,
    #[serde(rename = "key.revoke")]
    KeyRevoke,
    #[serde(rename = "route.read")]
    RouteRead,
    #[serde(rename = "route.write")]
    RouteWrite,
    #[serde(rename = "policy.read")]
    PolicyRead,
    #[serde(rename = "policy.write")]
    PolicyWrite,
    #[serde(rename = "policy.assign")]
    PolicyAssign,
    #[serde(rename = "call.verify")]
    CallVerify,
    #[serde(rename = "audit.read")]
    AuditRead,
    #[serde(rename = "report.read")]
    ReportRead,
    #[serde(rename = "report.export")]
    ReportExport,
    #[serde(rename = "metrics.read")]
    MetricsRead,
    /// Fetch what a gateway judges calls by: digests of secrets are in it.
    #[serde(rename = "gateway.follow")]
    GatewayFollow,
    #[serde(rename = "projection.operate")]
    ProjectionOperate,
    /// List what is to happen at a time ahead. Planning or cancelling one needs the permission of the change itself.
    #[serde(rename = "change.read")]
    ChangeRead,
    /// See the gateway's nodes, the policies in force for a call, and what is used of each limit.
    #[serde(rename = "gateway.read")]
    GatewayRead,
    /// Explain a call, and look up a decision that was taken.
    #[serde(rename = "decision.read")]
    DecisionRead,
    /// Give a limit back what has been used of it.
    #[serde(rename = "limit.reset")]
    LimitReset,
    /// Take over keys that another system has issued.
    #[serde(rename = "key.import")]
    KeyImport,
    /// See which keys were reported as leaked.
    #[serde(rename = "leak.read")]
    LeakRead,
    /// Follow operations that take longer than an answer may.
    #[serde(rename = "operation.read")]
    OperationRead,
}

impl Permission {
    pub const ALL: [Self; 26] = [
        Self::ClientRead,
        Self::ClientWrite,
        Self::KeyRead,
        Self::KeyIssue,
        Self::KeyRotate,
        Self::KeySuspend,
        Self::KeyRevoke,
        Self::RouteRead,
        Self::RouteWrite,
        Self::PolicyRead,
        Self::PolicyWrite,
        Self::PolicyAssign,
        Self::CallVerify,
        Self::AuditRead,
        Self::ReportRead,
        Self::ReportExport,
        Self::MetricsRead,
        Self::GatewayFollow,
        Self::ProjectionOperate,
        Self::ChangeRead,
        Self::GatewayRead,
        Self::DecisionRead,
        Self::LimitReset,
        Self::KeyImport,
        Self::LeakRead,
        Self::OperationRead,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientRead => "client.read",
            Self::ClientWrite => "client.write",
            Self::KeyRead => "key.read",
            Self::KeyIssue => "key.issue",
            Self::KeyRotate => "key.rotate",
            Self::KeySuspend => "key.suspend",
            Self::KeyRevoke => "key.revoke",
            Self::RouteRead => "route.read",
            Self::RouteWrite => "route.write",
            Self::PolicyRead => "policy.read",
            Self::PolicyWrite => "policy.write",
            Self::PolicyAssign => "policy.assign",
            Self::CallVerify => "call.verify",
            Self::AuditRead => "audit.read",
            Self::ReportRead => "report.read",
            Self::ReportExport => "report.export",
            Self::MetricsRead => "metrics.read",
            Self::GatewayFollow => "gateway.follow",
            Self::ProjectionOperate => "projection.operate",
            Self::ChangeRead => "change.read",
            Self::GatewayRead => "gateway.read",
            Self::DecisionRead => "decision.read",
            Self::LimitReset => "limit.reset",
            Self::KeyImport => "key.import",
            Self::LeakRead => "leak.read",
            Self::OperationRead => "operation.read",
        }
    }
}

refusals! {
    /// Why a principal may not.
    pub enum Denied {
        MissingPermission { permission: &'static str } = ("permission_denied", "you do not hold the permission `{permission}`"),
    }
}

/// What allowed a command; kept with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    role: Role,
}

impl Grant {
    /// As the metadata of an event keeps it: `role:admin`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("role:{}", self.role.as_str())
    }
}

/// Whether the principal holds the permission, and by which grant. No roles, no permission.
///
/// # Errors
/// [`Denied`] when no grant covers it.
pub fn authorize(principal: &Principal, permission: Permission) -> Result<Grant, Denied> {
    principal
        .roles
        .iter()
        .copied()
        .find(|role| role.holds(permission))
        .map(|role| Grant { role })
        .ok_or(Denied::MissingPermission { permission: permission.as_str() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(roles: Vec<Role>) -> Principal {
        Principal { id: "p".to_owned(), kind: ActorKind::Person, authenticated_by: "test", roles }
    }

    #[test]
    fn an_empty_set_of_roles_grants_nothing() {
        for permission in Permission::ALL {
            assert!(authorize(&principal(vec![]), permission).is_err(), "{permission:?}");
        }
    }

    #[test]
    fn an_admin_holds_every_permission_and_the_grant_says_so() {
        for permission in Permission::ALL {
            assert_eq!(
                authorize(&principal(vec![Role::Admin]), permission).unwrap().describe(),
                "role:admin"
            );
        }
    }

    #[test]
    fn a_gateway_may_follow_and_nothing_else() {
        for permission in Permission::ALL {
            let allowed = authorize(&principal(vec![Role::Gateway]), permission).is_ok();
            assert_eq!(allowed, permission == Permission::GatewayFollow, "{permission:?}");
        }
    }

    #[test]
    fn a_permission_is_written_as_it_prints() {
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
    }
}
