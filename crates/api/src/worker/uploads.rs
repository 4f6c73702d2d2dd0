//! The uploads of imports: read when their operation is worked on, and kept until it has ended.

use std::{io, sync::Arc};

use domain::{
    OperationId, Timestamp,
    operation::{Operation, Run},
};
use jiff::SignedDuration;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::{Stuck, Worker};
use crate::imports::{self, Row};

/// How long after it was uploaded an operation may still come to be on record: its command waits for the store for
/// seconds, and one whose answer was lost may be taken a little later.
const PLANNED_WITHIN: SignedDuration = SignedDuration::from_mins(10);

impl Worker {
    /// The rows of an import; none of another operation. None at all where another node keeps them.
    pub(super) async fn rows_of(&mut self, id: OperationId, run: &Run) -> Result<Option<Arc<[Row]>>, Stuck> {
        if run.import.is_none() {
            return Ok(Some(Arc::new([])));
        }
        if let Some((of, rows)) = &self.rows
            && *of == id
        {
            return Ok(Some(Arc::clone(rows)));
        }
        let Some(kept) = self.api.uploads.read(id).await? else { return Ok(None) };
        // Away from those who must not wait.
        let rows = spawn_blocking(move || imports::of_kept(&kept)).await.map_err(io::Error::other)??;
        let rows: Arc<[Row]> = rows.into();
        self.rows = Some((id, Arc::clone(&rows)));
        Ok(Some(rows))
    }

    /// Removes the uploads whose operation has ended, or was never planned.
    pub(super) async fn sweep_uploads(&self) {
        let now = self.api.clock.now();
        let Ok(kept) = self.api.uploads.list().await else { return };
        for id in kept {
            if self.is_orphan(id, now).await
                && let Err(failure) = self.api.uploads.forget(id).await
            {
                warn!(operation.id = %id, error = %failure, "Cannot remove an upload");
            }
        }
    }

    async fn is_orphan(&self, id: OperationId, now: Timestamp) -> bool {
        let Ok(loaded) = self.api.log.load::<Operation>(id).await else { return false };
        match &*loaded.state {
            Operation::Planned(_) | Operation::Running(_) => false,
            Operation::Finished(_) | Operation::Cancelled(_) => true,
            Operation::Absent => !may_be_planned(id, now),
        }
    }

    #[cfg(test)]
    pub(crate) fn holds_rows(&self) -> bool {
        self.rows.is_some()
    }
}

/// By its id, which begins with the time at which the upload was taken.
fn may_be_planned(id: OperationId, now: Timestamp) -> bool {
    let taken_at = i64::try_from(id.to_u128() >> 80).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let until = taken_at.and_then(|taken_at| taken_at.checked_add(PLANNED_WITHIN).ok());
    until.is_some_and(|until| now < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_uploaded_a_moment_ago_may_be_planned_yet() {
        let check = |now: &str, expected: bool| {
            let taken_at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
            let unix_ms = u64::try_from(taken_at.as_millisecond()).unwrap();
            let id = OperationId::from_parts(unix_ms, u128::MAX);
            assert_eq!(may_be_planned(id, now.parse().unwrap()), expected, "{now}");
        };
        check("2026-03-01T12:00:00Z", true);
        check("2026-03-01T12:09:59Z", true);
        check("2026-03-01T12:10:00Z", false);
        check("2026-03-02T12:00:00Z", false);
    }
}
