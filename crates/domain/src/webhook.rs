//! A webhook: an address of HTTP that is told of events as they happen.

mod commands;
mod events;
mod pattern;
mod secret;
mod state;
#[cfg(test)]
mod tests;
mod url;

pub use commands::{
    AskResend, AskTest, CreateWebhook, DeleteWebhook, DisableWebhook, EnableWebhook, OVERLAP_SECONDS_MAX,
    ReviseWebhook, RotateWebhookSecret, VerifyWebhook, WebhookCommand, WebhookRefusal,
};
pub use events::{
    Created, Deleted, DisableCause, Disabled, Enabled, ResendAsked, Revised, SecretRotated, SecretSource,
    TestAsked, VerificationAsked, Verified, WebhookEvent, WebhookSpec,
};
pub use pattern::{EventPattern, PATTERNS_MAX};
pub use secret::{signing_secret, signing_seed};
pub use state::{Endpoint, PreviousSecret, Webhook};
pub use url::WebhookUrl;
