//! What happened to a notification rule.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ClientId, Environment, Name, Reason, WebhookId, aggregate::event_types, api_client::ContactRole,
    notice::NoticeName, personal::Personal, rate_limit_policy::TimeZoneName,
};

/// A fact about a notification rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum NotificationRuleEvent {
    Made(Made),
    Revised(Revised),
    Ended(Ended),
}

event_types!(NotificationRuleEvent {
    Made = "notification_rule.made",
    Revised = "notification_rule.revised",
    Ended = "notification_rule.ended",
});

/// In percent of a quota.
pub const DEFAULT_THRESHOLDS: [u8; 4] = [50, 80, 90, 100];
/// Before a key expires.
pub const DEFAULT_DAYS_BEFORE: [u16; 6] = [60, 30, 14, 7, 3, 1];

/// What is told, about what, to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleSpec {
    pub name: Name,
    /// At least one.
    pub notices: BTreeSet<NoticeName>,
    /// Of quotas, in percent, 1 to 100.
    pub thresholds: BTreeSet<u8>,
    /// Of keys that expire, in days, 1 to 365.
    pub days_before: BTreeSet<u16>,
    pub about: About,
    /// 1 to 20.
    pub recipients: Vec<Recipient>,
    pub cadence: Cadence,
    /// Of usage reports; there where the rule names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportSettings>,
}

/// Which usage reports are told, and what is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    pub every: ReportEvery,
    /// Whose weeks and months.
    pub time_zone: TimeZoneName,
    pub form: ReportForm,
}

/// How often. A report is about the whole week, from Monday, or the whole month that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportEvery {
    Week,
    Month,
}

/// What a letter has of a usage report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportForm {
    /// The sums and the top endpoints, in its text.
    Summary,
    /// The same, and the rows as an attached CSV.
    Csv,
}

/// About what: everything that is given has to hold. With nothing given it is about everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What this team owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recipient {
    /// The contacts of the client that it is about; of one role, or all.
    Contacts { role: Option<ContactRole> },
    /// Whoever owns the client.
    Owner,
    /// One address, whatever it is about.
    Address { address: Personal },
    /// Whoever the event itself names: those who may approve, every administrator of an emergency.
    Named,
    /// A webhook, beside what it subscribes to.
    Webhook { webhook_id: WebhookId },
}

/// When it is told by e-mail. Webhooks are told at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cadence {
    Immediate,
    /// Together with all else of the day.
    Digest {
        /// 0 to 23, of the day in that zone.
        hour: u8,
        time_zone: TimeZoneName,
        /// Teams that are elsewhere: what is about a client of theirs is told at that hour of their day. At most 50.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        team_zones: BTreeMap<Name, TimeZoneName>,
    },
}

/// The rule holds from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Made {
    pub spec: RuleSpec,
}

/// It says this from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revised {
    pub spec: RuleSpec,
}

/// By this rule nothing is told any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    pub reason: Option<Reason>,
}
