//! Every operation is held to its documentation: each status has a case, and the permission it names is the one
//! that is asked for.

use std::{sync::atomic::Ordering, time::Duration};

use eventlog::Idempotency;
use http::Method;
use serde_json::{Value, json};

use super::{
    gateways::DECISION,
    harness::{
        Answer, Call, DOCUMENT, Fixture, World, because, client_body, key_body, notification_rule_body,
        policy_body, route_body, stalled, suspension_body, webhook_body,
    },
};
use crate::Settings;

/// What an operation begins with, in the place of a permission, that needs none; then it says what it needs.
pub(super) const NONE: &str = "none: ";
const GONE: &str = "cli_00000000000000000000000000";

/// Where and with what an operation is right.
pub(super) struct Sample {
    pub(super) method: Method,
    pub(super) path: String,
    body: Option<Value>,
}

#[expect(clippy::too_many_lines, reason = "a list, one after the other")]
pub(super) fn sample(operation: &str, things: &Fixture) -> Sample {
    let Fixture { client, key, route, policy, assignment, change, operation: opn, leak, .. } = things;
    let Fixture {
        person, account, grant, approval, rule, webhook, notification_rule, delivery, export, ..
    } = things;
    let (method, path, body) = match operation {
        "register_client" => ("POST", "/v1/clients".to_owned(), Some(client_body())),
        "list_clients" => ("GET", "/v1/clients".to_owned(), None),
        "get_client" => ("GET", format!("/v1/clients/{client}"), None),
        "update_client" => ("PATCH", format!("/v1/clients/{client}"), Some(json!({ "name": "Other" }))),
        "suspend_client" => ("POST", format!("/v1/clients/{client}/suspend"), Some(because())),
        "reinstate_client" => ("POST", format!("/v1/clients/{client}/reinstate"), Some(because())),
        "archive_client" => ("POST", format!("/v1/clients/{client}/archive"), Some(because())),
        "issue_key" => ("POST", format!("/v1/clients/{client}/keys"), Some(key_body())),
        "list_keys" => ("GET", "/v1/keys".to_owned(), None),
        "get_key" => ("GET", format!("/v1/keys/{key}"), None),
        "get_key_rotation" => ("GET", format!("/v1/keys/{key}/rotation"), None),
        "rotate_key" => ("POST", format!("/v1/keys/{key}/rotate"), Some(json!({ "overlap_seconds": 60 }))),
        "revoke_key" => ("POST", format!("/v1/keys/{key}/revoke"), Some(because())),
        "suspend_key" => ("POST", format!("/v1/keys/{key}/suspend"), Some(because())),
        "reinstate_key" => ("POST", format!("/v1/keys/{key}/reinstate"), Some(because())),
        "release_key" => ("POST", format!("/v1/keys/{key}/release"), Some(because())),
        "revoke_keys" => ("POST", "/v1/keys/revoke".to_owned(), Some(bulk_body(client))),
        "suspend_keys" => ("POST", "/v1/keys/suspend".to_owned(), Some(bulk_body(client))),
        "import_keys" => {
            let path = format!("/v1/keys/import?source=kong&client_id={client}&environment=prod");
            ("POST", path, Some(json!({ "external_id": "k1", "sha256": "ab".repeat(32) })))
        }
        "list_operations" => ("GET", "/v1/operations".to_owned(), None),
        "get_operation" => ("GET", format!("/v1/operations/{opn}"), None),
        "list_operation_items" => ("GET", format!("/v1/operations/{opn}/items"), None),
        "cancel_operation" => ("POST", format!("/v1/operations/{opn}/cancel"), Some(because())),
        "list_leaks" => ("GET", "/v1/leaks".to_owned(), None),
        "get_leak" => ("GET", format!("/v1/leaks/{leak}"), None),
        "receive_github_leaks" => {
            let reports = json!([{ "token": "some_token", "type": "some_type", "url": "some_url" }]);
            ("POST", "/v1/leaks/github".to_owned(), Some(reports))
        }
        "receive_generic_leaks" => ("POST", "/v1/leaks/generic".to_owned(), Some(json!({ "tokens": [] }))),
        "define_route" => ("POST", "/v1/routes".to_owned(), Some(route_body("/other"))),
        "list_routes" => ("GET", "/v1/routes".to_owned(), None),
        "import_routes" => {
            ("POST", "/v1/routes/import".to_owned(), Some(json!({ "openapi": "3.1.0", "paths": {} })))
        }
        "get_route" => ("GET", format!("/v1/routes/{route}"), None),
        "revise_route" => ("PATCH", format!("/v1/routes/{route}"), Some(json!({ "cost": 2 }))),
        "retire_route" => ("DELETE", format!("/v1/routes/{route}"), None),
        "define_policy" => ("POST", "/v1/policies".to_owned(), Some(policy_body())),
        "list_policies" => ("GET", "/v1/policies".to_owned(), None),
        "list_assignments" => ("GET", "/v1/assignments".to_owned(), None),
        "get_policy" => ("GET", format!("/v1/policies/{policy}"), None),
        "revise_policy" => ("PATCH", format!("/v1/policies/{policy}"), Some(json!({ "mode": "shadow" }))),
        "retire_policy" => ("POST", format!("/v1/policies/{policy}/retire"), Some(because())),
        "assign_policy" => {
            ("POST", format!("/v1/policies/{policy}/assignments"), Some(json!({ "environment": "prod" })))
        }
        "get_assignment" => ("GET", format!("/v1/policies/{policy}/assignments/{assignment}"), None),
        "unassign_policy" => ("DELETE", format!("/v1/policies/{policy}/assignments/{assignment}"), None),
        "extend_overlap" => (
            "POST",
            format!("/v1/keys/{key}/rotation/extend"),
            Some(json!({ "overlap_seconds": 7_200, "reason": "late" })),
        ),
        "retire_previous_secret" => ("POST", format!("/v1/keys/{key}/rotation/retire"), Some(because())),
        "plan_scheduled_change" => ("POST", "/v1/scheduled-changes".to_owned(), Some(suspension_body(key))),
        "list_scheduled_changes" => ("GET", "/v1/scheduled-changes".to_owned(), None),
        "get_scheduled_change" => ("GET", format!("/v1/scheduled-changes/{change}"), None),
        "cancel_scheduled_change" => {
            ("POST", format!("/v1/scheduled-changes/{change}/cancel"), Some(because()))
        }
        "list_audit" => ("GET", "/v1/audit".to_owned(), None),
        "get_audit_entry" => ("GET", "/v1/audit/1".to_owned(), None),
        "create_report_export" => {
            let body = json!({ "report": "usage", "format": "csv", "granularity": "day" });
            ("POST", "/v1/reports/exports".to_owned(), Some(body))
        }
        "download_report_export" => ("GET", format!("/v1/reports/exports/{export}/file"), None),
        "report_usage" => ("GET", "/v1/reports/usage".to_owned(), None),
        "report_top_endpoints" => ("GET", "/v1/reports/top-endpoints".to_owned(), None),
        "report_throttling" => ("GET", "/v1/reports/throttling".to_owned(), None),
        "report_quotas" => ("GET", "/v1/reports/quotas".to_owned(), None),
        "reconcile_usage" => ("GET", "/v1/reports/reconciliation".to_owned(), None),
        "report_addresses" => ("GET", "/v1/reports/addresses".to_owned(), None),
        "report_shadow" => ("GET", "/v1/reports/shadow".to_owned(), None),
        "report_access" => ("GET", "/v1/access-report".to_owned(), None),
        "report_access_changes" => ("GET", "/v1/access-report/changes?from=1".to_owned(), None),
        "find_contradictions" => ("GET", format!("/v1/policies/{policy}/findings"), None),
        "list_gateway_nodes" => ("GET", "/v1/gateway/nodes".to_owned(), None),
        "list_hygiene_keys" => ("GET", "/v1/hygiene/keys?list=unused".to_owned(), None),
        "list_hygiene_scopes" => ("GET", "/v1/hygiene/scopes".to_owned(), None),
        "list_hygiene_routes" => ("GET", "/v1/hygiene/routes".to_owned(), None),
        "list_hygiene_policies" => ("GET", "/v1/hygiene/policies".to_owned(), None),
        "explain_call" => (
            "POST",
            "/v1/explain".to_owned(),
            Some(json!({ "key_id": key, "method": "GET", "path": "/orders/1" })),
        ),
        "simulate_policy" => (
            "POST",
            "/v1/policies/simulate".to_owned(),
            Some(json!({
                "policy": { "rates": [{ "name": "burst", "requests": 10, "per_seconds": 1 }] },
                "target": { "client_id": client },
            })),
        ),
        "list_decisions" => ("GET", "/v1/decisions".to_owned(), None),
        "get_decision" => ("GET", format!("/v1/decisions/{DECISION}"), None),
        "show_effective_policy" => ("GET", "/v1/effective-policy".to_owned(), None),
        "show_current_usage" => ("GET", format!("/v1/usage/current?client_id={client}"), None),
        "reset_limit" => {
            let body =
                json!({ "client_id": client, "policy_id": policy, "limit": "burst", "reason": "as agreed" });
            ("POST", "/v1/usage/reset".to_owned(), Some(body))
        }
        "get_audit_chain" => ("GET", "/v1/audit/1/chain".to_owned(), None),
        "search_secret" => {
            ("POST", "/v1/audit/search-secret".to_owned(), Some(json!({ "secret": "found-in-a-build-log" })))
        }
        "get_audit_checkpoint" => ("GET", "/v1/audit/checkpoint".to_owned(), None),
        "get_audit_proof" => ("GET", "/v1/audit/1/proof".to_owned(), None),
        "get_audit_consistency" => ("GET", "/v1/audit/consistency?from=1".to_owned(), None),
        "list_audit_keys" => ("GET", "/v1/audit/keys".to_owned(), None),
        "export_audit" => ("GET", "/v1/audit/export".to_owned(), None),
        "watch_changes" => ("GET", "/v1/changes?for_seconds=0".to_owned(), None),
        "whoami" => ("GET", "/v1/whoami".to_owned(), None),
        "start_sign_in" => ("GET", "/v1/session/start".to_owned(), None),
        "finish_sign_in" => ("GET", "/v1/session/callback".to_owned(), None),
        "get_session" => ("GET", "/v1/session".to_owned(), None),
        "end_session" => ("DELETE", "/v1/session".to_owned(), None),
        "list_sessions" => ("GET", "/v1/sessions".to_owned(), None),
        "end_other_session" => ("DELETE", "/v1/sessions/ses_1".to_owned(), None),
        "list_roles" => ("GET", "/v1/roles".to_owned(), None),
        "add_person" => ("POST", "/v1/principals".to_owned(), Some(json!({ "name": "Grace" }))),
        "list_people" => ("GET", "/v1/principals".to_owned(), None),
        "get_person" => ("GET", format!("/v1/principals/{person}"), None),
        "disable_person" => ("POST", format!("/v1/principals/{person}/disable"), Some(because())),
        "enable_person" => ("POST", format!("/v1/principals/{person}/enable"), Some(because())),
        "list_approvals" => ("GET", "/v1/approvals".to_owned(), None),
        "get_approval" => ("GET", format!("/v1/approvals/{approval}"), None),
        "approve_approval" => ("POST", format!("/v1/approvals/{approval}/approve"), Some(because())),
        "decline_approval" => ("POST", format!("/v1/approvals/{approval}/decline"), Some(because())),
        "withdraw_approval" => ("POST", format!("/v1/approvals/{approval}/withdraw"), Some(because())),
        "list_approval_rules" => ("GET", "/v1/approval-rules".to_owned(), None),
        "get_approval_rule" => ("GET", format!("/v1/approval-rules/{rule}"), None),
        "make_approval_rule" => {
            let body = json!({ "permission": "key.rotate", "environment": "test", "reason": "as agreed" });
            ("POST", "/v1/approval-rules".to_owned(), Some(body))
        }
        "end_approval_rule" => ("DELETE", format!("/v1/approval-rules/{rule}?reason=moved"), None),
        "claim_installation" => ("POST", "/v1/claim".to_owned(), Some(json!({ "name": "Ada" }))),
        "open_break_glass" => {
            let body = json!({ "minutes": 30, "reason": "all calls fail" });
            ("POST", format!("/v1/principals/{person}/break-glass"), Some(body))
        }
        "close_break_glass" => {
            ("POST", format!("/v1/principals/{person}/break-glass/close"), Some(because()))
        }
        "rotate_person_token" => {
            ("POST", format!("/v1/principals/{person}/rotate-token"), Some(json!({ "overlap_seconds": 60 })))
        }
        "revoke_person_token" => ("POST", format!("/v1/principals/{person}/revoke-token"), Some(because())),
        "make_service_account" => {
            let body = json!({ "name": "ci", "team": "Payments" });
            ("POST", "/v1/service-accounts".to_owned(), Some(body))
        }
        "list_service_accounts" => ("GET", "/v1/service-accounts".to_owned(), None),
        "get_service_account" => ("GET", format!("/v1/service-accounts/{account}"), None),
        "rotate_service_account_token" => {
            ("POST", format!("/v1/service-accounts/{account}/rotate-token"), Some(json!({})))
        }
        "revoke_service_account_token" => {
            ("POST", format!("/v1/service-accounts/{account}/revoke-token"), Some(because()))
        }
        "disable_service_account" => {
            ("POST", format!("/v1/service-accounts/{account}/disable"), Some(because()))
        }
        "enable_service_account" => {
            ("POST", format!("/v1/service-accounts/{account}/enable"), Some(because()))
        }
        "give_grant" => {
            let body = json!({
                "principal_id": person, "role": "viewer", "scope": { "kind": "all" }, "reason": "as agreed",
            });
            ("POST", "/v1/grants".to_owned(), Some(body))
        }
        "list_grants" => ("GET", "/v1/grants".to_owned(), None),
        "get_grant" => ("GET", format!("/v1/grants/{grant}"), None),
        "withdraw_grant" => ("DELETE", format!("/v1/grants/{grant}?reason=moved"), None),
        "create_webhook" => ("POST", "/v1/webhooks".to_owned(), Some(webhook_body())),
        "list_webhooks" => ("GET", "/v1/webhooks".to_owned(), None),
        "list_webhook_keys" => ("GET", "/v1/webhooks/keys".to_owned(), None),
        "get_webhook" => ("GET", format!("/v1/webhooks/{webhook}"), None),
        "update_webhook" => ("PATCH", format!("/v1/webhooks/{webhook}"), Some(json!({ "name": "Other" }))),
        "delete_webhook" => ("DELETE", format!("/v1/webhooks/{webhook}"), None),
        "rotate_webhook_secret" => {
            ("POST", format!("/v1/webhooks/{webhook}/rotate-secret"), Some(json!({ "overlap_seconds": 60 })))
        }
        "disable_webhook" => ("POST", format!("/v1/webhooks/{webhook}/disable"), Some(because())),
        "enable_webhook" => ("POST", format!("/v1/webhooks/{webhook}/enable"), Some(because())),
        "verify_webhook" => ("POST", format!("/v1/webhooks/{webhook}/verify"), None),
        "test_webhook" => ("POST", format!("/v1/webhooks/{webhook}/test"), Some(json!({}))),
        "replay_webhook" => ("POST", format!("/v1/webhooks/{webhook}/replay"), Some(json!({}))),
        "pull_webhook_events" => ("GET", format!("/v1/webhooks/{webhook}/events"), None),
        "list_webhook_deliveries" => ("GET", format!("/v1/webhooks/{webhook}/deliveries"), None),
        "get_webhook_delivery" => ("GET", format!("/v1/webhooks/{webhook}/deliveries/{delivery}"), None),
        "resend_webhook_delivery" => {
            ("POST", format!("/v1/webhooks/{webhook}/deliveries/{delivery}/resend"), None)
        }
        "list_mail_addresses" => ("GET", "/v1/mail-addresses".to_owned(), None),
        "mark_mail_addresses" => {
            let body = json!({ "addresses": ["gone@example.com"], "reason": "bounced: 5.1.1" });
            ("POST", "/v1/mail-addresses/mark".to_owned(), Some(body))
        }
        "unmark_mail_addresses" => (
            "POST",
            "/v1/mail-addresses/unmark".to_owned(),
            Some(json!({ "addresses": ["gone@example.com"] })),
        ),
        "list_deliveries" => ("GET", "/v1/deliveries".to_owned(), None),
        "make_notification_rule" => {
            ("POST", "/v1/notification-rules".to_owned(), Some(notification_rule_body()))
        }
        "preview_notification_rule" => {
            ("POST", "/v1/notification-rules/preview".to_owned(), Some(notification_rule_body()))
        }
        "list_notification_rules" => ("GET", "/v1/notification-rules".to_owned(), None),
        "get_notification_rule" => ("GET", format!("/v1/notification-rules/{notification_rule}"), None),
        "update_notification_rule" => {
            let body = json!({ "name": "Other" });
            ("PATCH", format!("/v1/notification-rules/{notification_rule}"), Some(body))
        }
        "end_notification_rule" => ("DELETE", format!("/v1/notification-rules/{notification_rule}"), None),
        "erase_personal_values" => {
            let body = json!({ "values": ["payments@example.com"], "reason": "as agreed" });
            ("POST", "/v1/erasures".to_owned(), Some(body))
        }
        "explain_problem" => ("GET", "/problems/key_revoked".to_owned(), None),
        "healthz" | "readyz" | "metrics" => ("GET", format!("/{operation}"), None),
        "openapi" => ("GET", "/openapi.json".to_owned(), None),
        other => panic!("the operation {other} has no sample"),
    };
    Sample { method: method.parse().unwrap(), path, body }
}

