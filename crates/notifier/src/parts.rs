//! What a notifier works with.

use std::{sync::Arc, time::Duration};

use domain::{SharedClock, Timestamp, secret::Peppers};
use eventlog::{EventLog, LogFailure};
use jiff::{SignedDuration, tz::TimeZone};
use outbox::{Outbox, OutboxFailure};
use projections::{ReadFailure, ReadModel, Visibility, queries::usage::TooManyWindows};

use crate::{
    mail::Smtp,
    templates::{PublicUrl, TemplateFailure, Templates},
};

/// Everything that a notifier needs from whoever runs it.
#[derive(Clone)]
pub struct Parts {
    pub log: EventLog,
    pub read: ReadModel,
    pub visibility: Visibility,
    pub outbox: Outbox,
    pub clock: SharedClock,
    /// What the secrets of webhooks are made from.
    pub peppers: Peppers,
    /// What may be called out to, and how.
    pub web: outbound::Client,
    /// None: no letters are sent, and what would be one waits.
    pub mail: Option<Arc<Smtp>>,
    pub templates: Arc<Templates>,
    /// Where people reach the console: links in letters begin with it.
    pub public_url: PublicUrl,
    /// In which letters show times.
    pub zone: TimeZone,
    pub settings: Settings,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("outbox", &self.outbox).finish_non_exhaustive()
    }
}

/// How a notifier goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Deliveries to webhooks under way at once.
    pub webhooks_at_once: u32,
    /// Of them to one endpoint.
    pub webhooks_per_endpoint: u32,
    /// Letters under way at once.
    pub letters_at_once: u32,
    /// No attempt takes longer: it is broken off, and has failed.
    pub attempt_max: Duration,
    /// How long a delivery is this process's to try: longer than that.
    pub lease: Duration,
    /// After such a time in which no notifier ran, what has piled up is told in one letter to each address.
    pub silence: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            webhooks_at_once: 512,
            webhooks_per_endpoint: 2,
            letters_at_once: 8,
            attempt_max: Duration::from_secs(60),
            lease: Duration::from_secs(120),
            silence: Duration::from_secs(3_600),
        }
    }
}

/// Letters that are gathered after a silence go out so long after they were found.
const GATHERED_FOR: SignedDuration = SignedDuration::from_secs(60);

impl Settings {
    /// Until when letters are gathered; none where somebody was here lately. `since`: when the event was recorded, or the last look
    /// at the time was.
    pub(crate) fn catching_up(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let silence = SignedDuration::try_from(self.silence).unwrap_or(SignedDuration::MAX);
        let silent = now.duration_since(since) > silence;
        silent.then(|| now.checked_add(GATHERED_FOR).unwrap_or(now))
    }
}

/// Why a notifier does not get on now. It tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Log(#[from] LogFailure),
    #[error(transparent)]
    Read(#[from] ReadFailure),
    #[error(transparent)]
    Outbox(#[from] OutboxFailure),
    #[error("writing what is told as JSON")]
    Json(#[from] serde_json::Error),
    /// An erasure has left too little of it.
    #[error("reading what was kept to be told")]
    Unreadable { source: serde_json::Error },
    #[error("a try took longer than it may")]
    TookTooLong,
    #[error("adding up a usage report")]
    Report(#[from] TooManyWindows),
    #[error("writing a usage report as CSV")]
    Csv(#[from] csv::Error),
    #[error("writing a letter")]
    Letter(#[from] TemplateFailure),
    #[error("making what is attached to a letter")]
    Attachment { source: Box<Self> },
}
