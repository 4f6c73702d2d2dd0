//! Told when the limits that hold for a client have changed: a policy was revised, assigned to it or taken from it; to the
//! client's technical contacts and the team that owns it: what holds now, line by line.

use domain::{Name, PolicyId, Reason, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// Other limits hold for a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PolicyChanged {
    pub client: ClientRef,
    pub policy_id: PolicyId,
    pub policy_name: Name,
    /// None: it did not hold for the client before.
    pub old_version: Option<u32>,
    /// None: it holds for the client no more.
    pub new_version: Option<u32>,
    pub changed_at: Timestamp,
    /// The principal's id.
    pub changed_by: String,
    pub reason: Option<Reason>,
    /// For people, a line a change: `monthly: 2,000,000 calls instead of 1,000,000`.
    pub changes: Vec<String>,
}

impl Tells for PolicyChanged {
    fn title(&self) -> String {
        format!("The limits of {} have changed", self.client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Info
    }

    fn subject(&self) -> String {
        self.client.id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        Some(&self.client)
    }

    fn sample() -> Sampled<Self> {
        let policy = sample::policy()?;
        Ok(Self {
            client: sample::client()?,
            policy_id: policy.id,
            policy_name: policy.name,
            old_version: Some(2),
            new_version: Some(3),
            changed_at: sample::after(0, 0),
            changed_by: sample::principal(),
            reason: Some(sample::text("as agreed for the spring campaign")?),
            changes: vec![
                "monthly: 2,000,000 calls instead of 1,000,000".to_owned(),
                "per-second: 50 calls, at most 100 at once, as before".to_owned(),
            ],
        })
    }
}
