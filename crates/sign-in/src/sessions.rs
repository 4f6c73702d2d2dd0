//! Sessions of people: kept on our side, known by a random cookie, ended by time, by their owner or by an officer.

mod memory;

use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use futures::future::BoxFuture;
use lru::LruCache;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::keys::since;
pub use memory::MemorySessions;

/// How long a process goes on with a session that another one has ended.
const REMEMBERED: Duration = Duration::from_secs(5);
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// How exactly it is known when somebody was last here: not every request is a write.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a request.
    pub idle: Duration,
    /// Whatever happens.
    pub whole: Duration,
}

impl Default for SessionLimits {
    /// Half an hour without a request, half a day in all.
    fn default() -> Self {
        Self { idle: Duration::from_secs(30 * 60), whole: Duration::from_secs(12 * 60 * 60) }
    }
}

/// What a browser holds of a session: 256 random bits. Of it we keep a digest alone; SHA-256, for there is nothing to
/// guess.
pub struct SessionSecret(Zeroizing<String>);

impl SessionSecret {
    fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    /// For the one cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

/// A session as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Not secret: `ses_…`.
    pub id: String,
    pub digest: [u8; 32],
    /// Of the sign-in that opened it; no other session has the same.
    pub begun: [u8; 32],
    pub principal_id: String,
    pub issuer: String,
    pub subject: String,
    /// What the claims gave, as the one who opened it writes it.
    pub gives: String,
    pub user_agent: Option<String>,
    pub started_at: Timestamp,
    /// To the minute.
    pub last_seen_at: Timestamp,
    /// At the latest.
    pub ends_at: Timestamp,
}

impl fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRow({} of {})", self.id, self.principal_id)
    }
}

/// The sessions cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("reading or writing sessions")]
pub struct StoreFailure {
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

type Kept<'a, T> = BoxFuture<'a, Result<T, StoreFailure>>;

/// Where sessions are kept, in common to all processes that browsers may come to.
pub trait SessionStore: Send + Sync {
    /// False when a session was opened for the same sign-in already.
    fn insert(&self, row: SessionRow) -> Kept<'_, bool>;
    fn find(&self, digest: [u8; 32]) -> Kept<'_, Option<SessionRow>>;
    /// Somebody was here; never earlier than it is known already.
    fn seen(&self, digest: [u8; 32], at: Timestamp) -> Kept<'_, ()>;
    /// Of one principal, or of all; the newest first, so many at most.
    fn list(&self, principal_id: Option<&str>, rows_max: u32) -> Kept<'_, Vec<SessionRow>>;
    fn get(&self, id: &str) -> Kept<'_, Option<SessionRow>>;
    /// Whether there was one.
    fn end(&self, id: &str) -> Kept<'_, bool>;
    /// How many there were.
    fn end_all(&self, principal_id: &str) -> Kept<'_, u64>;
    /// Drops those that have ended by then, or were not used since.
    fn sweep(&self, now: Timestamp, idle_since: Timestamp) -> Kept<'_, u64>;
}

/// What is known of a session that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    pub id: String,
    pub begun: [u8; 32],
    pub principal_id: String,
    pub issuer: String,
    pub subject: String,
    pub gives: String,
    pub user_agent: Option<String>,
}

struct Remembered {
    row: SessionRow,
    read_at: Timestamp,
}

/// The sessions, read through a small memory.
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    limits: SessionLimits,
    remembered: Mutex<LruCache<[u8; 32], Remembered>>,
}

impl Sessions {
    #[must_use]
    pub fn new(store: Arc<dyn SessionStore>, limits: SessionLimits) -> Self {
        Self { store, limits, remembered: Mutex::new(LruCache::new(REMEMBERED_MAX)) }
    }

    #[must_use]
    pub fn limits(&self) -> SessionLimits {
        self.limits
    }

    #[must_use]
    pub fn store(&self) -> &dyn SessionStore {
        &*self.store
    }

