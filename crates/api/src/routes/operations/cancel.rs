//! `POST /v1/operations/{id}/cancel`

use axum::response::Response;
use domain::{
    OperationId,
    access::Permission,
    operation::{CancelOperation, Operation, OperationCommand, OperationKind},
};
use http::StatusCode;

use super::view::OperationView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, OperationPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    facts::ANYTHING,
    guard::needs::OperationRead,
    path::{Id, Named},
    routes::clients::body::ReasonBody,
};

type CancelAsk = Ask<OperationRead, Id<OperationId>>;

/// Stop an operation before its next items
///
/// What was done stays done. Needs the permission of the order itself too: `key.revoke`, `key.suspend`, `key.import`,
/// `webhook.write` or `report.export`.
#[utoipa::path(
    post,
    path = "/v1/operations/{id}/cancel",
    operation_id = "cancel_operation",
    tag = "operations",
    params(OperationPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<OperationView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("operation.read")))
)]
pub(crate) async fn cancel(ask: CancelAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, OperationView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &CancelAsk) -> Result<Effect<OperationId>, Instead> {
    let loaded = ask.load::<Operation>(ask.id()).await?;
    let run = loaded.state.run().ok_or_else(OperationId::missing)?;
    let permission = match run.kind {
        OperationKind::RevokeKeys => Permission::KeyRevoke,
        OperationKind::SuspendKeys => Permission::KeySuspend,
        OperationKind::ImportKeys => Permission::KeyImport,
        OperationKind::ReplayWebhook => Permission::WebhookWrite,
        OperationKind::ExportReport => Permission::ReportExport,
    };
    // One's own order was about what was in reach; another's may be about anything.
    if run.ordered.by == ask.principal().id {
        ask.also(permission)?;
    } else {
        ask.allow_also(permission, &ANYTHING)?;
    }
    let ReasonBody { reason } = ask.body()?;
    let said = Said::because(Some(&reason));
    let command = CancelOperation { now: ask.now(), reason };
    ask.execute::<Operation>(ask.id(), OperationCommand::Cancel(command), said).await
}
