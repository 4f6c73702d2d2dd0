//! Told 60, 30, 14, 7, 3 days and 1 day before a key expires, unless it is rotated or revoked by then; to the client's technical
//! contacts and the team that owns it: which key, until when, and when it was last used.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key expires soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyExpiring {
    pub client: ClientRef,
    pub key: KeyRef,
    /// Calls from then on are refused.
    pub expires_at: Timestamp,
    /// Rounded up; 0 on the last day.
    pub days_left: u16,
    /// None: never, as far as is known.
    pub last_used_at: Option<Timestamp>,
}

impl Tells for KeyExpiring {
    fn title(&self) -> String {
        let when = match self.days_left {
            0 => "today".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        };
        format!("Key `{}` of {} expires {when}", self.key.name, self.client.name)
    }

    fn severity(&self) -> Severity {
        if self.days_left <= 7 { Severity::Warning } else { Severity::Info }
    }

    fn subject(&self) -> String {
        self.key.id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        Some(&self.client)
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            client: sample::client()?,
            key: sample::key()?,
            expires_at: sample::after(7, 0),
            days_left: 7,
            last_used_at: Some(sample::after(0, -1)),
        })
    }
}
