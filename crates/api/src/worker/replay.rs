//! What a webhook was sent, sent again.

use domain::{
    DeliveryId,
    operation::{Item, ItemResult, ReplayPlan, Run},
};
use outbox::{Entry, ReplayFilter, Replayed};

use super::Stuck;
use crate::Api;

/// The next page of a replay. Items that nothing is left for are done, too: what they were about has gone, or has been sent
/// again by somebody else, since they were counted.
pub(super) async fn items(api: &Api, run: &Run, at_once: usize) -> Result<Vec<Item>, Stuck> {
    let Some(plan) = &run.replay else { return Ok(vec![]) };
    let left = usize::try_from(run.items_total.saturating_sub(run.done)).unwrap_or(usize::MAX);
    let wanted = left.min(at_once);
    let numbers = run.done.saturating_add(1)..=run.items_total;
    // An item of nothing bears the webhook's name: behind it there is no more.
    let webhook = plan.webhook_id.to_string();
    let sent = if run.last.as_deref() == Some(webhook.as_str()) {
        vec![]
    } else {
        let max = u32::try_from(wanted).unwrap_or(u32::MAX);
        let after = place(api, run).await?;
        let now = api.clock.now();
        let Replayed { sent, .. } =
            api.outbox.replay(plan.webhook_id, &filter(plan), after, max, now).await?;
        sent
    };
    let applied = sent.iter().map(|id| (id.to_string(), ItemResult::Applied));
    let gone = std::iter::repeat_with(|| (webhook.clone(), ItemResult::Unchanged));
    let item = |(number, (subject, result))| Item {
        number,
        subject,
        key_id: None,
        result,
        code: None,
        detail: None,
    };
    Ok(numbers.zip(applied.chain(gone)).take(wanted).map(item).collect())
}

/// Behind what was sent last. Where that is not kept any more, from the beginning.
async fn place(api: &Api, run: &Run) -> Result<Option<Entry>, Stuck> {
    let last: Option<DeliveryId> = run.last.as_deref().and_then(|subject| subject.parse().ok());
    match last {
        Some(id) => Ok(api.outbox.delivery(id).await?.map(|row| row.entry)),
        None => Ok(None),
    }
}

/// What the outbox is asked for.
pub(crate) fn filter(plan: &ReplayPlan) -> ReplayFilter {
    let ReplayPlan { webhook_id: _, from, until, after_position, types, states } = plan;
    ReplayFilter {
        from: *from,
        until: Some(*until),
        types: types.iter().cloned().collect(),
        states: states.iter().filter_map(|state| state.parse().ok()).collect(),
        position_after: *after_position,
    }
}
