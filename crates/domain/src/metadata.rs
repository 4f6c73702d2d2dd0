//! What is known of every event beside its payload: who, from where, why, and in which chain of causes.

use std::{borrow::Cow, ops::Deref};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, personal::Personal};

/// The audited circumstances of an event. Serialises to a flat object of strings, which is the form that the
/// cqrs-es stores read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// When the command was decided, by the clock of the instance that took it.
    pub occurred_at: Timestamp,
    /// The principal's id: `bootstrap-admin`, `system:scheduler`.
    pub actor: String,
    pub actor_kind: ActorKind,
    /// How the principal proved itself: `bootstrap_token`, `internal`.
    pub authenticated_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The grant that allowed the command: `role:admin`.
    pub allowed_by: String,
    /// Commitment to the caller's network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal>,
    /// At most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    pub request_id: String,
    /// The same for everything that one request set in motion.
    pub correlation_id: String,
    /// The event or command that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Names the command; the caller's idempotency key when it gave one.
    pub command_id: String,
}

/// The same where it stands, for who only hands it on: nothing is copied out of the text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circumstances<'text> {
    pub occurred_at: Timestamp,
    #[serde(borrow)]
    pub actor: Words<'text>,
    pub actor_kind: ActorKind,
    pub authenticated_by: Words<'text>,
    #[serde(default)]
    pub on_behalf_of: Option<Words<'text>>,
    pub allowed_by: Words<'text>,
    #[serde(default)]
    pub address: Option<Personal>,
    #[serde(default)]
    pub user_agent: Option<Words<'text>>,
    pub request_id: Words<'text>,
    pub correlation_id: Words<'text>,
    #[serde(default)]
    pub causation_id: Option<Words<'text>>,
    #[serde(default)]
    pub reason: Option<Words<'text>>,
    pub command_id: Words<'text>,
}

/// A text of another; a copy only where that one spells it with escapes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Words<'text>(#[serde(borrow)] Cow<'text, str>);

impl Deref for Words<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'text> From<&'text Metadata> for Circumstances<'text> {
    fn from(metadata: &'text Metadata) -> Self {
        let Metadata { occurred_at, actor, actor_kind, authenticated_by, on_behalf_of, allowed_by, .. } =
            metadata;
        let Metadata { address, user_agent, request_id, correlation_id, causation_id, .. } = metadata;
        let Metadata { reason, command_id, .. } = metadata;
        let words = |text: &'text String| Words(Cow::Borrowed(text));
        Self {
            occurred_at: *occurred_at,
            actor: words(actor),
            actor_kind: *actor_kind,
            authenticated_by: words(authenticated_by),
            on_behalf_of: on_behalf_of.as_ref().map(words),
            allowed_by: words(allowed_by),
            address: *address,
            user_agent: user_agent.as_ref().map(words),
            request_id: words(request_id),
            correlation_id: words(correlation_id),
            causation_id: causation_id.as_ref().map(words),
            reason: reason.as_ref().map(words),
            command_id: words(command_id),
        }
    }
}

/// What kind of principal acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    Person,
    ServiceAccount,
    /// Tollgate itself, carrying out what an earlier command or the clock demands.
    System,
}

impl ActorKind {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
            Self::System => "system",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{given::at, personal::PersonalValue};

    fn metadata() -> Metadata {
        Metadata {
            occurred_at: at(0),
            actor: "bootstrap-admin".to_owned(),
            actor_kind: ActorKind::ServiceAccount,
            authenticated_by: "bootstrap_token".to_owned(),
            on_behalf_of: Some("ada".to_owned()),
            allowed_by: "role:admin".to_owned(),
            address: Some(PersonalValue::new([1; 16], "192.0.2.1").commitment()),
            user_agent: None,
            request_id: "req-1".to_owned(),
            correlation_id: "cor-1".to_owned(),
            causation_id: None,
            reason: None,
            command_id: "cmd-1".to_owned(),
        }
    }

    #[test]
    fn metadata_is_a_flat_object_of_strings_without_plain_personal_data() {
        let written = serde_json::to_value(metadata()).unwrap();
        let fields = written.as_object().unwrap();
        assert!(fields.values().all(Value::is_string), "{written}");
        assert!(!fields.contains_key("user_agent"), "{written}");
        assert!(!written.to_string().contains("192.0.2.1"), "{written}");
        assert_eq!(serde_json::from_value::<Metadata>(written).unwrap(), metadata());
    }

    #[test]
    fn metadata_with_an_unknown_field_is_not_read() {
        let mut written = serde_json::to_value(metadata()).unwrap();
        written["adress"] = json!("192.0.2.1");
        assert!(serde_json::from_str::<Circumstances<'_>>(&written.to_string()).is_err());
        assert!(serde_json::from_value::<Metadata>(written).is_err());
    }

    #[test]
    fn metadata_is_the_same_where_it_stands() {
        let full = Metadata {
            user_agent: Some("a \"quoted\" program".to_owned()),
            causation_id: Some("evt-1".to_owned()),
            reason: Some("because".to_owned()),
            ..metadata()
        };
        for metadata in [metadata(), full] {
            let text = serde_json::to_string(&metadata).unwrap();
            let there: Circumstances<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(there, Circumstances::from(&metadata));
            assert!(matches!(there.command_id.0, Cow::Borrowed(_)), "nothing is copied");
        }
        for kind in [ActorKind::Person, ActorKind::ServiceAccount, ActorKind::System] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