impl Sample {
    pub(super) fn call<'world>(&self, world: &'world World) -> Call<'world> {
        let call = world.call(self.method.clone(), self.path.clone());
        let call = match &self.body {
            Some(body) => signed(world, &self.path, call.json(body), body),
            None => call,
        };
        let call = if self.path.starts_with("/v1/keys/import") {
            call.without("content-type").header("content-type", "application/jsonl")
        } else {
            call
        };
        if self.method == Method::PATCH || self.method == Method::DELETE { call.if_match("*") } else { call }
    }

    /// The same with a query.
    pub(super) fn asking(&self, query: &str) -> Self {
        let and = if self.path.contains('?') { '&' } else { '?' };
        let path = format!("{}{and}{query}", self.path);
        Self { method: self.method.clone(), path, body: self.body.clone() }
    }

    /// The same about a thing that is not there.
    pub(super) fn missing(&self) -> Self {
        let gone = |segment: &str| match segment.split_once('_') {
            Some((
                prefix @ ("cli" | "key" | "rte" | "pol" | "asg" | "dec" | "chg" | "opn" | "lek" | "prn"
                | "grt" | "apr" | "aru" | "whk" | "nrl" | "dlv"),
                rest,
            )) => {
                let query = rest.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
                format!("{prefix}_{}{query}", "0".repeat(26))
            }
            _ => segment.replace('1', if segment == "1" { "999" } else { "1" }),
        };
        let path = self.path.split('/').map(gone).collect::<Vec<_>>().join("/");
        Self { method: self.method.clone(), path, body: self.body.clone() }
    }
}

