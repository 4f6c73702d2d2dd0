//! What may be asked of a webhook, and the rules that answer.

use super::{
    Created, Deleted, DisableCause, Disabled, Enabled, Endpoint, PATTERNS_MAX, ResendAsked, Revised,
    SecretRotated, SecretSource, TestAsked, VerificationAsked, Verified, Webhook, WebhookEvent, WebhookSpec,
    WebhookUrl,
};
use crate::{Aggregate, DeliveryId, Reason, Timestamp, refusal::refusals};

/// So long two secrets sign beside each other at most: a week.
pub const OVERLAP_SECONDS_MAX: u32 = 7 * 24 * 3_600;

/// What may be asked of a webhook.
#[derive(Clone, Debug)]
pub enum WebhookCommand {
    Create(CreateWebhook),
    Revise(ReviseWebhook),
    Verify(VerifyWebhook),
    RotateSecret(RotateWebhookSecret),
    Disable(DisableWebhook),
    Enable(EnableWebhook),
    Delete(DeleteWebhook),
    /// Has our challenge sent now.
    AskVerification,
    AskTest(AskTest),
    AskResend(AskResend),
}

/// Has a made-up event sent.
#[derive(Clone, Debug)]
pub struct AskTest {
    /// One that there is.
    pub event_type: Box<str>,
}

/// Has a message sent again.
#[derive(Clone, Copy, Debug)]
pub struct AskResend {
    pub delivery_id: DeliveryId,
}

/// Makes one.
#[derive(Clone, Debug)]
pub struct CreateWebhook {
    pub spec: WebhookSpec,
    /// Of the pepper that its secret is made from.
    pub pepper_version: u16,
}

/// Gives it another specification, whole.
#[derive(Clone, Debug)]
pub struct ReviseWebhook {
    pub spec: WebhookSpec,
}

/// Says that whoever answers there has echoed our challenge.
#[derive(Clone, Debug)]
pub struct VerifyWebhook {
    /// That was asked.
    pub url: WebhookUrl,
}

/// Has a new secret sign.
#[derive(Clone, Copy, Debug)]
pub struct RotateWebhookSecret {
    pub now: Timestamp,
    pub pepper_version: u16,
    /// So long the one in force signs beside it, in seconds; none: 24 hours.
    pub overlap_seconds: Option<u32>,
}

/// Has it told nothing for now.
#[derive(Clone, Debug)]
pub struct DisableWebhook {
    pub cause: DisableCause,
    /// Of what was found out about one URL: where it still is that one.
    pub url: Option<WebhookUrl>,
    pub reason: Option<Reason>,
}

/// Has it told again.
#[derive(Clone, Debug)]
pub struct EnableWebhook {
    pub reason: Option<Reason>,
}

/// Takes it away.
#[derive(Clone, Debug)]
pub struct DeleteWebhook {
    pub reason: Option<Reason>,
}

refusals! {
    /// Why a command about a webhook was refused.
    pub enum WebhookRefusal {
        NotThere = ("webhook_not_found", "there is no such webhook"),
        AlreadyThere = ("webhook_already_created", "the webhook is created already"),
        Deleted = ("webhook_deleted", "the webhook is deleted"),
        NoEvents = ("webhook_without_events", "a webhook needs at least one kind of event"),
        TooManyEvents { events: usize, events_max: usize }
            = ("webhook_too_many_events", "a webhook has at most {events_max} kinds of events, not {events}"),
        ScopeOfNothing = ("webhook_scope_empty", "the scope reaches nothing: name a team or environments, or `all`"),
        OverlapTooLong { overlap_seconds: u32, overlap_seconds_max: u32 }
            = ("webhook_overlap_too_long", "two secrets sign beside each other for at most {overlap_seconds_max} seconds, not {overlap_seconds}"),
        RotationRunning { previous_until: Timestamp }
            = ("webhook_rotation_running", "the secret before the current one still signs until {previous_until}; a third is not allowed beside them: wait, or rotate with an overlap of 0 seconds"),
        UrlChanged = ("webhook_url_changed", "the webhook has another URL by now"),
    }
}

impl Aggregate for Webhook {
    const TYPE: &'static str = "webhook";
    type Command = WebhookCommand;
    type Event = WebhookEvent;
    type Refusal = WebhookRefusal;

    fn decide(&self, command: &WebhookCommand) -> Result<Vec<WebhookEvent>, WebhookRefusal> {
        match (self, command) {
            (Self::Absent, WebhookCommand::Create(ask)) => create(ask),
            (Self::There(_) | Self::Deleted(_), WebhookCommand::Create(_)) => {
                Err(WebhookRefusal::AlreadyThere)
            }
            (Self::Absent, _) => Err(WebhookRefusal::NotThere),
            (Self::Deleted(_), WebhookCommand::Delete(_)) => Ok(vec![]),
            (Self::Deleted(_), _) => Err(WebhookRefusal::Deleted),
            (Self::There(endpoint), command) => endpoint.decide(command),
        }
    }

