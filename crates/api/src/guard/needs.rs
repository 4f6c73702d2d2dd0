//! Permissions as types: one for each that a handler may name.

use domain::access::Permission;

/// A permission as a type, so that a handler's signature names what it needs.
pub(crate) trait Needs: Send + Sync + 'static {
    const PERMISSION: Permission;
    /// Whether every handler that names it asks whose its things are. Those of the others are for grants over everything.
    const LIMITED: bool;
}

macro_rules! needs {
    (limited: [$($limited:ident),+ $(,)?], whole: [$($whole:ident),* $(,)?]) => {
        needs!(@each $($limited = true,)+ $($whole = false,)*);
    };
    (@each $($permission:ident = $limited:literal,)+) => {
        $(
            #[derive(Debug)]
            pub(crate) enum $permission {}
            impl Needs for $permission {
                const PERMISSION: Permission = Permission::$permission;
                const LIMITED: bool = $limited;
            }
        )+
    };
}

needs!(
    limited: [
        ClientRead,
        ClientWrite,
        ClientSuspend,
        KeyRead,
        KeyIssue,
        KeyRotate,
        KeySuspend,
        KeyRevoke,
        KeyImport,
        RouteRead,
        RouteWrite,
        PolicyRead,
        PolicyWrite,
        PolicyAssign,
        AuditRead,
        ChangeRead,
        LimitReset,
        LeakRead,
        OperationRead,
        PrincipalRead,
        PrincipalWrite,
        PrincipalDisable,
        ServiceAccountRead,
        ServiceAccountWrite,
        GrantRead,
        GrantWrite,
        ReportRead,
        ReportExport,
        GatewayRead,
        DecisionRead,
        BreakGlassOpen,
        ApprovalRead,
        ApprovalDecide,
        ApprovalRuleWrite,
        WebhookRead,
        WebhookWrite,
        NotificationRuleRead,
        NotificationRuleWrite,
    ],
    whole: [AuditExport, PersonalErase]
);
