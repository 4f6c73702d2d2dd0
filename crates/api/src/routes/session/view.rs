//! A session as its owner, and an officer, sees it.

use domain::Timestamp;
use serde::Serialize;
use sign_in::{SessionLimits, SessionRow};
use utoipa::ToSchema;

/// A session of a person who has signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    #[schema(example = "ses_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    id: String,
    #[schema(example = "prn_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    principal_id: String,
    /// The identity provider that knows the person.
    #[schema(example = "https://login.example.com")]
    issuer: String,
    /// The browser, as it calls itself.
    user_agent: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// To the minute.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it ends unless there is a request.
    #[schema(value_type = String, format = DateTime)]
    idle_ends_at: Timestamp,
    /// When it ends whatever happens.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
    /// Of the one that asks: where the browser signs out at the identity provider, too, once the session is ended. Null where the
    /// provider names no such place.
    #[schema(example = "https://login.example.com/session/end?client_id=tollgate")]
    provider_sign_out: Option<String>,
}

impl SessionView {
    pub(crate) fn of(row: SessionRow, limits: SessionLimits, current: Option<&str>) -> Self {
        let SessionRow { id, principal_id, issuer, user_agent, started_at, last_seen_at, ends_at, .. } = row;
        let idle_ends_at = last_seen_at.checked_add(limits.idle).unwrap_or(ends_at).min(ends_at);
        let current = current == Some(id.as_str());
        Self {
            id,
            principal_id,
            issuer,
            user_agent,
            started_at,
            last_seen_at,
            idle_ends_at,
            ends_at,
            current,
            provider_sign_out: None,
        }
    }

    pub(crate) fn signing_out_at(self, provider_sign_out: Option<String>) -> Self {
        Self { provider_sign_out, ..self }
    }
}