/// Every documented operation: its id, its statuses, its permission.
pub(super) fn operations() -> Vec<(String, Vec<String>, Option<String>)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let all = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let read = |operation: &Value| {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let statuses = operation["responses"].as_object().unwrap().keys().cloned().collect();
        let permission = operation["x-tollgate-permission"].as_str().filter(|said| !said.starts_with(NONE));
        (id, statuses, permission.map(ToOwned::to_owned))
    };
    all.map(read).collect()
}

/// What is one's own is done by somebody who is somebody: the world is claimed, and the person is whoever did.
async fn prepare(world: &mut World, operation: &str, things: &mut Fixture) {
    if operation.ends_with("_break_glass") || operation.ends_with("_person_token") {
        world.claim().await;
        things.person.clone_from(&world.admin_id);
    }
    if operation.ends_with("_approval") && operation != "get_approval" {
        world.claim().await;
    }
    if operation == "withdraw_approval" {
        things.approval = world.proposal(&things.client).await;
    }
    if operation == "close_break_glass" {
        sample("open_break_glass", things).call(world).expect(200).await;
    }
}

/// Whether an operation puts something on record.
fn is_write(operation: &str) -> bool {
    let all = DOCUMENT["paths"].as_object().unwrap().values();
    let mut all = all.flat_map(|item| item.as_object().unwrap().iter());
    all.any(|(method, item)| item["operationId"] == operation && method != "get")
}

