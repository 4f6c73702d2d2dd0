//! A rule as it is shown.

use domain::{
    NotificationRuleId, Timestamp, WebhookId,
    access::{Principal, ResourceFacts},
    api_client::ContactRole,
    notice::NoticeName,
    notification_rule::{About, Cadence, Recipient, ReportSettings, RuleSpec},
    personal::PersonalValues,
};
use projections::{
    NotificationRuleStatus, ReadFailure, ReadModel,
    queries::notification_rules::{self, NotificationRuleRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Resource,
    docs::form,
    facts::{read_client, read_within},
};

/// What is told, about what, to whom.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationRule)]
pub(crate) struct NotificationRuleView {
    #[schema(value_type = form::NotificationRuleId, inline)]
    id: NotificationRuleId,
    #[schema(value_type = form::NotificationRuleStatus, inline)]
    status: NotificationRuleStatus,
    name: String,
    #[schema(value_type = Vec<form::NoticeName>, inline)]
    notices: Vec<NoticeName>,
    /// Of quotas, in percent.
    thresholds: Vec<u8>,
    /// Of keys that expire.
    days_before: Vec<u16>,
    #[schema(value_type = form::About, inline)]
    about: About,
    recipients: Vec<RecipientView>,
    #[schema(value_type = form::Cadence, inline)]
    cadence: Cadence,
    /// Of usage reports.
    #[schema(value_type = Option<form::ReportSettings>, inline)]
    report: Option<ReportSettings>,
    /// Counts the rule's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Who is told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = Recipient)]
pub(crate) enum RecipientView {
    Contacts {
        #[schema(value_type = Option<form::ContactRole>, inline)]
        role: Option<ContactRole>,
    },
    Owner {},
    /// The address is null once erased.
    Address {
        #[schema(example = "desk@example.com")]
        address: Option<String>,
    },
    Named {},
    Webhook {
        #[schema(value_type = form::WebhookId, inline)]
        webhook_id: WebhookId,
    },
}

impl RecipientView {
    fn of(recipient: &Recipient, addresses: &PersonalValues) -> Self {
        match recipient {
            Recipient::Contacts { role } => Self::Contacts { role: *role },
            Recipient::Owner => Self::Owner {},
            Recipient::Address { address } => {
                Self::Address { address: addresses.get(address).map(ToString::to_string) }
            }
            Recipient::Named => Self::Named {},
            Recipient::Webhook { webhook_id } => Self::Webhook { webhook_id: *webhook_id },
        }
    }
}

impl NotificationRuleView {
    /// Some rules with what is left of their addresses.
    pub(super) async fn of(
        read: &ReadModel,
        rows: Vec<NotificationRuleRow>,
    ) -> Result<Vec<Self>, ReadFailure> {
        let recipients = rows.iter().flat_map(|row| &row.spec.recipients);
        let addresses = notification_rules::addresses(read, recipients).await?;
        Ok(rows.into_iter().map(|row| Self::with(row, &addresses)).collect())
    }

    fn with(row: NotificationRuleRow, addresses: &PersonalValues) -> Self {
        let NotificationRuleRow { rule_id, status, spec, version, position: _, made_at, updated_at } = row;
        let RuleSpec { name, notices, thresholds, days_before, about, recipients, cadence, report } = spec;
        Self {
            id: rule_id,
            status,
            name: name.to_string(),
            notices: notices.into_iter().collect(),
            thresholds: thresholds.into_iter().collect(),
            days_before: days_before.into_iter().collect(),
            about,
            recipients: recipients.iter().map(|one| RecipientView::of(one, addresses)).collect(),
            cadence,
            report,
            version,
            created_at: made_at,
            updated_at,
        }
    }
}

impl Resource for NotificationRuleView {
    type Id = NotificationRuleId;
    const COLLECTION: &'static str = "/v1/notification-rules";

    async fn read(read: &ReadModel, id: NotificationRuleId) -> Result<Option<Self>, ReadFailure> {
        let row = notification_rules::get(read, id).await?;
        Ok(Self::of(read, row.into_iter().collect()).await?.pop())
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, read: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        let About { client_id, team, environment } = &self.about;
        match (client_id, environment) {
            (Some(client_id), None) => read_client(read, *client_id).await,
            (Some(client_id), Some(environment)) => {
                read_within(read, Some(*client_id), environment.as_str()).await
            }
            (None, environment) => Ok(ResourceFacts::Owned {
                owner_team: team.clone(),
                environments: environment.iter().cloned().collect(),
            }),
        }
    }
}
