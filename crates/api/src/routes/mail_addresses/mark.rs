//! `POST /v1/mail-addresses/mark` and `POST /v1/mail-addresses/unmark`

use axum::Json;
use domain::{
    Reason,
    observation::{AddressesMarked, AddressesUnmarked, ObservationEvent},
    personal::PersonalValue,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ask::Ask,
    docs::{AskProblems, FoundPlain, form},
    facts::ANYTHING,
    guard::needs::NotificationRuleWrite,
    problem::{Problem, kinds},
    random::salt,
};

const ADDRESSES_MAX: usize = 100;

/// Addresses that mail does not reach, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unreachable {
    /// 1 to 100.
    #[schema(min_items = 1, max_items = 100, value_type = Vec<String>)]
    addresses: Vec<String>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

/// Addresses that mail reaches again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reachable {
    /// 1 to 100.
    #[schema(min_items = 1, max_items = 100, value_type = Vec<String>)]
    addresses: Vec<String>,
}

/// How many addresses it has changed something for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkedAddresses)]
pub(crate) struct MarkedView {
    addresses: usize,
}

/// Mark addresses as unreachable
///
/// For bounces that come after the mail server took the letter. Nothing is sent to them for a week, or until they are unmarked: what is
/// for them goes to the client's owner. It is on record; the addresses are kept there as all personal values are. A dry run
/// answers for how many it would be.
#[utoipa::path(
    post,
    path = "/v1/mail-addresses/mark",
    operation_id = "mark_mail_addresses",
    tag = "notifications",
    request_body = Unreachable,
    responses(FoundPlain<MarkedView>, AskProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.write")))
)]
pub(crate) async fn mark(ask: Ask<NotificationRuleWrite>) -> Result<Json<MarkedView>, Problem> {
    ask.allow(&ANYTHING)?;
    let Unreachable { addresses, reason } = ask.body()?;
    let sealed = sealed(&ask, &addresses)?;
    if !ask.is_dry_run() {
        let marked = AddressesMarked { addresses: commitments(&sealed), reason: reason.clone() };
        observe(&ask, ObservationEvent::AddressesMarked(marked), sealed).await?;
        for address in &addresses {
            let marked = ask.outbox().mark_address(address, reason.as_str(), ask.now()).await;
            marked.map_err(|failure| Problem::unsent(&failure))?;
        }
    }
    Ok(Json(MarkedView { addresses: addresses.len() }))
}

/// Unmark addresses
///
/// Letters go to them again. One that is not marked stays as it is.
#[utoipa::path(
    post,
    path = "/v1/mail-addresses/unmark",
    operation_id = "unmark_mail_addresses",
    tag = "notifications",
    request_body = Reachable,
    responses(FoundPlain<MarkedView>, AskProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.write")))
)]
pub(crate) async fn unmark(ask: Ask<NotificationRuleWrite>) -> Result<Json<MarkedView>, Problem> {
    ask.allow(&ANYTHING)?;
    let Reachable { addresses } = ask.body()?;
    let sealed = sealed(&ask, &addresses)?;
    if !ask.is_dry_run() {
        let unmarked = AddressesUnmarked { addresses: commitments(&sealed) };
        observe(&ask, ObservationEvent::AddressesUnmarked(unmarked), sealed).await?;
    }
    let mut changed = 0;
    for address in &addresses {
        let was_marked = if ask.is_dry_run() {
            ask.outbox().is_marked(address).await.map(|marked| marked.is_some())
        } else {
            ask.outbox().unmark_address(address).await
        };
        changed += usize::from(was_marked.map_err(|failure| Problem::unsent(&failure))?);
    }
    Ok(Json(MarkedView { addresses: changed }))
}

fn sealed(ask: &Ask<NotificationRuleWrite>, addresses: &[String]) -> Result<Vec<PersonalValue>, Problem> {
    let wrong = |pointer: String, why: String| {
        Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", pointer))
    };
    if !(1..=ADDRESSES_MAX).contains(&addresses.len()) {
        return wrong("/addresses".to_owned(), "1 to 100 addresses at once".to_owned());
    }
    let mut sealed = vec![];
    for (at, address) in addresses.iter().enumerate() {
        match PersonalValue::email(salt(ask.random()), address) {
            Ok(value) => sealed.push(value),
            Err(invalid) => return wrong(format!("/addresses/{at}"), invalid.to_string()),
        }
    }
    Ok(sealed)
}

fn commitments(values: &[PersonalValue]) -> Vec<domain::personal::Personal> {
    values.iter().map(PersonalValue::commitment).collect()
}

/// First: what is not on record is not done.
async fn observe(
    ask: &Ask<NotificationRuleWrite>,
    event: ObservationEvent,
    personal: Vec<PersonalValue>,
) -> Result<(), Problem> {
    let recorded = ask.door().api().observe_with(ask.doer(), event, personal, ask.circumstances()).await;
    recorded.map_err(|failure| Problem::failed(&failure))
}
