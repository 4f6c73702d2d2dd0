//! A report of a leaked secret as it is shown.

use domain::{
    ClientId, KeyId, LeakId, Timestamp,
    api_key::{LeakAction, LeakReceiver},
};
use projections::queries::leaks::LeakRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::docs::form;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Leak)]
pub(crate) struct LeakView {
    #[schema(value_type = form::LeakId, inline)]
    id: LeakId,
    #[schema(value_type = form::KeyId, inline)]
    key_id: KeyId,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    /// The one that was found.
    secret_version: u32,
    /// Through which door it came.
    #[schema(value_type = form::LeakReceiver, inline)]
    receiver: LeakReceiver,
    /// Where the finder says it was found, such as `commit`.
    source: Option<String>,
    /// Somebody else's words: follow it with care.
    url: Option<String>,
    /// What became of the key.
    #[schema(value_type = form::LeakAction, inline)]
    action: LeakAction,
    /// The first time.
    reported_at: Timestamp,
    /// Of its entry in the audit log.
    position: u64,
}

impl From<LeakRow> for LeakView {
    fn from(row: LeakRow) -> Self {
        let LeakRow { leak_id, key_id, client_id, secret_version, receiver, source, url, action, .. } = row;
        let (position, reported_at) = (row.position.get(), row.reported_at);
        Self {
            id: leak_id,
            key_id,
            client_id,
            secret_version,
            receiver,
            source,
            url,
            action,
            reported_at,
            position,
        }
    }
}
