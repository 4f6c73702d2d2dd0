//! `POST /v1/principals/{id}/break-glass` and `…/break-glass/close`: an administrator for some minutes, in an emergency.

use axum::response::Response;
use domain::{
    PrincipalId, Reason,
    principal::{Account, CloseBreakGlass, OpenBreakGlass, PrincipalCommand},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{standing::check_own, view::PersonView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, PrincipalPath, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::BreakGlassOpen,
    path::Id,
    problem::kinds,
};

/// An event names no more people.
const TOLD_MAX: usize = 50;

/// Why the glass is broken, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakGlass {
    /// It is closed by itself after so many minutes.
    #[schema(minimum = 1, maximum = 240)]
    minutes: u16,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

/// How it has ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseGlass {
    #[schema(value_type = Option<form::Reason>, inline)]
    reason: Option<Reason>,
}

type GlassAsk = Ask<BreakGlassOpen, Id<PrincipalId>>;

/// Break the glass
///
/// For oneself: makes the caller an administrator of everything until the time is up. Everything done meanwhile says
/// so in the audit log, and the security officers and administrators of the moment are named in the event.
#[utoipa::path(
    post,
    path = "/v1/principals/{id}/break-glass",
    operation_id = "open_break_glass",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = BreakGlass,
    responses(Changed<PersonView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("break_glass.open")))
)]
pub(crate) async fn open(ask: GlassAsk) -> Result<Response, Instead> {
    let effect = ask.once(opened(&ask)).await?;
    written::<_, _, _, PersonView>(&ask, effect, StatusCode::OK).await
}

async fn opened(ask: &GlassAsk) -> Result<Effect<PrincipalId>, Instead> {
    let BreakGlass { minutes, reason } = ask.body()?;
    // Nobody makes another an administrator by breaking a glass.
    check_own(ask, kinds::GLASS_OF_ANOTHER).await?;
    let now = ask.now();
    let told = ask.door().api().access.officers(now, TOLD_MAX.saturating_add(1));
    let told = told.into_iter().filter(|officer| *officer != ask.id()).take(TOLD_MAX).collect();
    let said = Said::because(Some(&reason));
    let command = PrincipalCommand::OpenBreakGlass(OpenBreakGlass { now, minutes, reason, told });
    ask.execute::<Account>(ask.id(), command, said).await
}

/// Close the glass
///
/// Ends it before its time. What has ended by itself stays as it is.
#[utoipa::path(
    post,
    path = "/v1/principals/{id}/break-glass/close",
    operation_id = "close_break_glass",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = CloseGlass,
    responses(Changed<PersonView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("break_glass.open")))
)]
pub(crate) async fn close(ask: GlassAsk) -> Result<Response, Instead> {
    let effect = ask.once(closed(&ask)).await?;
    written::<_, _, _, PersonView>(&ask, effect, StatusCode::OK).await
}

async fn closed(ask: &GlassAsk) -> Result<Effect<PrincipalId>, Instead> {
    let CloseGlass { reason } = ask.body_if_any()?;
    check_own(ask, kinds::GLASS_OF_ANOTHER).await?;
    let said = Said::because(reason.as_ref());
    let command = PrincipalCommand::CloseBreakGlass(CloseBreakGlass { now: ask.now(), reason });
    ask.execute::<Account>(ask.id(), command, said).await
}
