//! When service accounts were last here: noted in memory on every call, and kept once a minute.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{
    Timestamp,
    access::{Principal, PrincipalKind},
};
use parking_lot::Mutex;
use projections::token_uses;
use tokio_util::sync::CancellationToken;

use crate::Api;

/// How long a use may wait until it is kept.
const KEPT_EVERY: Duration = Duration::from_secs(5);

/// The latest use of each account's tokens that this process has seen: as many as there are accounts.
#[derive(Debug, Default)]
pub struct TokenUses(Mutex<HashMap<String, Use>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Use {
    /// Since 1970.
    minute: i64,
    is_kept: bool,
}

impl TokenUses {
    /// Somebody was let in. Of tokens that are not ours nothing is noted.
    pub(crate) fn note(&self, principal: &Principal, now: Timestamp) {
        let PrincipalKind::ServiceAccount { team: Some(_) } = &principal.kind else { return };
        let (minute, mut uses) = (now.as_second().div_euclid(60), self.0.lock());
        match uses.get_mut(&principal.id) {
            Some(there) if there.minute >= minute => {}
            Some(there) => *there = Use { minute, is_kept: false },
            None => {
                uses.insert(principal.id.clone(), Use { minute, is_kept: false });
            }
        }
    }

    fn waiting(&self) -> Vec<(String, i64)> {
        let uses = self.0.lock();
        let waiting = uses.iter().filter(|(_, there)| !there.is_kept);
        waiting.map(|(id, there)| (id.clone(), there.minute)).collect()
    }

    fn kept(&self, id: &str, minute: i64) {
        if let Some(there) = self.0.lock().get_mut(id).filter(|there| there.minute == minute) {
            there.is_kept = true;
        }
    }
}

impl Api {
    /// What cannot be kept now waits for the next time.
    pub(crate) async fn keep_token_uses(&self) {
        for (id, minute) in self.token_uses.waiting() {
            let at = Timestamp::from_second(minute.saturating_mul(60));
            let (Ok(of), Ok(at)) = (id.parse(), at) else { continue };
            if let Err(failure) = token_uses::used(&self.read, of, at).await {
                let cause: &dyn std::error::Error = &failure;
                tracing::warn!(error = cause, "Cannot keep when tokens were used; it is tried again");
                return;
            }
            self.token_uses.kept(&id, minute);
        }
    }
}

/// Keeps uses until stopped, and at the end what is left.
pub async fn run_token_uses(api: Arc<Api>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(KEPT_EVERY) => {}
        }
        api.keep_token_uses().await;
    }
    api.keep_token_uses().await;
}