/// The answer with this status.
#[expect(clippy::too_many_lines, reason = "a list, one after the other")]
async fn answer(status: &str, operation: &str, sample: &Sample, world: &World) -> Answer {
    let call = sample.call(world);
    match status {
        _ if is_about_sessions(operation) => super::sign_in::answer(status, operation).await,
        "403" if for_anybody(operation) => super::sign_in::across_sites(&sample.path).await,
        "429" if !is_receiver(operation) => super::sign_in::spent(world, call).await,
        "200" if is_write(operation) && !is_receiver(operation) => {
            sample.asking("dry_run=true").call(world).send().await
        }
        "400" => sample.asking("unknown=1").call(world).send().await,
        "401" => call.without("authorization").send().await,
        "403" if is_receiver(operation) => {
            call.without("tollgate-signature").without(GITHUB_SIGNATURE).send().await
        }
        "403" => call.nobody().send().await,
        "404" if is_receiver(operation) => closed(operation).await,
        "404" if operation == "list_audit" => {
            World::new().await.get("/v1/audit?format=jsonl&proofs=true").send().await
        }
        "404" if of_checkpoint(operation) => World::new().await.get(&*sample.path).send().await,
        "404" => sample.missing().call(world).send().await,
        "406" => call.header("accept", "text/html").send().await,
        "408" => slow(operation).await,
        "409" if operation == "download_report_export" => {
            let body = json!({ "report": "usage", "format": "csv" });
            let planned = world.post("/v1/reports/exports", &body).expect(201).await.json();
            world.get(format!("/v1/reports/exports/{}/file", planned["id"].as_str().unwrap())).send().await
        }
        // The one that is there was kept for its time by now.
        "200" if operation == "download_report_export" => {
            let body = json!({ "report": "usage", "format": "csv" });
            let planned = world.post("/v1/reports/exports", &body).expect(201).await.json();
            world.work().await;
            world.get(format!("/v1/reports/exports/{}/file", planned["id"].as_str().unwrap())).send().await
        }
        "410" => {
            world.set_now("2026-03-03T12:00:00Z");
            call.send().await
        }
        "409" if operation == "claim_installation" => {
            // Of two at once, one; and what is left is claimed.
            let world = World::new().await;
            let both = futures::join!(sample.call(&world).send(), sample.call(&world).send());
            if both.0.status == 409 { both.0 } else { both.1 }
        }
        "422" if operation == "claim_installation" => {
            call.body(json!({ "name": "" }).to_string()).send().await
        }
        "409" => {
            let key = format!("{}:in-flight", world.admin_id);
            let idempotency = Idempotency { key, request_digest: [0; 32] };
            let claim = world.door.in_flight.claim(idempotency).unwrap();
            let answer = call.key("in-flight").send().await;
            drop(claim);
            answer
        }
        "412" => call.without("if-match").if_match("\"77\"").send().await,
        "413" if operation == "import_routes" => call.body(" ".repeat(4 * 1024 * 1024 + 1)).send().await,
        "413" if operation == "import_keys" => call.body(" ".repeat(32 * 1024 * 1024 + 1)).send().await,
        "413" => call.body(" ".repeat(1024 * 1024 + 1)).send().await,
        "415" => call.without("content-type").header("content-type", "text/plain").send().await,
        "422" if operation == "report_access" => too_far(&sample.asking("as_of=5").path).await,
        "422" if operation == "report_access_changes" => too_far(&sample.path).await,
        "422" if operation == "reconcile_usage" => super::reconciliation::gone().await,
        // JSON has pages.
        "422" if operation == "report_usage" => too_large_as_parquet(&sample.path).await,
        "422" if operation.starts_with("report_") => too_large(&sample.path).await,
        "422" if operation == "show_effective_policy" => {
            world.get(format!("/v1/effective-policy?client_id={GONE}")).send().await
        }
        "422" if operation == "show_current_usage" => {
            world.get(format!("/v1/usage/current?client_id={GONE}")).send().await
        }
        "422" if sample.method == Method::GET => too_far_of(operation).await,
        "429" => flooded(world, sample).await,
        "422" => call.key("used").send().await,
        "428" => call.without("if-match").send().await,
        "503" => {
            world.ready.store(false, Ordering::Relaxed);
            let answer = call.send().await;
            world.ready.store(true, Ordering::Relaxed);
            answer
        }
        _ => call.send().await,
    }
}