    fn apply(&mut self, event: &WebhookEvent) {
        self.fold(event);
    }
}

impl Endpoint {
    fn decide(&self, command: &WebhookCommand) -> Result<Vec<WebhookEvent>, WebhookRefusal> {
        let events = match command {
            WebhookCommand::Create(_) => return Err(WebhookRefusal::AlreadyThere),
            WebhookCommand::Revise(ReviseWebhook { spec }) => {
                check(spec)?;
                (self.spec != *spec).then(|| WebhookEvent::Revised(Revised { spec: spec.clone() }))
            }
            WebhookCommand::Verify(VerifyWebhook { url }) => {
                if *url != self.spec.url {
                    return Err(WebhookRefusal::UrlChanged);
                }
                (!self.verified).then(|| WebhookEvent::Verified(Verified { url: url.clone() }))
            }
            WebhookCommand::RotateSecret(ask) => Some(self.rotate(ask)?),
            WebhookCommand::Disable(DisableWebhook { cause, url, reason }) => {
                if url.as_ref().is_some_and(|url| *url != self.spec.url) {
                    return Err(WebhookRefusal::UrlChanged);
                }
                let disabled = || WebhookEvent::Disabled(Disabled { cause: *cause, reason: reason.clone() });
                self.disabled.is_none().then(disabled)
            }
            WebhookCommand::Enable(EnableWebhook { reason }) => {
                self.disabled.map(|_| WebhookEvent::Enabled(Enabled { reason: reason.clone() }))
            }
            WebhookCommand::Delete(DeleteWebhook { reason }) => {
                Some(WebhookEvent::Deleted(Deleted { reason: reason.clone() }))
            }
            WebhookCommand::AskVerification => {
                Some(WebhookEvent::VerificationAsked(VerificationAsked { url: self.spec.url.clone() }))
            }
            WebhookCommand::AskTest(AskTest { event_type }) => {
                Some(WebhookEvent::TestAsked(TestAsked { event_type: event_type.clone() }))
            }
            WebhookCommand::AskResend(AskResend { delivery_id }) => {
                Some(WebhookEvent::ResendAsked(ResendAsked { delivery_id: *delivery_id }))
            }
        };
        Ok(events.into_iter().collect())
    }

    fn rotate(&self, ask: &RotateWebhookSecret) -> Result<WebhookEvent, WebhookRefusal> {
        const DAY_SECONDS: u32 = 24 * 3_600;
        let RotateWebhookSecret { now, pepper_version, overlap_seconds } = *ask;
        let (overlap_seconds, overlap_seconds_max) =
            (overlap_seconds.unwrap_or(DAY_SECONDS), OVERLAP_SECONDS_MAX);
        if overlap_seconds > overlap_seconds_max {
            return Err(WebhookRefusal::OverlapTooLong { overlap_seconds, overlap_seconds_max });
        }
        // A third would end the one that receivers most likely still go by. Who asks for no overlap wants that.
        if let Some(running) = self.previous.filter(|previous| now < previous.until && overlap_seconds > 0) {
            return Err(WebhookRefusal::RotationRunning { previous_until: running.until });
        }
        let until = now.checked_add(jiff::SignedDuration::from_secs(overlap_seconds.into()));
        let secret = SecretSource { version: self.secret.version.saturating_add(1), pepper_version };
        Ok(WebhookEvent::SecretRotated(SecretRotated {
            secret,
            previous_until: until.unwrap_or(Timestamp::MAX),
        }))
    }
}

fn create(ask: &CreateWebhook) -> Result<Vec<WebhookEvent>, WebhookRefusal> {
    let CreateWebhook { spec, pepper_version } = ask;
    check(spec)?;
    let secret = SecretSource { version: 1, pepper_version: *pepper_version };
    Ok(vec![WebhookEvent::Created(Created { spec: spec.clone(), secret })])
}

fn check(spec: &WebhookSpec) -> Result<(), WebhookRefusal> {
    let WebhookSpec { name: _, url: _, events, scope } = spec;
    let (count, events_max) = (events.len(), PATTERNS_MAX);
    if events.is_empty() {
        return Err(WebhookRefusal::NoEvents);
    }
    if count > events_max {
        return Err(WebhookRefusal::TooManyEvents { events: count, events_max });
    }
    if scope.is_nothing() { Err(WebhookRefusal::ScopeOfNothing) } else { Ok(()) }
}
