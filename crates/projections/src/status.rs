//! How things stand, as the log has it: one word each.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is not one of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of: {expected}")]
pub struct UnknownStatus {
    pub expected: &'static str,
}

macro_rules! status {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ }, $expected:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl FromStr for $name {
            type Err = UnknownStatus;
            fn from_str(text: &str) -> Result<Self, UnknownStatus> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownStatus { expected: $expected }),
                }
            }
        }
        impl From<$name> for crate::Value {
            fn from(status: $name) -> Self { status.as_str().into() }
        }
    };
}

status!(
    /// A change that has begun stands as before until its outcome is on record.
    ChangeStatus {
        Pending = "pending", Applied = "applied", Ended = "ended", Cancelled = "cancelled", Failed = "failed"
    },
    "pending, applied, ended, cancelled, failed"
);
status!(
    ClientStatus { Active = "active", Suspended = "suspended", Archived = "archived" },
    "active, suspended, archived"
);
status!(
    /// As recorded. A key whose expiry or planned revocation has passed is active here until the scheduler
    /// has put that on record; the gateway does not wait for it.
    KeyStatus { Active = "active", Suspended = "suspended", Revoked = "revoked", Expired = "expired" },
    "active, suspended, revoked, expired"
);
status!(RouteStatus { Active = "active", Retired = "retired" }, "active, retired");
status!(PolicyStatus { Active = "active", Retired = "retired" }, "active, retired");
status!(
    /// How far an operation is.
    OperationStatus { Planned = "planned", Running = "running", Finished = "finished", Cancelled = "cancelled" },
    "planned, running, finished, cancelled"
);
status!(
    /// Who signs in, or what.
    PrincipalKind { Person = "person", ServiceAccount = "service_account" },
    "person, service_account"
);
status!(PrincipalStatus { Enabled = "enabled", Disabled = "disabled" }, "enabled, disabled");
status!(
    /// A grant that has ended by itself is given here: what it allows is judged by the clock.
    GrantStatus { Given = "given", Withdrawn = "withdrawn" },
    "given, withdrawn"
);
status!(
    WebhookStatus { Unverified = "unverified", Active = "active", Disabled = "disabled", Deleted = "deleted" },
    "unverified, active, disabled, deleted"
);
status!(NotificationRuleStatus { InForce = "in_force", Ended = "ended" }, "in_force, ended");
