//! What is to be known although it changes nothing: who was denied, who signed in or failed to, what was taken out.
//!
//! Denials and failures are counted by the minute, so that nobody floods the log by them; the rest is put on record one by one.
//! What the log does not take is kept and given again, under the same identifier.

mod outgoing;
mod record;
mod window;

use std::{sync::Arc, time::Duration};

use domain::{
    ObservationId, Timestamp,
    access::{Permission, Principal},
    metadata::ActorKind,
    observation::{ObservationEvent, SignInWay},
    personal::PersonalValue,
};
use eventlog::LogFailure;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{Api, circumstances::Circumstances, random::id_parts};
pub(crate) use outgoing::{Exports, Outgoing};
use record::{Draft, record};
use window::Window;

/// How long what a minute has counted may wait once it is over.
const FLUSHED_EVERY: Duration = Duration::from_secs(5);
/// What waits for a log that does not take it; more is dropped, and the process' own log says so.
const WAITING_MAX: usize = 10_000;

/// Who did what is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doer {
    pub(crate) id: String,
    pub(crate) kind: ActorKind,
    pub(crate) authenticated_by: String,
    /// The grant, or why none was needed.
    pub(crate) allowed_by: String,
}

impl Doer {
    /// Somebody known, who was let by this.
    pub(crate) fn known(principal: &Principal, allowed_by: &str) -> Self {
        Self {
            id: principal.id.clone(),
            kind: principal.kind.actor_kind(),
            authenticated_by: principal.authenticated_by.to_owned(),
            allowed_by: allowed_by.to_owned(),
        }
    }

    /// A person in a session of their own.
    pub(crate) fn person(id: String) -> Self {
        let [authenticated_by, allowed_by] = ["oidc", "own"].map(str::to_owned);
        Self { id, kind: ActorKind::Person, authenticated_by, allowed_by }
    }

    /// Nobody has proven to be anybody: that is what Tollgate itself says.
    fn nobody() -> Self {
        let [id, by, allowed_by] = ["system:observer", "internal", "none"].map(str::to_owned);
        Self { id, kind: ActorKind::System, authenticated_by: by, allowed_by }
    }
}

/// What one process has observed and not put on record yet.
#[derive(Debug, Default)]
pub struct Observer {
    window: Mutex<Window>,
    waiting: Mutex<Vec<Draft>>,
}

impl Observer {
    /// A principal was not allowed something.
    pub(crate) fn denied(
        &self,
        principal: &Principal,
        permission: Permission,
        circumstances: &Circumstances,
        now: Timestamp,
    ) {
        self.window.lock().denied(principal, permission, circumstances, now);
    }

    /// Somebody did not prove who they are.
    pub(crate) fn failed(&self, way: SignInWay, circumstances: &Circumstances, now: Timestamp) {
        self.window.lock().failed(way, circumstances, now);
    }

    fn keep(&self, draft: Draft) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < WAITING_MAX {
            waiting.push(draft);
        } else {
            tracing::error!(
                event.type = domain::EventType::event_type(&draft.event),
                "Dropped an observation: the log has not taken any for too long"
            );
        }
    }
}

impl Api {
    /// Puts on record what somebody did.
    ///
    /// # Errors
    /// When the log does not take it.
    pub(crate) async fn observe(
        &self,
        doer: Doer,
        event: ObservationEvent,
        circumstances: &Circumstances,
    ) -> Result<(), LogFailure> {
        record(self, &self.draft(doer, event, circumstances)).await
    }

    /// The same of an event that commits to personal values.
    ///
    /// # Errors
    /// When the log does not take it.
    pub(crate) async fn observe_with(
        &self,
        doer: Doer,
        event: ObservationEvent,
        personal: Vec<PersonalValue>,
        circumstances: &Circumstances,
    ) -> Result<(), LogFailure> {
        record(self, &Draft { personal, ..self.draft(doer, event, circumstances) }).await
    }

    /// The same where it has been done already: what the log does not take now is given again.
    pub(crate) async fn observe_done(
        &self,
        doer: Doer,
        event: ObservationEvent,
        circumstances: &Circumstances,
    ) {
        let draft = self.draft(doer, event, circumstances);
        if let Err(failure) = record(self, &draft).await {
            tracing::warn!(error = %failure, "Could not put an observation on record yet");
            self.observer.keep(draft);
        }
    }

    fn draft(&self, doer: Doer, event: ObservationEvent, circumstances: &Circumstances) -> Draft {
        let at = self.clock.now();
        let (id, circumstances) = (self.observation_id(at), circumstances.clone());
        Draft { id, at, doer, circumstances, event, personal: vec![] }
    }

    fn observation_id(&self, now: Timestamp) -> ObservationId {
        let (unix_ms, random) = id_parts(&*self.random, now);
        ObservationId::from_parts(unix_ms, random)
    }

    /// Puts on record what minutes that are over have counted, or all of it, and what waits.
    pub(crate) async fn flush_observations(&self, all: bool) {
        let now = self.clock.now();
        let counted = self.observer.window.lock().take(now, all);
        for (doer, event, circumstances) in counted {
            let id = self.observation_id(now);
            self.observer.keep(Draft { id, at: now, doer, circumstances, event, personal: vec![] });
        }
        let waiting = std::mem::take(&mut *self.observer.waiting.lock());
        let mut rest = waiting.into_iter();
        while let Some(draft) = rest.next() {
            if let Err(failure) = record(self, &draft).await {
                tracing::warn!(error = %failure, "Could not put observations on record yet");
                [draft].into_iter().chain(rest).for_each(|draft| self.observer.keep(draft));
                return;
            }
        }
    }
}

/// Puts on record what was counted, and at the end what is left.
pub async fn run_observations(api: Arc<Api>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(FLUSHED_EVERY) => {}
        }
        api.flush_observations(false).await;
    }
    api.flush_observations(true).await;
}
