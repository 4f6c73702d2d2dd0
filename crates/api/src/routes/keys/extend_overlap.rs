//! `POST /v1/keys/{id}/rotation/extend`

use axum::response::Response;
use domain::{
    KeyId, Reason,
    api_key::{ApiKey, ApiKeyCommand, ExtendOverlap, OverlapEnd},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::KeyView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, KeyPath, Missing, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::KeyRotate,
    path::Id,
    problem::{Problem, kinds},
    values::Moment,
};

/// How long the old secret of a rotation is to live; one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
    /// Counted from the rotation.
    #[schema(maximum = 7_776_000)]
    overlap_seconds: Option<u32>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

/// Let the old secret live longer
///
/// At most 90 days from the rotation, and never beyond its own expiry or the key's.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotation/extend",
    operation_id = "extend_overlap",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = Extension,
    responses(Changed<KeyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.rotate")))
)]
pub(crate) async fn extend_overlap(ask: Ask<KeyRotate, Id<KeyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, KeyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<KeyRotate, Id<KeyId>>) -> Result<Effect<KeyId>, Instead> {
    let Extension { until, overlap_seconds, reason } = ask.body()?;
    let until = match (until, overlap_seconds) {
        (Some(Moment(until)), None) => OverlapEnd::At(until),
        (None, Some(seconds)) => OverlapEnd::AfterRotation { seconds },
        (Some(_), Some(_)) | (None, None) => {
            let said = "give either `until` or `overlap_seconds`";
            return Err(Problem::because(kinds::BODY_INVALID, said).with("pointer", "/until").into());
        }
    };
    let said = Said::because(Some(&reason));
    let command = ApiKeyCommand::ExtendOverlap(ExtendOverlap { now: ask.now(), until, reason });
    ask.execute::<ApiKey>(ask.id(), command, said).await
}