/// What a log has to be signed for.
fn of_checkpoint(operation: &str) -> bool {
    ["get_audit_checkpoint", "get_audit_proof", "get_audit_consistency", "export_audit"].contains(&operation)
}

/// Who comes in by a session, or wants to.
fn is_about_sessions(operation: &str) -> bool {
    operation.ends_with("_session") || operation.ends_with("_sessions") || operation.ends_with("_sign_in")
}

fn is_receiver(operation: &str) -> bool {
    operation.starts_with("receive_")
}

const GITHUB_SIGNATURE: &str = "github-public-key-signature";

/// What a receiver of leaks is shown in the place of a token: the vector of GitHub's documentation, or our own.
fn signed<'world>(world: &World, path: &str, call: Call<'world>, body: &Value) -> Call<'world> {
    if path.starts_with("/v1/leaks/github") {
        let signature = "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=";
        call.header("github-public-key-identifier", "k1").header(GITHUB_SIGNATURE, signature)
    } else if path.starts_with("/v1/leaks/generic") {
        let timestamp = world.door.now().as_second().to_string();
        let secret = crate::SharedSecret::new(super::harness::SHARED.into()).unwrap();
        let signature = secret.sign(&timestamp, body.to_string().as_bytes());
        call.header("tollgate-timestamp", &timestamp).header("tollgate-signature", &signature)
    } else {
        call
    }
}

