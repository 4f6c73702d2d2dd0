//! What is told: a notice with all that somebody needs to act on it, and nothing that must stay a secret.

pub(crate) mod sample;

use domain::{ClientId, Environment, KeyId, LimitName, Name, NoticeName, PolicyId, rate_limit_policy::Mode};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::notices::{
    ApprovalWanted, BreakGlassOpened, ChannelDown, CheckpointAlarm, ClientSuspended, EndpointDisabled,
    EndpointFailing, KeyExpired, KeyExpiring, KeyIssued, KeyLeaked, KeyQuarantined, KeyRevoked, KeyRotated,
    KeySuspended, OldSecretBusy, PolicyChanged, QuotaExhausted, QuotaThreshold, ThrottlingSpike, UsageReport,
};
pub(crate) use sample::{Sampled, sampled};

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something will stop working unless somebody acts.
    Warning,
    /// Something has stopped working, or somebody may be where they must not be.
    Critical,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The client that a notice is about, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ClientRef {
    pub id: ClientId,
    pub name: Name,
    pub owner_team: Name,
}

/// The key that a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyRef {
    pub id: KeyId,
    pub name: Name,
    pub environment: Environment,
    /// The last characters of its secret, for people who compare: `…x7Qa`.
    pub hint: String,
}

/// The policy that a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PolicyRef {
    pub id: PolicyId,
    pub name: Name,
    /// The revision in force.
    pub version: u32,
}

/// The limit that a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LimitRef {
    pub policy: PolicyRef,
    pub name: LimitName,
    /// In shadow mode nothing is refused by it.
    pub mode: Mode,
}

/// The id of whose use a limit counts: a key, a client, or all that its policy binds.
pub(crate) fn counted(key: Option<&KeyRef>, client: Option<&ClientRef>, limit: &LimitRef) -> String {
    match (key, client) {
        (Some(key), _) => key.id.to_string(),
        (None, Some(client)) => client.id.to_string(),
        (None, None) => limit.policy.id.to_string(),
    }
}

/// What every notice says of itself, so that it can be sorted, listed and headed without knowing which it is.
pub(crate) trait Tells: Sized {
    /// One line for people, without a full stop: the subject of a letter.
    fn title(&self) -> String;
    fn severity(&self) -> Severity;
    /// The id of what it is about.
    fn subject(&self) -> String;
    fn client(&self) -> Option<&ClientRef>;
    /// One with every field filled, the same on every machine.
    fn sample() -> Sampled<Self>;
}

macro_rules! notices {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// What somebody is told.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "notice")]
        pub enum Notice {
            $( #[serde(rename = $name)] $variant($variant) ),+
        }

        impl Notice {
            #[must_use]
            pub fn name(&self) -> NoticeName {
                match self { $( Self::$variant(_) => NoticeName::$variant ),+ }
            }

            /// One line for people, without a full stop: the subject of a letter. Names in it are as they were given.
            #[must_use]
            pub fn title(&self) -> String {
                match self { $( Self::$variant(notice) => notice.title() ),+ }
            }

            #[must_use]
            pub fn severity(&self) -> Severity {
                match self { $( Self::$variant(notice) => notice.severity() ),+ }
            }

            /// The id of what it is about, such as that of a key.
            #[must_use]
            pub fn subject(&self) -> String {
                match self { $( Self::$variant(notice) => notice.subject() ),+ }
            }

            #[must_use]
            pub fn client(&self) -> Option<&ClientRef> {
                match self { $( Self::$variant(notice) => notice.client() ),+ }
            }

            /// One of that name with every field filled, for previews and tests; the same on every machine.
            #[must_use]
            pub fn sample(name: NoticeName) -> Self {
                match name { $( NoticeName::$variant => Self::$variant(sampled($variant::sample())) ),+ }
            }
        }

        /// The JSON Schema of each notice as webhooks are posted it, with its name in `notice`.
        #[must_use]
        pub fn schemas() -> Vec<(NoticeName, Value)> {
            vec![$( (NoticeName::$variant, schema_of::<$variant>($name)) ),+]
        }

        $( impl From<$variant> for Notice {
            fn from(notice: $variant) -> Self { Self::$variant(notice) }
        } )+
    };
}

notices! {
    QuotaThreshold = "quota_threshold",
    QuotaExhausted = "quota_exhausted",
    ThrottlingSpike = "throttling_spike",
    KeyExpiring = "key_expiring",
    KeyExpired = "key_expired",
    KeyIssued = "key_issued",
    KeyRotated = "key_rotated",
    KeyRevoked = "key_revoked",
    KeySuspended = "key_suspended",
    KeyLeaked = "key_leaked",
    KeyQuarantined = "key_quarantined",
    OldSecretBusy = "old_secret_busy",
    ClientSuspended = "client_suspended",
    PolicyChanged = "policy_changed",
    ApprovalWanted = "approval_wanted",
    BreakGlassOpened = "break_glass_opened",
    EndpointFailing = "endpoint_failing",
    EndpointDisabled = "endpoint_disabled",
    ChannelDown = "channel_down",
    CheckpointAlarm = "checkpoint_alarm",
    UsageReport = "usage_report",
}

fn schema_of<Of: JsonSchema>(name: &'static str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema: Value = generator.into_root_schema_for::<Of>().into();
    let Some(members) = schema.as_object_mut() else { return schema };
    if let Some(properties) = members.entry("properties").or_insert(json!({})).as_object_mut() {
        properties.insert("notice".to_owned(), json!({ "type": "string", "const": name }));
    }
    if let Some(required) = members.entry("required").or_insert(json!([])).as_array_mut() {
        required.insert(0, json!("notice"));
    }
    schema
}

impl Notice {
    #[must_use]
    pub fn client_id(&self) -> Option<ClientId> {
        self.client().map(|client| client.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_notice_has_a_sample_that_reads_back_as_it_is_written() {
        for name in NoticeName::ALL {
            let notice = Notice::sample(name);
            assert_eq!(notice.name(), name);
            let written = serde_json::to_value(&notice).unwrap();
            assert_eq!(written["notice"], name.as_str());
            assert_eq!(serde_json::from_value::<Notice>(written).unwrap(), notice);
            assert!(!notice.subject().is_empty());
        }
    }

    #[test]
    fn a_title_is_one_short_line_without_a_full_stop() {
        let titles = NoticeName::ALL.map(|name| Notice::sample(name).title());
        for title in &titles {
            assert!((10..=100).contains(&title.chars().count()), "{title}");
            assert!(!title.ends_with('.') && !title.contains('\n'), "{title}");
        }
        assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len());
    }

    #[test]
    fn no_notice_has_a_place_for_a_secret_or_an_address() {
        for name in NoticeName::ALL {
            let mut fields = BTreeSet::new();
            fields_of(&serde_json::to_value(Notice::sample(name)).unwrap(), &mut fields);
            for word in ["digest", "locator", "secret", "email", "address", "password"] {
                assert!(!fields.contains(word), "{name}: {word}");
            }
        }
    }

    fn fields_of(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    into.insert(name.clone());
                    fields_of(value, into);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| fields_of(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
