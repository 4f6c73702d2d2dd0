//! What paths and headers say.

use utoipa::IntoParams;

use super::schemas::form;

macro_rules! path_of {
    ($name:ident, $id:ident) => {
        #[derive(IntoParams)]
        #[into_params(parameter_in = Path)]
        #[expect(dead_code, reason = "documents what `Id` reads")]
        pub(crate) struct $name {
            #[param(value_type = form::$id, inline)]
            id: String,
        }
    };
}
path_of!(ChangePath, ScheduledChangeId);
path_of!(ClientPath, ClientId);
path_of!(KeyPath, KeyId);
path_of!(RoutePath, RouteId);
path_of!(PolicyPath, PolicyId);
path_of!(DecisionPath, DecisionId);
path_of!(OperationPath, OperationId);
path_of!(LeakPath, LeakId);
path_of!(PrincipalPath, PrincipalId);
path_of!(GrantPath, GrantId);
path_of!(ApprovalPath, ApprovalId);
path_of!(ApprovalRulePath, ApprovalRuleId);
path_of!(WebhookPath, WebhookId);
path_of!(NotificationRulePath, NotificationRuleId);

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents what `Id` reads")]
pub(crate) struct PositionPath {
    #[param(minimum = 1)]
    position: u64,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents what `Id` reads")]
pub(crate) struct AssignmentPath {
    #[param(value_type = form::PolicyId, inline)]
    id: String,
    #[param(value_type = form::AssignmentId, inline)]
    assignment_id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents what `Id` reads")]
pub(crate) struct DeliveryPath {
    #[param(value_type = form::WebhookId, inline)]
    id: String,
    #[param(value_type = form::DeliveryId, inline)]
    delivery_id: String,
}

macro_rules! headers_of {
    ($(#[$meta:meta])* $name:ident, $required:literal) => {
        $(#[$meta])*
        #[derive(IntoParams)]
        #[into_params(parameter_in = Header)]
        #[expect(dead_code, reason = "documents what `Ask` reads")]
        pub(crate) struct $name {
            /// The caller's own name for the command: a repetition is recognised and answered, not carried out again.
            #[param(
                rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255,
                pattern = "^[!-~]+$"
            )]
            idempotency_key: Option<String>,
            /// The `ETag` that the caller has seen; the write is refused if there is a newer one.
            #[param(
                rename = "If-Match", value_type = String, required = $required,
                pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#
            )]
            if_match: Option<String>,
        }
    };
}
headers_of!(
    /// What every write may be given.
    WriteHeaders,
    false
);
headers_of!(
    /// What a change of a whole thing must be given.
    EditHeaders,
    true
);