    /// Opens a session under a new secret, whatever cookie the browser had before. None when one was opened for the same
    /// sign-in already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn open(
        &self,
        new: NewSession,
        random: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<SessionSecret>, StoreFailure> {
        let NewSession { id, begun, principal_id, issuer, subject, gives, user_agent } = new;
        let secret = SessionSecret::new(random);
        let row = SessionRow {
            id,
            digest: Sha256::digest(random).into(),
            begun,
            principal_id,
            issuer,
            subject,
            gives,
            user_agent,
            started_at: now,
            last_seen_at: now,
            ends_at: now.checked_add(self.limits.whole).unwrap_or(now),
        };
        let opened = self.store.insert(row).await?;
        Ok(opened.then_some(secret))
    }

    /// The session that the cookie's secret is of, if it has not ended.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find(&self, secret: &str, now: Timestamp) -> Result<Option<SessionRow>, StoreFailure> {
        let Some(digest) = digest_of(secret) else { return Ok(None) };
        let Some(mut row) = self.read(digest, now).await? else { return Ok(None) };
        if now >= row.ends_at || since(row.last_seen_at, now) >= self.limits.idle {
            self.remembered.lock().pop(&digest);
            self.store.end(&row.id).await?;
            return Ok(None);
        }
        if since(row.last_seen_at, now) >= SEEN_EVERY.min(self.limits.idle / 4) {
            self.store.seen(digest, now).await?;
            row.last_seen_at = now;
            if let Some(remembered) = self.remembered.lock().get_mut(&digest) {
                remembered.row.last_seen_at = now;
            }
        }
        Ok(Some(row))
    }

    async fn read(&self, digest: [u8; 32], now: Timestamp) -> Result<Option<SessionRow>, StoreFailure> {
        let remembered = {
            let mut all = self.remembered.lock();
            all.get(&digest)
                .filter(|held| held.read_at <= now && since(held.read_at, now) < REMEMBERED)
                .map(|held| held.row.clone())
        };
        if remembered.is_some() {
            return Ok(remembered);
        }
        let row = self.store.find(digest).await?;
        let mut all = self.remembered.lock();
        match &row {
            Some(row) => drop(all.put(digest, Remembered { row: row.clone(), read_at: now })),
            None => drop(all.pop(&digest)),
        }
        Ok(row)
    }

    /// Ends one; here at once, in other processes after five seconds at most. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end(&self, id: &str) -> Result<bool, StoreFailure> {
        let ended = self.store.end(id).await?;
        self.forget(|row| row.id == id);
        Ok(ended)
    }

    /// Ends all of a principal; answers how many.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn end_all(&self, principal_id: &str) -> Result<u64, StoreFailure> {
        let ended = self.store.end_all(principal_id).await?;
        self.forget(|row| row.principal_id == principal_id);
        Ok(ended)
    }

    /// Drops what has ended by itself; answers how many.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, StoreFailure> {
        let idle_since = now.checked_sub(self.limits.idle).unwrap_or(Timestamp::UNIX_EPOCH);
        self.store.sweep(now, idle_since).await
    }

    fn forget(&self, which: impl Fn(&SessionRow) -> bool) {
        let mut all = self.remembered.lock();
        let found: Vec<_> =
            all.iter().filter(|(_, held)| which(&held.row)).map(|(digest, _)| *digest).collect();
        for digest in found {
            all.pop(&digest);
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// None of what is no secret of a session.
fn digest_of(secret: &str) -> Option<[u8; 32]> {
    let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
    Some(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        start + Duration::from_secs(seconds)
    }

    fn new(id: &str, begun: u8) -> NewSession {
        NewSession {
            id: id.to_owned(),
            begun: [begun; 32],
            principal_id: "prn_1".to_owned(),
            issuer: "https://login.example.com".to_owned(),
            subject: "u-1".to_owned(),
            gives: "[]".to_owned(),
            user_agent: None,
        }
    }

    fn sessions(store: &Arc<MemorySessions>) -> Sessions {
        Sessions::new(Arc::<MemorySessions>::clone(store), SessionLimits::default())
    }

    async fn check(sessions: &Sessions, secret: &str, seconds: u64, found: bool) {
        let row = sessions.find(secret, at(seconds)).await.unwrap();
        assert_eq!(row.is_some(), found, "after {seconds} s");
    }

    #[tokio::test]
    async fn a_session_ends_half_an_hour_after_the_last_request() {
        let store = Arc::new(MemorySessions::default());
        let sessions = sessions(&store);
        let secret = sessions.open(new("ses_1", 1), [1; 32], at(0)).await.unwrap().unwrap();
        let secret = secret.expose();
        for seconds in [0, 59, 1_700, 3_400, 5_100] {
            check(&sessions, secret, seconds, true).await;
        }
        check(&sessions, secret, 5_100 + 1_800, false).await;
        check(&sessions, secret, 5_101, false).await;
    }

    #[tokio::test]
    async fn a_session_ends_after_half_a_day_whatever_happens() {
        let store = Arc::new(MemorySessions::default());
        let sessions = sessions(&store);
        let secret = sessions.open(new("ses_1", 1), [1; 32], at(0)).await.unwrap().unwrap();
        for minutes in 0..720 {
            check(&sessions, secret.expose(), minutes * 60, true).await;
        }
        check(&sessions, secret.expose(), 12 * 60 * 60, false).await;
    }

    #[tokio::test]
    async fn an_ended_session_is_none_here_at_once_and_elsewhere_within_five_seconds() {
        let store = Arc::new(MemorySessions::default());
        let (here, elsewhere) = (sessions(&store), sessions(&store));
        let secret = here.open(new("ses_1", 1), [1; 32], at(0)).await.unwrap().unwrap();
        check(&here, secret.expose(), 1, true).await;
        check(&elsewhere, secret.expose(), 1, true).await;
        assert!(here.end("ses_1").await.unwrap());
        assert!(!here.end("ses_1").await.unwrap());
        check(&here, secret.expose(), 2, false).await;
        check(&elsewhere, secret.expose(), 6, false).await;
    }

    #[tokio::test]
    async fn every_session_of_a_principal_ends_and_no_other() {
        let store = Arc::new(MemorySessions::default());
        let sessions = sessions(&store);
        let other = NewSession { principal_id: "prn_2".to_owned(), ..new("ses_3", 3) };
        let mut secrets = vec![];
        for (new, random) in [(new("ses_1", 1), 1), (new("ses_2", 2), 2), (other, 3)] {
            secrets.push(sessions.open(new, [random; 32], at(0)).await.unwrap().unwrap());
        }
        for secret in &secrets {
            check(&sessions, secret.expose(), 1, true).await;
        }
        assert_eq!(sessions.end_all("prn_1").await.unwrap(), 2);
        for (secret, found) in secrets.iter().zip([false, false, true]) {
            check(&sessions, secret.expose(), 2, found).await;
        }
    }

    #[tokio::test]
    async fn one_sign_in_opens_one_session() {
        let store = Arc::new(MemorySessions::default());
        let (here, elsewhere) = (sessions(&store), sessions(&store));
        assert!(here.open(new("ses_1", 1), [1; 32], at(0)).await.unwrap().is_some());
        assert!(elsewhere.open(new("ses_2", 1), [2; 32], at(0)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn only_the_secret_itself_is_known_and_only_its_digest_is_kept() {
        let store = Arc::new(MemorySessions::default());
        let sessions = sessions(&store);
        let secret = sessions.open(new("ses_1", 1), [1; 32], at(0)).await.unwrap().unwrap();
        let row = sessions.find(secret.expose(), at(1)).await.unwrap().unwrap();
        assert_ne!(row.digest, [1; 32]);
        let digest = BASE64_URL_SAFE_NO_PAD.encode(row.digest);
        for wrong in ["", "x", &digest, &secret.expose()[1..], &format!("{}A", secret.expose()), "ses_1"] {
            check(&sessions, wrong, 1, false).await;
        }
        assert_eq!(format!("{secret:?} {row:?}"), "SessionSecret SessionRow(ses_1 of prn_1)");
    }

    #[tokio::test]
    async fn what_has_ended_by_itself_is_dropped() {
        let store = Arc::new(MemorySessions::default());
        let sessions = sessions(&store);
        sessions.open(new("ses_1", 1), [1; 32], at(0)).await.unwrap();
        sessions.open(new("ses_2", 2), [2; 32], at(1_000)).await.unwrap();
        assert_eq!(sessions.sweep(at(1_799)).await.unwrap(), 0);
        assert_eq!(sessions.sweep(at(1_800)).await.unwrap(), 1);
        let left = sessions.store().list(None, 10).await.unwrap();
        assert_eq!(left.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["ses_2"]);
    }
}
