//! `POST /v1/clients/{id}/reinstate`

use axum::response::Response;
use domain::{
    ClientId,
    api_client::{ApiClient, ApiClientCommand, ReinstateClient},
};
use http::StatusCode;

use super::{body::ReasonBody, view::ClientView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, ClientPath, Missing, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::ClientSuspend,
    path::Id,
};

/// End a client's suspension
#[utoipa::path(
    post,
    path = "/v1/clients/{id}/reinstate",
    operation_id = "reinstate_client",
    tag = "clients",
    params(ClientPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<ClientView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("client.suspend")))
)]
pub(crate) async fn reinstate(ask: Ask<ClientSuspend, Id<ClientId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, ClientView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<ClientSuspend, Id<ClientId>>) -> Result<Effect<ClientId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    let said = Said::because(Some(&reason));
    ask.execute::<ApiClient>(ask.id(), ApiClientCommand::Reinstate(ReinstateClient { reason }), said).await
}
