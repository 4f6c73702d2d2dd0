//! What is taken out in bulk: counted and hashed as it goes, and on record when it has gone, or was cut off.

use std::sync::Arc;

use domain::observation::{Exported, ExportedWhat, ObservationEvent};
use sha2::{Digest as _, Sha256};

use super::Doer;
use crate::{
    Api,
    circumstances::Circumstances,
    guard::{Allowed, Needs},
};

/// An export under way. Dropped before its end, it was cut off: that is put on record with the next flush.
pub(crate) struct Outgoing {
    api: Arc<Api>,
    doer: Doer,
    circumstances: Circumstances,
    what: ExportedWhat,
    format: &'static str,
    rows: u64,
    bytes: u64,
    sha256: Sha256,
    ended: bool,
}

impl Outgoing {
    pub(crate) fn begin<P: Needs>(allowed: &Allowed<P>, what: ExportedWhat, format: &'static str) -> Self {
        Self {
            api: Arc::clone(allowed.door().api()),
            doer: allowed.doer(),
            circumstances: allowed.circumstances().clone(),
            what,
            format,
            rows: 0,
            bytes: 0,
            sha256: Sha256::new(),
            ended: false,
        }
    }

    /// Counts what is handed out next.
    pub(crate) fn put(&mut self, bytes: &[u8], rows: u64) {
        self.sha256.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.rows = self.rows.saturating_add(rows);
    }

    /// All of it was handed out.
    pub(crate) async fn end(mut self) {
        self.ended = true;
        let event = self.told(true);
        self.api.observe_done(self.doer.clone(), event, &self.circumstances).await;
    }

    fn told(&self, complete: bool) -> ObservationEvent {
        ObservationEvent::Exported(Exported {
            what: self.what,
            format: self.format.to_owned(),
            rows: self.rows,
            bytes: self.bytes,
            content_hash: hex::encode(self.sha256.clone().finalize()),
            complete,
        })
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if !self.ended {
            let draft = self.api.draft(self.doer.clone(), self.told(false), &self.circumstances);
            self.api.observer.keep(draft);
        }
    }
}
