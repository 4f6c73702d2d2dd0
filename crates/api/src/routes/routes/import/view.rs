//! What an import answers.

use domain::{RouteId, route::RouteSpec};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    document::Operation,
    plan::{Step, What, changes},
};
use crate::docs::form;

/// What a document changes, or would.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// `plan` or `apply`.
    #[schema(pattern = "^(plan|apply)$")]
    pub(super) mode: &'static str,
    /// SHA-256 of the document; the reason of each change names it.
    #[schema(pattern = "^sha256:[0-9a-f]{64}$")]
    pub(super) document: String,
    pub(super) counts: ImportCounts,
    /// Whether everything was done that was to be. Of a plan always true.
    pub(super) complete: bool,
    /// The operations by path and method, then the routes that the document does not name.
    pub(super) items: Vec<ImportItem>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ImportCounts {
    pub(super) added: usize,
    pub(super) changed: usize,
    pub(super) unchanged: usize,
    /// Active routes at the document's hosts and below its base path that it does not name.
    pub(super) missing: usize,
    /// Operations that no route can stand for.
    pub(super) refused: usize,
}

/// One operation, or one route that is missing in the document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportItem {
    #[schema(pattern = "^(added|changed|unchanged|missing|refused)$")]
    pub(super) change: &'static str,
    /// Of an import that is applied: `applied`, `failed`, or `not_attempted` after another failed; null where nothing
    /// was to be done.
    pub(super) outcome: Option<&'static str>,
    /// Where the operation stands in the document (RFC 6901).
    pointer: Option<String>,
    operation_id: Option<String>,
    deprecated: bool,
    method: String,
    path: String,
    hosts: Vec<String>,
    /// The route that there is, or that was made.
    #[schema(value_type = Option<form::RouteId>, inline)]
    pub(super) route_id: Option<RouteId>,
    changes: Vec<FieldChange>,
    /// Why it was refused or failed: for programs, and for people.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

/// One field of a route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldChange {
    #[schema(pattern = "^(name|hosts|path|required_scopes|cost)$")]
    field: &'static str,
    #[schema(value_type = Object)]
    from: Value,
    #[schema(value_type = Object)]
    to: Value,
}

impl ImportCounts {
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut counts = Self::default();
        for step in steps {
            let count = match step.what {
                What::Added(_) => &mut counts.added,
                What::Changed { .. } => &mut counts.changed,
                What::Unchanged(_) => &mut counts.unchanged,
                What::Missing(_) => &mut counts.missing,
                What::Refused { .. } => &mut counts.refused,
            };
            *count = count.saturating_add(1);
        }
        counts
    }
}

impl From<&Step> for ImportItem {
    fn from(Step { operation, what }: &Step) -> Self {
        let mut item = Self::of_operation(operation.as_ref());
        match what {
            What::Added(spec) => item.shows("added", spec, None),
            What::Changed { had, spec } => {
                item.shows("changed", spec, Some(had.route_id));
                let change = |(field, from, to)| FieldChange { field, from, to };
                item.changes = changes(&had.spec, spec).into_iter().map(change).collect();
            }
            What::Unchanged(row) => item.shows("unchanged", &row.spec, Some(row.route_id)),
            What::Missing(row) => item.shows("missing", &row.spec, Some(row.route_id)),
            What::Refused { code, message, route_id } => {
                (item.route_id, item.code, item.message) =
                    (*route_id, Some(code.clone()), Some(message.clone()));
            }
        }
        item
    }
}

impl ImportItem {
    fn of_operation(operation: Option<&Operation>) -> Self {
        let text = |read: fn(&Operation) -> &String| operation.map(read).cloned().unwrap_or_default();
        Self {
            change: "refused",
            outcome: None,
            pointer: operation.map(|operation| operation.pointer.clone()),
            operation_id: operation.and_then(|operation| operation.operation_id.clone()),
            deprecated: operation.is_some_and(|operation| operation.deprecated),
            method: text(|operation| &operation.method),
            path: text(|operation| &operation.path),
            hosts: vec![],
            route_id: None,
            changes: vec![],
            code: None,
            message: None,
        }
    }

    fn shows(&mut self, change: &'static str, spec: &RouteSpec, route_id: Option<RouteId>) {
        (self.change, self.route_id, self.path) = (change, route_id, spec.path.to_string());
        self.hosts = spec.hosts.iter().map(ToString::to_string).collect();
        if self.method.is_empty() {
            self.method = spec.methods.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        }
    }
}
