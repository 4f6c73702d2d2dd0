//! What is taken out in bulk: counted and hashed as it goes, and on record when it has gone, or was cut off.

use std::sync::Arc;

use parking_lot::Mutex;

use domain::observation::{Exported, ExportedWhat, ObservationEvent};
use sha2::{Digest as _, Sha256};

use super::Doer;
use crate::{
    Api,
    circumstances::Circumstances,
    guard::{Allowed, Needs},
    problem::{Problem, kinds},
};

/// Exports that run at once in this process: each holds a connection to whoever reads it, however slowly.
const RUNNING_MAX: usize = 8;
/// Of one principal: nobody keeps the others from theirs.
const OWN_MAX: usize = 2;

/// The exports under way, by who takes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exports(Arc<Mutex<Vec<String>>>);

impl Exports {
    fn begin(&self, principal_id: &str) -> Option<Running> {
        let mut running = self.0.lock();
        let own = running.iter().filter(|id| *id == principal_id).count();
        if running.len() >= RUNNING_MAX || own >= OWN_MAX {
            return None;
        }
        running.push(principal_id.to_owned());
        Some(Running { of: principal_id.to_owned(), among: self.clone() })
    }
}

/// One of them, until it is dropped.
struct Running {
    of: String,
    among: Exports,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.among.0.lock();
        if let Some(at) = running.iter().position(|id| *id == self.of) {
            running.swap_remove(at);
        }
    }
}

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
    _running: Running,
}

impl Outgoing {
    /// Refuses where as many run as may.
    pub(crate) fn begin<P: Needs>(
        allowed: &Allowed<P>,
        what: ExportedWhat,
        format: &'static str,
    ) -> Result<Self, Problem> {
        let running = allowed.door().exports.begin(&allowed.principal().id);
        Ok(Self {
            _running: running.ok_or_else(|| Problem::new(kinds::EXPORTS_BUSY))?,
            api: Arc::clone(allowed.door().api()),
            doer: allowed.doer(),
            circumstances: allowed.circumstances().clone(),
            what,
            format,
            rows: 0,
            bytes: 0,
            sha256: Sha256::new(),
            ended: false,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_run_at_once_and_so_many_of_one() {
        let exports = Exports::default();
        let own: Vec<_> = (0..OWN_MAX).map(|_| exports.begin("ada").unwrap()).collect();
        assert!(exports.begin("ada").is_none());
        let others: Vec<_> =
            (0..RUNNING_MAX - OWN_MAX).map(|n| exports.begin(&n.to_string()).unwrap()).collect();
        assert!(exports.begin("late").is_none());
        drop(own);
        assert!(exports.begin("late").is_some(), "what has ended makes room");
        drop(others);
        assert!(exports.0.lock().is_empty());
    }
}
