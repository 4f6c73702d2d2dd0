//! What the admin API asks of the notifier, which it does not know.

use std::pin::Pin;

use domain::{MessageId, NoticeName, Timestamp, notification_rule::RuleSpec, personal::PersonalValues};
use serde::Serialize;
use serde_json::Value;

/// What a rule would have told. None of it is sent, and none counts as told.
pub trait Previews: Send + Sync + 'static {
    /// Of the last days, until then. `addresses`: the values behind the commitments in the rule.
    fn preview<'a>(
        &'a self,
        spec: &'a RuleSpec,
        addresses: PersonalValues,
        until: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Preview, PreviewsAway>> + Send + 'a>>;

    /// The body of a notice that never was.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which does not happen.
    fn sample(&self, made_up: MadeUp) -> Result<Value, PreviewsAway>;
}

/// A made-up notice, formed as a webhook is told of one.
#[derive(Clone, Copy, Debug)]
pub struct MadeUp {
    pub notice: NoticeName,
    pub message_id: MessageId,
    pub at: Timestamp,
}

/// The log or the read models cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("looking at what a rule would have told")]
pub struct PreviewsAway(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What would have been told.
#[derive(Debug, Serialize)]
pub struct Preview {
    pub from: Timestamp,
    pub until: Timestamp,
    pub notices_total: u64,
    /// The newest first, and the first of them where there are many.
    pub notices: Vec<Previewed>,
    /// There was more to look at than is looked at for a preview.
    pub cut: bool,
    /// From when on it is known how full quotas were; none where the rule names none, or nothing is known.
    pub quotas_from: Option<Timestamp>,
    /// What the rule names and a preview knows nothing of.
    pub left_out: Vec<NoticeName>,
}

/// One notice.
#[derive(Debug, Serialize)]
pub struct Previewed {
    pub at: Timestamp,
    pub title: String,
    /// How many of each it would have gone to.
    pub addresses: usize,
    pub webhooks: usize,
    /// As a webhook would be told.
    pub data: Value,
}
