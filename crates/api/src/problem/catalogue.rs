//! Every code that can be answered, with its status and its sentence.

use std::sync::LazyLock;

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// One line of `schemas/refusals.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CatalogueEntry {
    pub code: &'static str,
    pub status: u16,
    /// Where the same code is also answered with another status: a thing that is missing is 404 as the subject
    /// of a request and 422 where a body names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_in_body: Option<u16>,
    pub title: String,
    /// The sentence, with the names of the values in braces.
    pub message: &'static str,
}

/// One of the API's own problems. Only this file makes them, so that none is missing from the catalogue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(super) code: &'static str,
    status: u16,
    pub(super) message: &'static str,
}

impl Kind {
    pub(super) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

macro_rules! kinds {
    ($($name:ident = ($status:literal, $code:literal, $message:literal)),+ $(,)?) => {
        /// The API's own problems; those of the rules come from the domain.
        pub(crate) mod kinds {
            use super::Kind;
            $(pub(crate) const $name: Kind = Kind { code: $code, status: $status, message: $message };)+
            pub(super) const ALL: &[Kind] = &[$($name),+];
        }
    };
}

kinds! {
    BODY_MALFORMED = (400, "body_malformed", "the body is not JSON"),
    QUERY_INVALID = (400, "query_invalid", "a query parameter is unknown, repeated or has a wrong value"),
    CURSOR_INVALID = (400, "cursor_invalid", "the cursor is not one that this list has answered to the same question; begin again without one"),
    IF_MATCH_INVALID = (400, "if_match_invalid", "`If-Match` must be `*` or a list of entity tags, such as \"3\""),
    AS_OF_AHEAD = (400, "as_of_ahead", "`as_of` names a position that the log does not have yet, or a time ahead"),
    APPROVAL_INVALID = (400, "approval_invalid", "`Tollgate-Approval` must be given once, as the identifier of an approval"),
    IDEMPOTENCY_KEY_INVALID = (400, "idempotency_key_invalid", "`Idempotency-Key` must be given once, as 1 to 255 visible ASCII characters"),
    UNAUTHENTICATED = (401, "unauthenticated", "give a valid admin token as `Authorization: Bearer <token>`"),
    SIGNATURE_INVALID = (403, "signature_invalid", "the report is not signed by somebody whose key is known here"),
    CLAIM_TOKEN_NEEDED = (403, "claim_token_needed", "the installation is claimed by its first token, or by one that `tollgate access recover` made"),
    GLASS_OF_ANOTHER = (403, "break_glass_of_another", "everybody breaks and closes the glass for themselves; whoever is to be stopped is disabled"),
    TOKEN_OF_ANOTHER = (403, "token_of_another", "everybody has a new token made for themselves; the tokens of another can be revoked"),
    CROSS_SITE_REQUEST = (403, "cross_site_request", "a request with a session's cookie has to come from the console's own pages"),
    SIGN_IN_NOT_SET = (404, "sign_in_not_set", "no identity provider is set that people could sign in by"),
    SESSION_NOT_FOUND = (404, "session_not_found", "there is no such session"),
    PATH_NOT_FOUND = (404, "path_not_found", "there is nothing at this path"),
    LEAK_NOT_FOUND = (404, "leak_not_found", "there is no such report of a leaked secret"),
    AUDIT_ENTRY_NOT_FOUND = (404, "audit_entry_not_found", "the log has no event at this position"),
    NOT_SIGNED_YET = (404, "not_signed_yet", "no signed checkpoint of the log reaches so far yet; try again in a moment"),
    DECISION_NOT_FOUND = (404, "decision_not_found", "there is no such decision, or it is not kept any more"),
    DELIVERY_NOT_FOUND = (404, "delivery_not_found", "nothing of that name was sent to this webhook, or it is not kept any more"),
    METHOD_NOT_ALLOWED = (405, "method_not_allowed", "this path does not take this method; `Allow` names those it takes"),
    NOT_ACCEPTABLE = (406, "not_acceptable", "this can be had as application/json or text/csv"),
    BODY_TOO_SLOW = (408, "body_too_slow", "the body did not arrive in time"),
    IDEMPOTENCY_IN_PROGRESS = (409, "idempotency_in_progress", "a request with this `Idempotency-Key` is being carried out; try again shortly"),
    ALREADY_CLAIMED = (409, "installation_claimed", "the installation is claimed already"),
    EXPORT_NOT_READY = (409, "export_not_ready", "the report is not written to its end yet; ask for the operation how far it is"),
    EXPORT_NOT_MADE = (409, "export_not_made", "the operation has ended without a file; its items say why"),
    EXPORT_ELSEWHERE = (409, "export_elsewhere", "the file is kept by the node `{node}`, and this is another; ask that one"),
    COUNT_DIFFERS = (409, "count_differs", "the filter matches {matched} keys and not the {expected} that were expected"),
    DELIVERY_WAITS = (409, "delivery_waits", "it is on its way already"),
    DELIVERY_TO_NOBODY = (409, "delivery_to_nobody", "whom it went to is not there any more"),
    ROUTE_OVERLAPS = (409, "route_overlaps", "the route {route_id} takes the same calls: {method} {path}"),
    EXPORT_GONE = (410, "export_gone", "the file is not kept any more; order the report again"),
    VERSION_STALE = (412, "version_stale", "`If-Match` does not name the current version, which is {actual}"),
    BODY_TOO_LARGE = (413, "body_too_large", "the body is larger than 1 MiB, or an imported document than 4 MiB"),
    MEDIA_TYPE_UNSUPPORTED = (415, "media_type_unsupported", "the body must be sent as `Content-Type: application/json`"),
    FILTER_EMPTY = (422, "filter_empty", "a filter that says nothing matches every key; name at least one thing"),
    UPLOAD_UNREADABLE = (422, "upload_unreadable", "the upload is not of its form: {why}"),
    BODY_INVALID = (422, "body_invalid", "a field of the body, named by `pointer`, is missing, unknown or has a wrong value"),
    IDEMPOTENCY_KEY_REUSED = (422, "idempotency_key_reused", "this `Idempotency-Key` was used for another request"),
    AS_OF_TOO_FAR = (422, "as_of_too_far", "the state as of then stands on more than {events_max} events; ask for one thing, or an earlier time"),
    OUTBOUND_URL_INVALID = (422, "outbound_url_invalid", "the URL is none that can be called: {what}"),
    OUTBOUND_SCHEME_NOT_ALLOWED = (422, "outbound_scheme_not_allowed", "the scheme `{scheme}` is not allowed"),
    OUTBOUND_DENIED = (422, "outbound_denied", "the operator has denied `{host}`"),
    OUTBOUND_ADDRESS_NOT_PUBLIC = (422, "outbound_address_not_public", "`{host}` is at an address that is not public"),
    OUTBOUND_NAME_NOT_RESOLVED = (422, "outbound_name_not_resolved", "the name `{host}` has no address"),
    RECONCILIATION_IMPOSSIBLE = (422, "reconciliation_impossible", "this time cannot be counted again: what gateways told of its beginning is not kept any more"),
    REPORT_TOO_LARGE = (422, "report_too_large", "the report would have more than {rows_max} rows; choose a shorter time, a coarser granularity or fewer groups"),
    IF_MATCH_REQUIRED = (428, "if_match_required", "give the version you have seen as `If-Match`, as the `ETag` of your last read had it"),
    TOO_MANY_FAILURES = (429, "too_many_failures", "too many attempts have failed from this address, or of this principal; try again in {retry_after_seconds} s"),
    EXPORTS_BUSY = (429, "exports_busy", "as many exports run as may, or as many of yours; read one to its end and try again"),
    IMPORTS_BUSY = (429, "imports_busy", "as many imports are read as may; try again in a moment"),
    STREAMS_BUSY = (429, "streams_busy", "as many watch for changes as may; ask for what you show every few seconds instead"),
    REPLAYS_BUSY = (429, "replays_busy", "as many simulations and reconciliations run as may; try again in a moment"),
    RECEIVER_BUSY = (429, "receiver_busy", "more reports come in than are taken; send this one again in a moment"),
    INTERNAL = (500, "internal", "something went wrong here; the log of the server knows it by the request's id"),
    UNAVAILABLE = (503, "unavailable", "this cannot be done right now; try again shortly"),
}

/// The state of things forbids it now; the same request may be right at another time.
const CONFLICTS: &[&str] = &[
    "already_assigned",
    "approval_already_proposed",
    "approval_approver_lost",
    "approval_expired",
    "approval_not_approved",
    "approval_not_waiting",
    "approval_rule_already_made",
    "approval_rule_taken",
    "assignment_already_made",
    "change_already_planned",
    "change_applied",
    "change_cancelled",
    "change_ended",
    "change_failed",
    "change_not_begun",
    "change_not_due",
    "change_overtaken",
    "change_under_way",
    "client_already_registered",
    "client_archived",
    "break_glass_open",
    "client_not_active",
    "erasure_done",
    "grant_already_given",
    "identity_taken",
    "key_already_issued",
    "key_expired",
    "key_imported_differently",
    "key_not_yet_expired",
    "key_revoked",
    "key_suspended",
    "last_admin",
    "leaked_secret_lives",
    "operation_already_planned",
    "operation_ended",
    "operation_held",
    "operation_moved_on",
    "notification_rule_already_made",
    "notification_rule_ended",
    "no_overlap",
    "policy_already_defined",
    "policy_retired",
    "policy_still_assigned",
    "principal_already_there",
    "principal_disabled",
    "principal_enabled",
    "principal_not_a_person",
    "principal_without_tokens",
    "projection_not_halted",
    "rotation_running",
    "route_already_defined",
    "route_retired",
    "webhook_already_created",
    "webhook_deleted",
    "webhook_rotation_running",
    "webhook_url_changed",
];

/// The principal may not.
const FORBIDDEN: &[&str] = &[
    "approval_needs_person",
    "approval_of_another",
    "approval_of_own",
    "grant_exceeds_own",
    "permission_denied",
];

/// What a body may name beside the subject of the request.
const REFERENCES: &[&str] = &[
    "assignment_not_found",
    "client_not_found",
    "key_not_found",
    "policy_not_found",
    "principal_not_found",
    "route_not_found",
    "webhook_not_found",
];

/// The status of a refusal of the domain: 422 unless the thing is absent, in a state that forbids it, or the
/// principal may not.
pub(super) fn status_of(code: &str) -> StatusCode {
    if FORBIDDEN.contains(&code) {
        StatusCode::FORBIDDEN
    } else if CONFLICTS.contains(&code) {
        StatusCode::CONFLICT
    } else if code.ends_with("_not_found") {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

/// `key_revoked` reads `Key revoked`.
pub(super) fn title_of(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// Every code that the API can answer, by code, for `schemas/refusals.json`.
#[must_use]
pub fn catalogue() -> &'static [CatalogueEntry] {
    static ALL: LazyLock<Vec<CatalogueEntry>> = LazyLock::new(all);
    &ALL
}

fn all() -> Vec<CatalogueEntry> {
    let own = kinds::ALL.iter().map(|kind| (kind.code, kind.status, kind.message));
    let domain = domain::all_refusals();
    let ruled = domain.iter().map(|doc| (doc.code, status_of(doc.code).as_u16(), doc.message));
    let mut all: Vec<_> =
        own.chain(ruled).map(|(code, status, message)| entry(code, status, message)).collect();
    all.sort_unstable_by_key(|entry| entry.code);
    all
}

fn entry(code: &'static str, status: u16, message: &'static str) -> CatalogueEntry {
    let status_in_body = REFERENCES.contains(&code).then_some(422);
    CatalogueEntry { code, status, status_in_body, title: title_of(code), message }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_stands_in_the_catalogue_once() {
        let codes: Vec<_> = catalogue().iter().map(|entry| entry.code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    }

    #[test]
    fn every_conflict_is_a_refusal_of_the_domain() {
        let known: BTreeSet<_> = domain::all_refusals().iter().map(|doc| doc.code).collect();
        for code in CONFLICTS.iter().chain(REFERENCES) {
            assert!(known.contains(code), "{code}");
        }
    }

    #[expect(clippy::too_many_lines, reason = "a list, one after the other")]
    #[test]
    fn every_refusal_of_the_domain_has_a_considered_status() {
        const UNPROCESSABLE: &[&str] = &[
            "approval_of_other_command",
            "approval_rule_not_guardable",
            "assignment_window_empty",
            "assignment_window_out_of_bounds",
            "assignment_window_past",
            "break_glass_minutes_out_of_bounds",
            "change_end_not_after_start",
            "change_has_no_end",
            "change_needs_time",
            "change_not_ahead",
            "change_too_far",
            "client_needs_environment",
            "cost_above_header_max",
            "cost_out_of_bounds",
            "environment_not_allowed",
            "expiry_not_after_start",
            "expiry_not_ahead",
            "expiry_too_far",
            "grant_scope_empty",
            "grant_until_out_of_bounds",
            "idle_hours_out_of_bounds",
            "import_client_ambiguous",
            "import_client_unknown",
            "import_row_invalid",
            "key_secret_taken",
            "limit_counted_otherwise",
            "limit_name_taken",
            "limit_out_of_bounds",
            "limit_unknown",
            "nothing_to_erase",
            "notification_rule_days_invalid",
            "notification_rule_hour_invalid",
            "notification_rule_threshold_invalid",
            "notification_rule_too_many_recipients",
            "notification_rule_too_many_team_zones",
            "notification_rule_without_notices",
            "notification_rule_without_recipients",
            "notification_rule_without_report_settings",
            "observation_backwards",
            "observation_empty",
            "overlap_end_too_far",
            "overlap_not_extended",
            "overlap_too_long",
            "policy_needs_limit",
            "revocation_not_ahead",
            "revocation_too_far",
            "role_for_people",
            "route_needs_method",
            "scope_not_granted",
            "start_out_of_bounds",
            "threshold_out_of_bounds",
            "token_in_use",
            "token_lifetime_out_of_bounds",
            "token_overlap_too_long",
            "too_many_items",
            "webhook_overlap_too_long",
            "webhook_scope_empty",
            "webhook_too_many_events",
            "webhook_without_events",
        ];
        let unprocessable: Vec<_> = domain::all_refusals()
            .iter()
            .map(|doc| doc.code)
            .filter(|code| status_of(code) == StatusCode::UNPROCESSABLE_ENTITY)
            .collect();
        assert_eq!(unprocessable, UNPROCESSABLE);
    }

    #[test]
    fn a_title_reads_as_words() {
        assert_eq!(title_of("key_revoked"), "Key revoked");
    }
}
