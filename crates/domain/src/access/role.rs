//! What each role holds: one table, reviewed as such. `docs/access.md` and `GET /v1/roles` are made from it.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Permission;
use crate::InvalidValue;

/// What a role bundles; a row of [`TABLE`] says who holds a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Auditor,
    Operator,
    PolicyManager,
    AccessAdmin,
    SecurityOfficer,
    Admin,
    BreakGlass,
    Gateway,
}

impl Role {
    /// In the order of the table's columns.
    pub const ALL: [Self; 9] = [
        Self::Viewer,
        Self::Auditor,
        Self::Operator,
        Self::PolicyManager,
        Self::AccessAdmin,
        Self::SecurityOfficer,
        Self::Admin,
        Self::BreakGlass,
        Self::Gateway,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::PolicyManager => "policy_manager",
            Self::AccessAdmin => "access_admin",
            Self::SecurityOfficer => "security_officer",
            Self::Admin => "admin",
            Self::BreakGlass => "break_glass",
            Self::Gateway => "gateway",
        }
    }

    /// For people: whom the role is for.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Viewer => "Sees clients, keys, routes, policies and reports.",
            Self::Auditor => "Sees everything, the audit log too, and takes reports away. Changes nothing.",
            Self::Operator => "Registers clients and looks after their keys.",
            Self::PolicyManager => "Defines routes and policies, and says whom they bind.",
            Self::AccessAdmin => {
                "Adds people and service accounts, and passes on what it holds itself. Issues no key."
            }
            Self::SecurityOfficer => {
                "Suspends, revokes and disables whatever is dangerous. Issues and grants nothing."
            }
            Self::Admin => "May do everything.",
            Self::BreakGlass => {
                "May make itself an administrator for a bounded time, which everybody is told."
            }
            Self::Gateway => "A gateway node: follows the configuration, and nothing else.",
        }
    }

    /// Whether the table gives it the permission.
    #[must_use]
    pub fn holds(self, permission: Permission) -> bool {
        let row = TABLE.iter().find(|(of, _)| *of == permission);
        row.is_some_and(|(_, held)| {
            Self::ALL.iter().zip(held).any(|(role, held)| *role == self && *held == 1)
        })
    }

    /// What it holds, in the table's order.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.holds(*permission))
    }

    /// Whether a service account may be given it. What only people may do is of no use to it, or worse.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        match self {
            Self::AccessAdmin | Self::BreakGlass => true,
            Self::Viewer
            | Self::Auditor
            | Self::Operator
            | Self::PolicyManager
            | Self::SecurityOfficer
            | Self::Admin
            | Self::Gateway => false,
        }
    }
}

impl FromStr for Role {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| InvalidValue::expected("must be the name of a role"))
    }
}

/// Who holds what: 1 where the role of the column holds the permission of the row. A permission without a row, or a
/// row without a permission, does not compile or does not pass the tests.
#[rustfmt::skip]
pub const TABLE: [(Permission, [u8; Role::ALL.len()]); Permission::ALL.len()] = {
    use Permission as P;
    [   //                         viewer
        //                         |  auditor
        //                         |  |  operator
        //                         |  |  |  policy_manager
        //                         |  |  |  |  access_admin
        //                         |  |  |  |  |  security_officer
        //                         |  |  |  |  |  |  admin
        //                         |  |  |  |  |  |  |  break_glass
        //                         |  |  |  |  |  |  |  |  gateway
        (P::ClientRead,          [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::ClientWrite,         [ 0, 0, 1, 0, 0, 0, 1, 0, 0 ]),
        (P::ClientSuspend,       [ 0, 0, 1, 0, 0, 1, 1, 0, 0 ]),
        (P::KeyRead,             [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::KeyIssue,            [ 0, 0, 1, 0, 0, 0, 1, 0, 0 ]),
        (P::KeyRotate,           [ 0, 0, 1, 0, 0, 0, 1, 0, 0 ]),
        (P::KeySuspend,          [ 0, 0, 1, 0, 0, 1, 1, 0, 0 ]),
        (P::KeyRevoke,           [ 0, 0, 1, 0, 0, 1, 1, 0, 0 ]),
        (P::KeyImport,           [ 0, 0, 1, 0, 0, 0, 1, 0, 0 ]),
        (P::RouteRead,           [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::RouteWrite,          [ 0, 0, 0, 1, 0, 0, 1, 0, 0 ]),
        (P::PolicyRead,          [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::PolicyWrite,         [ 0, 0, 0, 1, 0, 0, 1, 0, 0 ]),
        (P::PolicyAssign,        [ 0, 0, 0, 1, 0, 0, 1, 0, 0 ]),
        (P::CallVerify,          [ 0, 0, 1, 0, 0, 0, 1, 0, 0 ]),
        (P::AuditRead,           [ 0, 1, 0, 0, 1, 1, 1, 0, 0 ]),
        (P::AuditExport,         [ 0, 1, 0, 0, 0, 0, 1, 0, 0 ]),
        (P::ReportRead,          [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::ReportExport,        [ 0, 1, 1, 1, 0, 1, 1, 0, 0 ]),
        (P::MetricsRead,         [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::GatewayFollow,       [ 0, 0, 0, 0, 0, 0, 1, 0, 1 ]),
        (P::ProjectionOperate,   [ 0, 0, 0, 0, 0, 0, 1, 0, 0 ]),
        (P::ChangeRead,          [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::GatewayRead,         [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::DecisionRead,        [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::LimitReset,          [ 0, 0, 1, 1, 0, 0, 1, 0, 0 ]),
        (P::LeakRead,            [ 0, 1, 1, 0, 0, 1, 1, 0, 0 ]),
        (P::OperationRead,       [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::PrincipalRead,       [ 0, 1, 0, 0, 1, 1, 1, 0, 0 ]),
        (P::PrincipalWrite,      [ 0, 0, 0, 0, 1, 0, 1, 0, 0 ]),
        (P::PrincipalDisable,    [ 0, 0, 0, 0, 1, 1, 1, 0, 0 ]),
        (P::ServiceAccountRead,  [ 0, 1, 0, 0, 1, 1, 1, 0, 0 ]),
        (P::ServiceAccountWrite, [ 0, 0, 0, 0, 1, 0, 1, 0, 0 ]),
        (P::GrantRead,           [ 0, 1, 0, 0, 1, 1, 1, 0, 0 ]),
        (P::GrantWrite,          [ 0, 0, 0, 0, 1, 0, 1, 0, 0 ]),
        (P::PersonalErase,       [ 0, 0, 0, 0, 0, 0, 1, 0, 0 ]),
        (P::BreakGlassOpen,      [ 0, 0, 0, 0, 0, 0, 1, 1, 0 ]),
        (P::ApprovalRead,        [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::ApprovalDecide,      [ 0, 0, 0, 0, 0, 1, 1, 0, 0 ]),
        (P::ApprovalRuleWrite,   [ 0, 0, 0, 0, 0, 0, 1, 0, 0 ]),
        (P::WebhookRead,         [ 0, 1, 0, 0, 0, 1, 1, 0, 0 ]),
        (P::WebhookWrite,        [ 0, 0, 0, 0, 0, 1, 1, 0, 0 ]),
        (P::NotificationRuleRead, [ 1, 1, 1, 1, 1, 1, 1, 0, 0 ]),
        (P::NotificationRuleWrite, [ 0, 0, 1, 0, 0, 1, 1, 0, 0 ]),
    ]
};
