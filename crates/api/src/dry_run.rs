//! A dry run: what a write would put on record and whom it would touch, answered in the place of its effect.

mod reach;
pub(crate) mod view;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ApprovalId, DomainEvent, access::Permission, personal::PersonalValues};
use eventlog::{Rehearsed, Stored};
use http::{HeaderValue, StatusCode, header};
use projections::{queries::blast, shown_event};
use serde_json::{Value, json};

use crate::{
    answer::set,
    guard::{Allowed, Needs},
    precondition::etag,
    problem::Problem,
    routes::approvals::view::ApprovalView,
};
use reach::reach;
use view::{BlastRadiusView, DryRunView, EventView, Warning};

/// What ends a write before it has an effect.
#[derive(Debug)]
pub(crate) enum Instead {
    Problem(Problem),
    DryRun(Box<DryRun>),
    /// It waits for a second person.
    Proposed(Box<Proposed>),
}

/// What waits, as far as it is known here yet.
#[derive(Debug)]
pub(crate) struct Proposed {
    pub(crate) id: ApprovalId,
    pub(crate) view: Option<ApprovalView>,
}

impl IntoResponse for Proposed {
    fn into_response(self) -> Response {
        let Self { id, view } = self;
        let mut response = match view {
            Some(view) => (StatusCode::ACCEPTED, Json(view)).into_response(),
            None => {
                let body = json!({ "id": id, "status": "waiting" });
                (StatusCode::ACCEPTED, Json(body)).into_response()
            }
        };
        set(response.headers_mut(), header::LOCATION, &format!("/v1/approvals/{id}"));
        response
    }
}

impl From<Problem> for Instead {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::DryRun(dry_run) => dry_run.into_response(),
            Self::Proposed(proposed) => proposed.into_response(),
        }
    }
}

/// One command of a dry run: decided, and not given.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    events: Vec<DomainEvent>,
    personal: PersonalValues,
    /// What it was decided on.
    seen: u64,
    /// What it would make.
    version: u64,
    warnings: Vec<Warning>,
    /// Whether a second person has to allow it.
    waits: bool,
}

impl Rehearsal {
    pub(crate) fn of<A: Stored>(
        id: A::Id,
        rehearsed: Rehearsed<A>,
        personal: PersonalValues,
        warnings: Vec<Warning>,
        waits: bool,
    ) -> Self {
        let (seen, version) = (rehearsed.version, rehearsed.new_version());
        let events = rehearsed.events.into_iter().map(|event| A::wrap(id, event)).collect();
        Self { events, personal, seen, version, warnings, waits }
    }

    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// Whether it would put nothing on record.
    pub(crate) fn is_idle(&self) -> bool {
        self.events.is_empty()
    }

    /// The version that it was decided on.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    fn views(&self) -> Result<Vec<EventView>, Problem> {
        self.events.iter().map(|event| self.view(event)).collect()
    }

    fn view(&self, event: &DomainEvent) -> Result<EventView, Problem> {
        let mut data = shown_event(event, &self.personal).map_err(|why| Problem::internal(&why))?;
        // No secret was made, so there is none to be known by its end.
        if let Some(secret) = data.get_mut("secret").and_then(Value::as_object_mut) {
            secret.remove("hint");
        }
        // What would be made gets its identifier when it is made.
        let id = (self.seen > 0).then(|| event.subject());
        Ok(EventView { r#type: event.event_type(), aggregate: event.aggregate_type(), id, data })
    }
}

/// What all commands of a write would do together.
#[derive(Debug)]
pub(crate) struct DryRun {
    /// Of the last command's thing, as it stands.
    seen: u64,
    view: DryRunView,
}

impl DryRun {
    /// Looks up whom the events would touch. `behind`: the read models do not show all that is on record.
    pub(crate) async fn of<P: Needs>(
        allowed: &Allowed<P>,
        rehearsals: Vec<Rehearsal>,
        behind: bool,
    ) -> Result<Self, Problem> {
        let touched = rehearsals.iter().flat_map(|rehearsal| &rehearsal.events);
        let reach = touched.fold(blast::Reach::default(), |all, event| all.and(reach(event)));
        let radius = blast::radius(allowed.read(), reach, allowed.now()).await;
        let radius = radius.map_err(|failure| Problem::unread(&failure))?;
        let mut warnings = vec![];
        if rehearsals.iter().all(|rehearsal| rehearsal.events.is_empty()) {
            warnings.push(Warning::NO_CHANGE);
        }
        if behind {
            warnings.push(Warning::BEHIND);
        }
        let people = allowed.holds(Permission::ClientRead);
        if !people {
            warnings.push(Warning::PEOPLE_HIDDEN);
        }
        let last = rehearsals.last().map(|last| (last.seen, last.version)).unwrap_or_default();
        let approval_required = rehearsals.iter().any(Rehearsal::waits);
        let mut events = vec![];
        for rehearsal in rehearsals {
            events.extend(rehearsal.views()?);
            warnings.extend(rehearsal.warnings);
        }
        let blast_radius = BlastRadiusView::of(radius, people);
        let (seen, version) = last;
        Ok(Self {
            seen,
            view: DryRunView { dry_run: true, events, blast_radius, version, approval_required, warnings },
        })
    }

    pub(crate) fn view(&self) -> &DryRunView {
        &self.view
    }
}

impl IntoResponse for DryRun {
    fn into_response(self) -> Response {
        let mut response = Json(&self.view).into_response();
        // The version as it stands: with it the write can be given in earnest, provided that nothing comes in between.
        if self.seen > 0
            && let Ok(tag) = HeaderValue::from_str(&etag(self.seen))
        {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}
