//! What every aggregate offers: a pure decision and a fold.

use std::fmt::Debug;

use serde::{Deserializer, Serialize, de::DeserializeOwned};

use crate::Refusal;

/// A consistency boundary: its events are decided one after the other, under one version.
pub trait Aggregate:
    Clone + Debug + Default + PartialEq + Send + Serialize + DeserializeOwned + Sync + 'static
{
    /// The stored name: `api_key`. Part of every event's type, so never changed.
    const TYPE: &'static str;

    type Command: Debug + Send + Sync;
    type Event: EventType;
    type Refusal: Refusal;

    /// The events this command causes in this state; none when there is nothing new to say.
    ///
    /// # Errors
    /// A refusal naming the rule and the values that broke it. The state is untouched.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Takes over what has happened. Cannot fail: a recorded event is a fact.
    fn apply(&mut self, event: &Self::Event);

    /// The state after these events.
    fn replay<'event>(events: impl IntoIterator<Item = &'event Self::Event>) -> Self
    where
        Self::Event: 'event,
    {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }
}

/// The stored name and version of an event.
pub trait EventType: Clone + Debug + PartialEq + Send + Serialize + DeserializeOwned + Sync {
    /// `<aggregate>.<event>`, such as `api_key.revoked`.
    fn event_type(&self) -> &'static str;

    /// The version its payload is written in. Older ones are raised on reading.
    fn event_version(&self) -> u16;

    /// The event of a stored name, from a payload in today's version. Does not look at the tag in the payload, and so
    /// need not keep all of it until the tag comes: twice as quick as telling the variant by it.
    ///
    /// # Errors
    /// When there is no event of that name, or the payload is not of its form.
    fn deserialize_as<'de, D: Deserializer<'de>>(event_type: &str, payload: D) -> Result<Self, D::Error>;
}

/// Gives each variant of an event enum its stored name and its schema; the payload's type is named like the variant. All are written in version 1 until one changes shape.
macro_rules! event_types {
    ($enum:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $crate::EventType for $enum {
            fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(..) => $name),+ }
            }
            fn event_version(&self) -> u16 { 1 }
            fn deserialize_as<'de, D: serde::Deserializer<'de>>(
                event_type: &str,
                payload: D,
            ) -> Result<Self, D::Error> {
                match event_type {
                    $($name => serde::Deserialize::deserialize(payload).map(Self::$variant),)+
                    _ => Err(serde::de::Error::custom("no event has this name")),
                }
            }
        }
        impl $enum {
            /// Every stored name, for schemas and subscriptions.
            pub const TYPES: &'static [&'static str] = &[$($name),+];

            pub(crate) fn schemas() -> Vec<$crate::schema::EventSchema> {
                vec![$($crate::schema::EventSchema::of::<$variant>($name)),+]
            }
        }
    };
}
pub(crate) use event_types;
