//! What is said of a rule, and whether what it names is there.

use domain::{
    NoticeName, WebhookId,
    access::{Permission, ResourceFacts},
    api_client::{ApiClient, ApiClientRefusal, ContactRole},
    notification_rule::{About, Recipient, ReportForm, RuleSpec},
    personal::{PersonalValue, PersonalValues},
    webhook::{Webhook, WebhookRefusal},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ask::{Ask, Said},
    body::Object,
    docs::form,
    guard::Needs,
    problem::Problem,
    random::Random,
    values::Email,
};

/// Who is told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = NewRecipient)]
pub(crate) enum RecipientBody {
    /// The contacts of the client that it is about; of one role, or all.
    Contacts {
        #[schema(value_type = Option<form::ContactRole>, inline)]
        role: Option<ContactRole>,
    },
    /// Whoever owns the client.
    Owner {},
    /// One address, whatever it is about.
    Address {
        #[schema(value_type = String, format = Email, max_length = 254, example = "desk@example.com")]
        address: Email,
    },
    /// Whoever the event itself names: those who may approve, every administrator in an emergency.
    Named {},
    /// A webhook, beside what it subscribes to.
    Webhook {
        #[schema(value_type = form::WebhookId, inline)]
        webhook_id: WebhookId,
    },
}

pub(super) type Recipients = Vec<Object<RecipientBody>>;

/// Recipients on their way into the log: the command takes commitments, the log the addresses behind them.
pub(super) struct Told {
    pub(super) recipients: Vec<Recipient>,
    addresses: Vec<PersonalValue>,
}

impl Told {
    pub(super) fn seal(recipients: Recipients, random: &dyn Random) -> Self {
        let mut addresses = vec![];
        let seal = |Object(recipient)| match recipient {
            RecipientBody::Contacts { role } => Recipient::Contacts { role },
            RecipientBody::Owner {} => Recipient::Owner,
            RecipientBody::Address { address } => {
                let value = address.seal(random);
                let address = value.commitment();
                addresses.push(value);
                Recipient::Address { address }
            }
            RecipientBody::Named {} => Recipient::Named,
            RecipientBody::Webhook { webhook_id } => Recipient::Webhook { webhook_id },
        };
        let recipients = recipients.into_iter().map(seal).collect();
        Self { recipients, addresses }
    }

    /// The addresses by their commitments.
    pub(super) fn values(self) -> PersonalValues {
        self.addresses.iter().map(|value| (value.commitment(), value.text().into())).collect()
    }

    pub(super) fn said(self) -> Said {
        Said { personal: self.addresses, ..Said::nothing() }
    }
}

/// Refuses where a webhook is not there, or not for whoever names it.
pub(super) async fn check_recipients<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    recipients: &[Recipient],
) -> Result<(), Problem> {
    for (place, recipient) in recipients.iter().enumerate() {
        let Recipient::Webhook { webhook_id } = recipient else { continue };
        let webhook = ask.load::<Webhook>(*webhook_id).await?.state;
        if !matches!(*webhook, Webhook::There(_)) {
            let problem = Problem::refused_reference(&WebhookRefusal::NotThere, "/recipients");
            return Err(problem.with("pointer", format!("/recipients/{place}/webhook_id")));
        }
    }
    Ok(())
}

/// Refuses where the client is not there, or not for whoever names it.
pub(super) async fn check_about<P: Needs, W, Q>(ask: &Ask<P, W, Q>, about: &About) -> Result<(), Problem> {
    let Some(client_id) = about.client_id else { return Ok(()) };
    let client = ask.load::<ApiClient>(client_id).await?.state;
    if client.profile().is_none() {
        return Err(Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/about/client_id"));
    }
    Ok(())
}

/// Whoever has usage told reads it, and has it taken out where its rows are sent.
pub(super) fn check_report<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    spec: &RuleSpec,
    facts: &ResourceFacts,
) -> Result<(), Problem> {
    if !spec.notices.contains(&NoticeName::UsageReport) {
        return Ok(());
    }
    ask.allow_also(Permission::ReportRead, facts)?;
    if spec.report.as_ref().is_some_and(|report| report.form == ReportForm::Csv) {
        ask.allow_also(Permission::ReportExport, facts)?;
    }
    Ok(())
}
