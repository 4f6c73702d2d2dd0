//! A webhook as its events have made it.

use serde::{Deserialize, Serialize};

use super::{
    Created, DisableCause, Disabled, Revised, SecretRotated, SecretSource, Verified, WebhookEvent,
    WebhookSpec,
};
use crate::Timestamp;

/// A webhook's state. Deleted is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Webhook {
    #[default]
    Absent,
    There(Box<Endpoint>),
    Deleted(Box<Endpoint>),
}

/// What is told, where, and signed by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub spec: WebhookSpec,
    pub verified: bool,
    /// None while it is told.
    pub disabled: Option<DisableCause>,
    pub secret: SecretSource,
    pub previous: Option<PreviousSecret>,
}

/// The secret before the one in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    pub secret: SecretSource,
    /// It signs until then.
    pub until: Timestamp,
}

impl Webhook {
    /// None before it was made. One that is deleted still says what it was.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Absent => None,
            Self::There(endpoint) | Self::Deleted(endpoint) => Some(endpoint),
        }
    }

    pub(super) fn fold(&mut self, event: &WebhookEvent) {
        let endpoint = match (event, std::mem::take(self)) {
            (WebhookEvent::Created(Created { spec, secret }), _) => Box::new(Endpoint {
                spec: spec.clone(),
                verified: false,
                disabled: None,
                secret: *secret,
                previous: None,
            }),
            (_, Self::Absent) => return,
            (WebhookEvent::Deleted(_), Self::There(endpoint)) | (_, Self::Deleted(endpoint)) => {
                *self = Self::Deleted(endpoint);
                return;
            }
            (_, Self::There(endpoint)) => endpoint,
        };
        *self = Self::There(Box::new(endpoint.after(event)));
    }
}

impl Endpoint {
    /// Whether anything is sent there.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.verified && self.disabled.is_none()
    }

    /// The secrets that sign at this moment, the newest first.
    #[must_use]
    pub fn secrets(&self, now: Timestamp) -> Vec<SecretSource> {
        let previous = self.previous.filter(|previous| now < previous.until);
        [Some(self.secret), previous.map(|previous| previous.secret)].into_iter().flatten().collect()
    }

    fn after(mut self, event: &WebhookEvent) -> Self {
        match event {
            WebhookEvent::Created(_)
            | WebhookEvent::Deleted(_)
            | WebhookEvent::VerificationAsked(_)
            | WebhookEvent::TestAsked(_)
            | WebhookEvent::ResendAsked(_) => {}
            WebhookEvent::Revised(Revised { spec }) => {
                self.verified = self.verified && self.spec.url == spec.url;
                self.spec = spec.clone();
            }
            WebhookEvent::Verified(Verified { url }) => self.verified = *url == self.spec.url,
            WebhookEvent::SecretRotated(SecretRotated { secret, previous_until }) => {
                self.previous = Some(PreviousSecret { secret: self.secret, until: *previous_until });
                self.secret = *secret;
            }
            WebhookEvent::Disabled(Disabled { cause, reason: _ }) => self.disabled = Some(*cause),
            WebhookEvent::Enabled(_) => self.disabled = None,
        }
        self
    }
}
