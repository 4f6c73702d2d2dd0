//! Sessions where every process of the API reaches them: beside the read models.

use domain::Timestamp;
use futures::{FutureExt as _, future::BoxFuture};
use projections::{
    ReadModel,
    sessions::{self, StoredSession},
};
use sign_in::{SessionRow, SessionStore, StoreFailure};

pub(super) struct StoredSessions(ReadModel);

impl StoredSessions {
    pub(super) fn new(read: ReadModel) -> Self {
        Self(read)
    }
}

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> StoreFailure {
    StoreFailure { source: Box::new(source) }
}

fn stored(row: SessionRow) -> StoredSession {
    let SessionRow {
        id,
        digest,
        begun,
        principal_id,
        issuer,
        subject,
        gives,
        user_agent,
        started_at,
        last_seen_at,
        ends_at,
    } = row;
    let (digest, begun) = (hex::encode(digest), hex::encode(begun));
    StoredSession {
        session_id: id,
        digest,
        begun,
        principal_id,
        issuer,
        subject,
        gives,
        user_agent,
        started_at,
        last_seen_at,
        ends_at,
    }
}

/// None of what nobody has stored so.
fn row(stored: StoredSession) -> Option<SessionRow> {
    let bytes = |text: String| hex::decode(text).ok()?.try_into().ok();
    let StoredSession {
        session_id,
        digest,
        begun,
        principal_id,
        issuer,
        subject,
        gives,
        user_agent,
        started_at,
        last_seen_at,
        ends_at,
    } = stored;
    Some(SessionRow {
        id: session_id,
        digest: bytes(digest)?,
        begun: bytes(begun)?,
        principal_id,
        issuer,
        subject,
        gives,
        user_agent,
        started_at,
        last_seen_at,
        ends_at,
    })
}

impl SessionStore for StoredSessions {
    fn insert(&self, row: SessionRow) -> BoxFuture<'_, Result<bool, StoreFailure>> {
        async move { sessions::insert(&self.0, stored(row)).await.map_err(failed) }.boxed()
    }

    fn find(&self, digest: [u8; 32]) -> BoxFuture<'_, Result<Option<SessionRow>, StoreFailure>> {
        async move {
            let found = sessions::by_digest(&self.0, &hex::encode(digest)).await.map_err(failed)?;
            Ok(found.and_then(row))
        }
        .boxed()
    }

    fn seen(&self, digest: [u8; 32], at: Timestamp) -> BoxFuture<'_, Result<(), StoreFailure>> {
        async move { sessions::seen(&self.0, &hex::encode(digest), at).await.map_err(failed) }.boxed()
    }

    fn list(
        &self,
        principal_id: Option<&str>,
        rows_max: u32,
    ) -> BoxFuture<'_, Result<Vec<SessionRow>, StoreFailure>> {
        let principal_id = principal_id.map(str::to_owned);
        async move {
            let found = sessions::list(&self.0, principal_id.as_deref(), rows_max).await.map_err(failed)?;
            Ok(found.into_iter().filter_map(row).collect())
        }
        .boxed()
    }

    fn get(&self, id: &str) -> BoxFuture<'_, Result<Option<SessionRow>, StoreFailure>> {
        let id = id.to_owned();
        async move { Ok(sessions::get(&self.0, &id).await.map_err(failed)?.and_then(row)) }.boxed()
    }

    fn end(&self, id: &str) -> BoxFuture<'_, Result<bool, StoreFailure>> {
        let id = id.to_owned();
        async move { sessions::end(&self.0, &id).await.map_err(failed) }.boxed()
    }

    fn end_all(&self, principal_id: &str) -> BoxFuture<'_, Result<u64, StoreFailure>> {
        let principal_id = principal_id.to_owned();
        async move { sessions::end_all(&self.0, &principal_id).await.map_err(failed) }.boxed()
    }

    fn sweep(&self, now: Timestamp, idle_since: Timestamp) -> BoxFuture<'_, Result<u64, StoreFailure>> {
        async move { sessions::sweep(&self.0, now, idle_since).await.map_err(failed) }.boxed()
    }
}
