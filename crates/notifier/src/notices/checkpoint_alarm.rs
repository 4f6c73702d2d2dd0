//! Told when the audit log and its checkpoints do not agree, or checkpoints are not made any more; to the security officers and
//! the auditors.

use domain::{Position, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// The proof that the past is what it was is in doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CheckpointAlarm {
    /// In one sentence without a full stop: `the root of the checkpoint is not the log's`.
    pub what: String,
    /// The checkpoint's, or the log's where there is none.
    pub position: Position,
    pub found_at: Timestamp,
}

impl Tells for CheckpointAlarm {
    fn title(&self) -> String {
        format!("Audit log: {}", self.what)
    }

    fn severity(&self) -> Severity {
        Severity::Critical
    }

    fn subject(&self) -> String {
        "audit_log".to_owned()
    }

    fn client(&self) -> Option<&ClientRef> {
        None
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            what: "the root of the checkpoint is not the log's".to_owned(),
            position: Position::new(48_211),
            found_at: sample::after(0, 0),
        })
    }
}
