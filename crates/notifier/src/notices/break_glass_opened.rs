//! Told when somebody has become an administrator in an emergency; to the security officers: who, why, and until when.

use domain::{PrincipalId, Reason, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// The glass is broken: a person may do everything for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BreakGlassOpened {
    pub principal_id: PrincipalId,
    pub opened_at: Timestamp,
    /// They are an administrator until then.
    pub until: Timestamp,
    pub reason: Reason,
}

impl Tells for BreakGlassOpened {
    fn title(&self) -> String {
        format!("Glass broken: {} is an administrator for now", self.principal_id)
    }

    fn severity(&self) -> Severity {
        Severity::Critical
    }

    fn subject(&self) -> String {
        self.principal_id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        None
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            principal_id: sample::id(PrincipalId::from_parts, 7),
            opened_at: sample::after(0, 0),
            until: sample::after(0, 1),
            reason: sample::text("the gateway refuses every call, and nobody else is there")?,
        })
    }
}