/// A receiver that nobody has opened.
async fn closed(operation: &str) -> Answer {
    let world = World::without_receivers().await;
    let path = if operation == "receive_github_leaks" { "/v1/leaks/github" } else { "/v1/leaks/generic" };
    world.post(path, &json!([])).send().await
}

/// More reports than are taken; the clock then moves on, so that others are.
async fn flooded(world: &World, sample: &Sample) -> Answer {
    let mut answer = sample.call(world).send().await;
    for _ in 0..60 {
        answer = sample.call(world).send().await;
    }
    world.set_now("2026-03-01T12:01:00Z");
    answer
}

fn bulk_body(client: &str) -> Value {
    json!({ "filter": { "client_id": client }, "reason": "as agreed" })
}

fn with_name(name: &str) -> Value {
    let mut body = policy_body();
    body["name"] = json!(name);
    body
}

async fn slow(operation: &str) -> Answer {
    let mut world = World::with(Settings { body_wait: Duration::ZERO, ..Settings::default() }).await;
    let mut things = world.whole_fixture().await;
    prepare(&mut world, operation, &mut things).await;
    sample(operation, &things).call(&world).body(stalled()).send().await
}

async fn too_large(path: &str) -> Answer {
    let small = World::with(Settings { report_rows_max: 0, ..Settings::default() }).await;
    super::reports::count_calls(&small, 1).await;
    small.get(path).send().await
}

