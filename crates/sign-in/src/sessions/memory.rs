//! Sessions in memory: for tests, and as the meaning of the store.

use domain::Timestamp;
use parking_lot::Mutex;

use super::{Kept, SessionRow, SessionStore};

/// Sessions that end with the process.
#[derive(Debug, Default)]
pub struct MemorySessions(Mutex<Vec<SessionRow>>);

impl MemorySessions {
    fn drop_if(&self, which: impl Fn(&SessionRow) -> bool) -> u64 {
        let mut rows = self.0.lock();
        let before = rows.len();
        rows.retain(|row| !which(row));
        u64::try_from(before - rows.len()).unwrap_or_default()
    }

    fn first(&self, which: impl Fn(&SessionRow) -> bool) -> Option<SessionRow> {
        self.0.lock().iter().find(|row| which(row)).cloned()
    }
}

impl SessionStore for MemorySessions {
    fn insert(&self, row: SessionRow) -> Kept<'_, bool> {
        let mut rows = self.0.lock();
        let fresh = rows.iter().all(|held| held.begun != row.begun && held.digest != row.digest);
        if fresh {
            rows.push(row);
        }
        Box::pin(async move { Ok(fresh) })
    }

    fn find(&self, digest: [u8; 32]) -> Kept<'_, Option<SessionRow>> {
        let found = self.first(|row| row.digest == digest);
        Box::pin(async move { Ok(found) })
    }

    fn seen(&self, digest: [u8; 32], at: Timestamp) -> Kept<'_, ()> {
        if let Some(row) = self.0.lock().iter_mut().find(|row| row.digest == digest) {
            row.last_seen_at = row.last_seen_at.max(at);
        }
        Box::pin(async { Ok(()) })
    }

    fn list(&self, principal_id: Option<&str>, rows_max: u32) -> Kept<'_, Vec<SessionRow>> {
        let mut rows: Vec<_> = {
            let all = self.0.lock();
            all.iter().filter(|row| principal_id.is_none_or(|id| row.principal_id == id)).cloned().collect()
        };
        rows.sort_by(|one, other| (other.started_at, &other.id).cmp(&(one.started_at, &one.id)));
        rows.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
        Box::pin(async move { Ok(rows) })
    }

    fn get(&self, id: &str) -> Kept<'_, Option<SessionRow>> {
        let found = self.first(|row| row.id == id);
        Box::pin(async move { Ok(found) })
    }

    fn end(&self, id: &str) -> Kept<'_, bool> {
        let ended = self.drop_if(|row| row.id == id) > 0;
        Box::pin(async move { Ok(ended) })
    }

    fn end_all(&self, principal_id: &str) -> Kept<'_, u64> {
        let ended = self.drop_if(|row| row.principal_id == principal_id);
        Box::pin(async move { Ok(ended) })
    }

    fn sweep(&self, now: Timestamp, idle_since: Timestamp) -> Kept<'_, u64> {
        let dropped = self.drop_if(|row| row.ends_at <= now || row.last_seen_at <= idle_since);
        Box::pin(async move { Ok(dropped) })
    }
}
