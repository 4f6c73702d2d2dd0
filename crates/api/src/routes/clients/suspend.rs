//! `POST /v1/clients/{id}/suspend`

use axum::response::Response;
use domain::{
    ClientId, ScheduledChangeId,
    api_client::{ApiClient, ApiClientCommand, SuspendClient},
    scheduled_change::PlannedChange,
};
use http::StatusCode;

use super::{body::Suspension, view::ClientView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{ClientPath, Deferrable, Missing, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::ClientSuspend,
    path::{Id, Named as _},
    routes::scheduled_changes::planning::{Refusing, check, deferred, plan},
};

type SuspendAsk = Ask<ClientSuspend, Id<ClientId>>;

/// Suspend a client
///
/// All its keys stop at once, until it is reinstated. With a time it is planned, and the answer is 202 with the change;
/// with `until` alone it is suspended now, and reinstated then.
#[utoipa::path(
    post,
    path = "/v1/clients/{id}/suspend",
    operation_id = "suspend_client",
    tag = "clients",
    params(ClientPath, WriteHeaders),
    request_body = Suspension,
    responses(Deferrable<ClientView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("client.suspend")))
)]
pub(crate) async fn suspend(ask: SuspendAsk) -> Result<Response, Instead> {
    let body: Suspension = ask.body()?;
    if body.times().are_given() {
        return deferred(&ask, ask.once(planned(&ask, body)).await?).await;
    }
    let effect = ask.once(fresh(&ask, body)).await?;
    written::<_, _, _, ClientView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &SuspendAsk, body: Suspension) -> Result<Effect<ClientId>, Instead> {
    let Suspension { reason, at: _, until: _ } = body;
    let said = Said::because(Some(&reason));
    ask.execute::<ApiClient>(ask.id(), ApiClientCommand::Suspend(SuspendClient { reason }), said).await
}

async fn planned(ask: &SuspendAsk, body: Suspension) -> Result<Effect<ScheduledChangeId>, Instead> {
    let (times, client_id) = (body.times(), ask.id());
    let change = PlannedChange::SuspendClient { client_id };
    check(ask, &change, &body.reason, Refusing::Subject).await?;
    let (client, facts) = ask.judge::<ApiClient>(client_id).await?;
    let grant = ask.allow(&facts.ok_or_else(ClientId::missing)?)?;
    ask.check_seen(client.version)?;
    plan(ask, change, times, body.reason, grant).await
}
