//! What stands behind the door: whoever holds it asks nobody, and so it is handed out with an [`Allowed`](super::Allowed) alone.

use std::sync::Arc;

use domain::{
    Name, Timestamp,
    access::{Principal, PrincipalKind},
};

use crate::{
    Api, Readiness, ReportFiles, Settings, Uploads,
    auth::claimant,
    idempotency::InFlight,
    nodes::GatewayNodes,
    observe::Exports,
    problem::{Problem, kinds},
    random::Random,
    room::Room,
};

/// Each keeps a connection to the read models, and a processor, busy for seconds.
const REPLAYS_MAX: usize = 2;
/// Each keeps up to 100,000 rows in memory, and while it is read a processor busy.
pub(crate) const IMPORTS_MAX: usize = 2;
/// Streams without an end that are open at once.
pub(crate) const WATCHING_MAX: usize = 500;

/// What requests come through. The log and the read models are behind it: [`Allowed`](super::Allowed) hands them out.
#[derive(Clone)]
pub(crate) struct Door {
    pub(super) api: Arc<Api>,
    pub(crate) in_flight: InFlight,
    /// What is being taken out.
    pub(crate) exports: Exports,
    /// What adds up much at once: simulations and reconciliations.
    pub(crate) replays: Room,
    /// Room for uploads of foreign keys until they are on disk, or answered.
    pub(crate) imports: Room,
    /// Held from looking for overlapping routes until the new one is on record.
    pub(crate) routes: Arc<tokio::sync::Mutex<()>>,
    /// Held from looking who else may grant everything until it is on record, and known, that somebody may not.
    pub(crate) admins: Arc<tokio::sync::Mutex<()>>,
    /// Room for those who watch for changes.
    pub(crate) watching: Room,
}

impl Door {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self {
            api,
            in_flight: InFlight::default(),
            exports: Exports::default(),
            replays: Room::new(REPLAYS_MAX, kinds::REPLAYS_BUSY),
            imports: Room::new(IMPORTS_MAX, kinds::IMPORTS_BUSY),
            routes: Arc::default(),
            admins: Arc::default(),
            watching: Room::new(WATCHING_MAX, kinds::STREAMS_BUSY),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.api.clock.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.api.random
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.api.settings
    }

    pub(crate) fn nodes(&self) -> &GatewayNodes {
        &self.api.nodes
    }

    pub(crate) fn readiness(&self) -> Readiness {
        (self.api.readiness)()
    }

    pub(crate) fn openapi(&self) -> String {
        self.api.openapi.clone()
    }

    pub(crate) fn metrics(&self) -> String {
        (self.api.metrics)()
    }

    /// What is behind it, for those whom no principal asks: a signature is proof enough for them, or they only ask what would be.
    pub(crate) fn api(&self) -> &Arc<Api> {
        &self.api
    }

    pub(crate) fn node(&self) -> &Name {
        &self.api.node
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.api.uploads
    }

    pub(crate) fn report_files(&self) -> &ReportFiles {
        &self.api.report_files
    }

    /// Whom one of our own tokens stands for.
    pub(crate) fn holder(&self, token: &str) -> Result<Principal, Problem> {
        let (api, now) = (&*self.api, self.now());
        let installed = api.admin.principal(&api.peppers, token);
        let known = match installed {
            // It opens nothing once somebody has claimed the installation.
            Some(principal) if principal.kind == PrincipalKind::Bootstrap => {
                Some(principal).filter(|_| api.access.is_complete() && api.access.is_unclaimed())
            }
            Some(principal) => Some(principal),
            None => {
                let known = api.access.principal(&api.peppers, token, now);
                known.inspect(|principal| api.token_uses.note(principal, now)).or_else(|| {
                    let reopens = api.access.reopens(&api.peppers, token, now);
                    reopens.then(claimant)
                })
            }
        };
        match known {
            Some(principal) => Ok(principal),
            // Who is not known yet may be known in a moment.
            None if !api.access.is_complete() => Err(Problem::unavailable()),
            None => Err(Problem::unauthenticated()),
        }
    }
}
