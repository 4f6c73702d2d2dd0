//! Told when somebody has proposed what needs a second person; to those who may decide: what it is, why, and by when.

use domain::{ApprovalId, Environment, Reason, Timestamp, access::Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// A request waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ApprovalWanted {
    pub approval_id: ApprovalId,
    /// What it needs.
    pub permission: Permission,
    pub environment: Option<Environment>,
    /// The principal's id.
    pub asked_by: String,
    pub reason: Option<Reason>,
    /// Nobody can approve it from then on.
    pub until: Timestamp,
}

impl Tells for ApprovalWanted {
    fn title(&self) -> String {
        let place = self.environment.as_ref().map(|place| format!(" in {place}")).unwrap_or_default();
        format!("Approval wanted: {}{place}", self.permission.as_str())
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn subject(&self) -> String {
        self.approval_id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        None
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            approval_id: sample::id(ApprovalId::from_parts, 6),
            permission: Permission::KeyRevoke,
            environment: Some(sample::text("prod")?),
            asked_by: sample::principal(),
            reason: Some(sample::text("the partner has closed its account")?),
            until: sample::after(1, 0),
        })
    }
}
