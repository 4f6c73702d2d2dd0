//! What was observed. Who and from where stand in the metadata: the address as a commitment, as everywhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{PrincipalId, Reason, Timestamp, access::Permission, aggregate::event_types, personal::Personal};

/// Something that changed nothing and is to be known all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ObservationEvent {
    AccessDenied(AccessDenied),
    AuthenticationFailed(AuthenticationFailed),
    Overflowed(Overflowed),
    SignedIn(SignedIn),
    SignedOut(SignedOut),
    Exported(Exported),
    SecretSearched(SecretSearched),
    AddressesMarked(AddressesMarked),
    AddressesUnmarked(AddressesUnmarked),
}

event_types!(ObservationEvent {
    AccessDenied = "observation.access_denied",
    AuthenticationFailed = "observation.authentication_failed",
    Overflowed = "observation.overflowed",
    SignedIn = "observation.signed_in",
    SignedOut = "observation.signed_out",
    Exported = "observation.exported",
    SecretSearched = "observation.secret_searched",
    AddressesMarked = "observation.addresses_marked",
    AddressesUnmarked = "observation.addresses_unmarked",
});

/// A principal was not allowed something, so many times within a minute. The metadata are those of the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessDenied {
    pub permission: Permission,
    /// At least 1.
    pub times: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// How somebody tries to prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    /// A bearer token, ours or another issuer's, or a session's cookie.
    Credential,
    /// An identity provider.
    Provider,
}

/// Nobody proved who they are, so many times within a minute from one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthenticationFailed {
    pub way: SignInWay,
    /// At least 1.
    pub times: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// More was denied, or failed, within a minute than is told apart: so much of it that no other event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overflowed {
    pub denied: u64,
    pub failed: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// A person has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    pub principal_id: PrincipalId,
    pub session_id: String,
    /// The identity provider.
    pub issuer: String,
}

/// A session was ended, by the person or by an officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedOut {
    /// Whose session it was.
    pub principal_id: String,
    pub session_id: String,
}

/// What was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportedWhat {
    /// The log with its proof.
    AuditFile,
    /// Entries of the audit log.
    AuditEntries,
    UsageReport,
    EndpointsReport,
    ThrottlingReport,
    QuotasReport,
    ShadowReport,
    AddressesReport,
}

/// Something was taken out in bulk. On record when it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exported {
    pub what: ExportedWhat,
    /// `jsonl`, `csv`, `ocsf`.
    pub format: String,
    pub rows: u64,
    pub bytes: u64,
    /// SHA-256 of what was handed out, in hexadecimal. It is of no secret, so that it is shown.
    pub content_hash: String,
    /// Whether all of it was handed out: otherwise it was cut off, and rows and hash are of what went out before.
    pub complete: bool,
}

/// Somebody has said that mail does not reach some addresses. The marks themselves are kept beside what is told, not in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressesMarked {
    /// 1 to 100.
    pub addresses: Vec<Personal>,
    pub reason: Reason,
}

/// Somebody has said that mail reaches some addresses again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressesUnmarked {
    /// 1 to 100.
    pub addresses: Vec<Personal>,
}

/// Somebody asked whose secret this is, with the secret in hand. The secret is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretSearched {
    /// The key or principal that it belongs to; none where it is nobody's, or out of reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}