/// A row more than one answer may have.
async fn too_large_as_parquet(path: &str) -> Answer {
    let small = World::with(Settings { report_rows_max: 1, ..Settings::default() }).await;
    super::reports::count_calls(&small, 1).await;
    small
        .get(format!("{path}?group_by=client"))
        .header("accept", "application/vnd.apache.parquet")
        .send()
        .await
}

/// The present as the past, under a bound that it does not keep.
async fn too_far_of(operation: &str) -> Answer {
    let world = World::with(Settings { as_of_events_max: 0, ..Settings::default() }).await;
    let things = world.whole_fixture().await;
    let head = world.door.api().log.head();
    sample(operation, &things).asking(&format!("as_of={head}")).call(&world).send().await
}

async fn too_far(path: &str) -> Answer {
    let world = World::with(Settings { as_of_events_max: 0, ..Settings::default() }).await;
    world.fixture().await;
    world.get(path).send().await
}

/// The write while no read model follows.
async fn unseen(operation: &str) -> Answer {
    let mut world = World::new().await;
    let mut things = world.whole_fixture().await;
    worth_saying(operation, &mut world, &mut things).await;
    world.halt_projections().await;
    sample(operation, &things).call(&world).send().await
}

/// Sees to it that each write has something new to say.
pub(super) async fn worth_saying(operation: &str, world: &mut World, things: &mut Fixture) {
    match operation {
        "reinstate_client" => {
            drop(world.post(format!("/v1/clients/{}/suspend", things.client), &because()).expect(200).await)
        }
        "reinstate_key" => {
            drop(world.post(format!("/v1/keys/{}/suspend", things.key), &because()).expect(200).await)
        }
        "retire_policy" => things.policy = world.made("/v1/policies", &policy_body()).await,
        "release_key" => {
            let (key, secret) = world.key(&things.client).await;
            world.holders.know(&secret, &key, 1);
            world.report(&json!({ "tokens": [{ "token": secret }] })).expect(200).await;
            world.post(format!("/v1/keys/{key}/rotate"), &json!({ "overlap_seconds": 0 })).expect(200).await;
            things.key = key;
        }
        "enable_person" => {
            let path = format!("/v1/principals/{}/disable", things.person);
            world.post(path, &because()).expect(200).await;
        }
        "enable_service_account" => {
            let path = format!("/v1/service-accounts/{}/disable", things.account);
            world.post(path, &because()).expect(200).await;
        }
        "enable_webhook" => {
            let path = format!("/v1/webhooks/{}/disable", things.webhook);
            world.post(path, &json!({})).expect(200).await;
        }
        "extend_overlap" | "retire_previous_secret" => world.rotate(&things.key).await,
        _ => {}
    }
    prepare(world, operation, things).await;
}

#[tokio::test]
async fn every_documented_status_is_answered() {
    for (operation, statuses, _) in operations() {
        let mut world = World::new().await;
        let mut things = world.whole_fixture().await;
        if operation == "retire_policy" {
            things.policy = world.made("/v1/policies", &policy_body()).await;
        }
        if ["extend_overlap", "retire_previous_secret"].contains(&operation.as_str()) {
            world.rotate(&things.key).await;
        }
        prepare(&mut world, &operation, &mut things).await;
        world.post("/v1/policies", &with_name("Used")).key("used").expect(201).await;
        if of_checkpoint(&operation) {
            world.sign().await;
        }
        if operation == "get_decision" {
            super::gateways::keep_decision(&world).await;
        }
        let sample = sample(&operation, &things);
        // What changes something comes last.
        let (success, failures): (Vec<_>, Vec<_>) =
            statuses.iter().partition(|status| status.starts_with('2'));
        for status in failures.into_iter().chain(success).filter(|status| *status != "5XX") {
            let answer = match status.as_str() {
                "202" if operation == "import_routes" => {
                    let rule = json!({ "permission": "route.write", "reason": "as agreed" });
                    world.post("/v1/approval-rules", &rule).expect(201).await;
                    let document =
                        json!({ "openapi": "3.1.0", "paths": { "/a": { "get": { "responses": {} } } } });
                    world.post("/v1/routes/import?mode=apply", &document).send().await
                }
                "202" => unseen(&operation).await,
                _ => answer(status, &operation, &sample, &world).await,
            };
            assert_eq!(answer.status.to_string(), *status, "{operation}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn every_operation_asks_for_the_permission_that_it_documents() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    for (operation, _, permission) in operations() {
        let answer = sample(&operation, &things).call(&world).nobody().send().await;
        match permission {
            Some(permission) => assert_eq!(answer.json()["permission"], permission, "{operation}"),
            // By a token, one is in no session; and nobody signs in here.
            None if is_about_sessions(&operation) && operation != "list_sessions" => {
                assert_eq!(answer.status, 404, "{operation}");
            }
            None if operation == "claim_installation" => {
                assert_eq!(answer.json()["code"], "claim_token_needed");
            }
            None => assert_eq!(answer.status, 200, "{operation}"),
        }
    }
}

#[test]
fn every_operation_names_a_permission_or_says_what_it_needs_in_its_place() {
    let known = domain::access::Permission::ALL.map(domain::access::Permission::as_str);
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let said = operation["x-tollgate-permission"].as_str().unwrap_or_default();
            let needs = said.strip_prefix(NONE).unwrap_or_default();
            assert!(known.contains(&said) || !needs.is_empty(), "{method} {path}: {said:?}");
            // What is open to anybody is said to be so in OpenAPI's own words, too, and nothing else is.
            let open = operation["security"] == json!([{}]);
            let anybody = ["open to anybody", "by the signature of the report"].contains(&needs);
            assert_eq!(open, anybody, "{method} {path}");
        }
    }
}

