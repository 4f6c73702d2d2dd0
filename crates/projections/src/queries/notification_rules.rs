//! Notification rules: one, lists, and the addresses in them.

use domain::{
    NotificationRuleId,
    access::Reach,
    notification_rule::Recipient,
    personal::{Personal, PersonalValues},
};

pub use crate::notification_rule_directory::NotificationRuleRow;
use crate::{
    BadColumn, Columns, NotificationRuleStatus, ReadFailure, ReadModel, Stored, Value,
    queries::{
        Page, Select,
        select::{Belongs, Places},
    },
};

/// A rule is of the team and the environment that it is about, or of its client's.
const ABOUT: Belongs = Belongs {
    team: Some(
        "(team = {} or client_id in (select own.client_id from client_directory own where own.owner_team = {}))",
    ),
    environment: Places::One("environment"),
};

/// # Errors
/// When the read model cannot be read.
pub async fn get(
    model: &ReadModel,
    id: NotificationRuleId,
) -> Result<Option<NotificationRuleRow>, ReadFailure> {
    let select = Select::new(include_str!("notification_rules/select.sql"), vec![]).and("rule_id = {}", id);
    model.fetch_one(select).await
}

/// Those in reach, in the order of their ids, which is that of their making. Ended ones only where they are asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    status: Option<NotificationRuleStatus>,
    reach: &Reach,
    page: &Page,
) -> Result<Vec<NotificationRuleRow>, ReadFailure> {
    let select = Select::new(include_str!("notification_rules/select.sql"), vec![])
        .and_some("rule_id > {}", page.after.as_deref())
        .and("status = {}", status.unwrap_or(NotificationRuleStatus::InForce))
        .and_within(reach, &ABOUT)
        .then(" order by rule_id")
        .limit(page.limit);
    model.fetch(select).await
}

struct Left {
    commitment: Personal,
    value: String,
}

impl Stored for Left {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { commitment: columns.parsed("commitment")?, value: columns.text("value")? })
    }
}

/// Asked for at once: below every engine's bound of parameters.
const AT_ONCE: usize = 500;

/// The addresses of these recipients, as far as they are not erased.
///
/// # Errors
/// When the read model cannot be read.
pub async fn addresses<'of>(
    model: &ReadModel,
    recipients: impl IntoIterator<Item = &'of Recipient>,
) -> Result<PersonalValues, ReadFailure> {
    let address = |recipient: &Recipient| match recipient {
        Recipient::Address { address } => Some(*address),
        Recipient::Contacts { .. } | Recipient::Owner | Recipient::Named | Recipient::Webhook { .. } => None,
    };
    let asked: Vec<Personal> = recipients.into_iter().filter_map(address).collect();
    let mut values = PersonalValues::new();
    for some in asked.chunks(AT_ONCE) {
        let commitments = some.iter().map(|commitment| Value::from(commitment.to_string()));
        let select = Select::new(include_str!("notification_rules/addresses.sql"), vec![]);
        let found: Vec<Left> = model.fetch(select.and_in("p.commitment in ({})", commitments)).await?;
        values.extend(found.into_iter().map(|Left { commitment, value }| (commitment, value.into())));
    }
    Ok(values)
}
