//! Webhooks: one, and lists.

use domain::{WebhookId, access::Reach};

pub use crate::webhook_directory::WebhookRow;
use crate::{
    ReadFailure, ReadModel, WebhookStatus,
    queries::{
        Page, Select,
        select::{Belongs, Places},
    },
};

/// A webhook is of the team and the environments of its scope; one over everything is seen by who sees everything.
const SCOPES: Belongs = Belongs { team: Some("team = {}"), environment: Places::Listed("environments") };

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: WebhookId) -> Result<Option<WebhookRow>, ReadFailure> {
    let select = Select::new(include_str!("webhooks/select.sql"), vec![]).and("webhook_id = {}", id);
    model.fetch_one(select).await
}

/// Those in reach, in the order of their ids, which is that of their making. Deleted ones only where they are asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    status: Option<WebhookStatus>,
    reach: &Reach,
    page: &Page,
) -> Result<Vec<WebhookRow>, ReadFailure> {
    let select = Select::new(include_str!("webhooks/select.sql"), vec![])
        .and_some("webhook_id > {}", page.after.as_deref())
        .and_some("status = {}", status);
    let select = if status.is_none() { select.and_made("status <> 'deleted'") } else { select };
    let select = select.and_within(reach, &SCOPES).then(" order by webhook_id").limit(page.limit);
    model.fetch(select).await
}