/// Whoever is known may ask these.
fn for_anybody(operation: &str) -> bool {
    ["whoami", "list_roles", "watch_changes"].contains(&operation)
}

#[tokio::test]
async fn every_operation_that_names_a_permission_wants_a_token() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    for (operation, _, permission) in operations() {
        let answer = sample(&operation, &things).missing().call(&world).without("authorization").send().await;
        let known = is_about_sessions(&operation) && !operation.ends_with("_sign_in");
        // Whoever is unknown is not told what is there.
        assert_eq!(
            answer.status == 401,
            permission.is_some() || for_anybody(&operation) || known || operation == "claim_installation",
            "{operation}"
        );
    }
}

/// The example of each body that is asked for, in each media type that it may have.
fn examples() -> Vec<(String, String, Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let all = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let of = |operation: &Value| {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let content = operation["requestBody"]["content"].as_object().cloned().unwrap_or_default();
        content.into_iter().map(move |(kind, content)| (id.clone(), kind, content["example"].clone()))
    };
    all.flat_map(of).collect()
}

#[tokio::test]
async fn what_is_shown_as_an_example_is_taken() {
    // Their examples name what is the caller's own, or want a signature.
    let own = [
        "reset_limit",
        "revoke_keys",
        "suspend_keys",
        "cancel_operation",
        "receive_generic_leaks",
        "receive_github_leaks",
        "plan_scheduled_change",
        "give_grant",
    ];
    let mut untaken = vec![];
    for (operation, kind, example) in examples().into_iter().filter(|(id, ..)| !own.contains(&&**id)) {
        let mut world = World::new().await;
        let mut things = world.whole_fixture().await;
        if operation == "retire_policy" {
            things.policy = world.made("/v1/policies", &policy_body()).await;
        }
        if ["extend_overlap", "retire_previous_secret"].contains(&&*operation) {
            world.rotate(&things.key).await;
        }
        prepare(&mut world, &operation, &mut things).await;
        let sample = Sample { body: None, ..sample(&operation, &things) };
        let body = example.as_str().map_or_else(|| example.to_string(), ToOwned::to_owned);
        let call = sample.call(&world).header("content-type", &kind).body(body);
        let answer = call.send().await;
        if !(200..300).contains(&answer.status) {
            untaken.push(format!("{operation} {example}: {}", answer.text()));
        }
    }
    assert!(untaken.is_empty(), "{untaken:#?}");
}

#[test]
fn every_answer_in_json_has_an_example() {
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                for (kind, content) in response["content"].as_object().into_iter().flatten() {
                    let without = [
                        "text/csv",
                        "text/plain",
                        "application/jsonl",
                        "application/x-ndjson",
                        "text/event-stream",
                        "application/vnd.apache.parquet",
                    ]
                    .contains(&&**kind)
                        || path == "/openapi.json";
                    assert!(
                        without || content["example"].is_object() || content["example"].is_array(),
                        "{method} {path} {status} {kind}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_referred_to_in_the_document_is_there() {
    let text = DOCUMENT.to_string();
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
}

#[test]
fn a_described_value_keeps_its_form() {
    let counting = &DOCUMENT["components"]["schemas"]["NewPolicy"]["properties"]["counting"];
    let expected = json!({
        "type": "string", "enum": ["client", "key", "shared"], "description": "Whose calls share one counter.",
    });
    assert_eq!(*counting, expected);
    assert!(!DOCUMENT.to_string().contains("{\"type\":\"object\",\"description\""));
}
