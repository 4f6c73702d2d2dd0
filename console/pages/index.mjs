// Every page, one line each: its place, the permission without which there is nothing to see, where it stands in the
// navigation (pages that others lead to stand nowhere), and its module, which is fetched when it is first wanted.

export const groups = ["Traffic", "Registry", "Messages", "Work", "Trust", "Access", "Console"];

/** Places by another name, so that links which were sent out go on leading somewhere. */
export const moved = { usage: "reports" };

/**
 * @typedef {object} Registered
 * @property {string} path
 * @property {string} [permission]
 * @property {{ group: string, label: string }} [nav]
 * @property {string} [under] the place in the navigation that leads here, where it is not the first part of `path`
 * @property {() => Promise<{ default: any }>} load
 */

/** @type {Registered[]} */
export const pages = [
  { path: "", nav: { group: "Traffic", label: "Overview" }, load: () => import("./overview.mjs") },
  { path: "reports", permission: "report.read", nav: { group: "Traffic", label: "Reports" }, load: () => import("./reports.mjs") },
  { path: "reports/top-endpoints", permission: "report.read", load: () => import("./reports-top-endpoints.mjs") },
  { path: "reports/quotas", permission: "report.read", load: () => import("./reports-quotas.mjs") },
  { path: "reports/shadow", permission: "report.read", load: () => import("./reports-shadow.mjs") },
  { path: "reports/addresses", permission: "report.read", load: () => import("./reports-addresses.mjs") },
  { path: "reports/hygiene", permission: "report.read", load: () => import("./reports-hygiene.mjs") },
  { path: "reports/exports", permission: "operation.read", load: () => import("./reports-exports.mjs") },
  { path: "throttling", permission: "report.read", nav: { group: "Traffic", label: "Throttling" }, load: () => import("./throttling.mjs") },
  { path: "decisions", under: "throttling", permission: "decision.read", load: () => import("./decisions.mjs") },
  { path: "decisions/:id", under: "throttling", permission: "decision.read", load: () => import("./decision.mjs") },
  { path: "explain", under: "throttling", permission: "decision.read", load: () => import("./explain.mjs") },
  { path: "gateways", permission: "gateway.read", nav: { group: "Traffic", label: "Gateways" }, load: () => import("./gateways.mjs") },
  { path: "clients", permission: "client.read", nav: { group: "Registry", label: "Clients" }, load: () => import("./clients.mjs") },
  { path: "clients/new", permission: "client.write", load: () => import("./client-new.mjs") },
  { path: "clients/:id", permission: "client.read", load: () => import("./client.mjs") },
  { path: "clients/:id/edit", permission: "client.write", load: () => import("./client-edit.mjs") },
  { path: "keys", permission: "key.read", nav: { group: "Registry", label: "Keys" }, load: () => import("./keys.mjs") },
  { path: "keys/import", permission: "key.import", load: () => import("./keys-import.mjs") },
  { path: "keys/bulk", permission: "key.read", load: () => import("./keys-bulk.mjs") },
  { path: "keys/:id", permission: "key.read", load: () => import("./key.mjs") },
  { path: "policies", permission: "policy.read", nav: { group: "Registry", label: "Policies" }, load: () => import("./policies.mjs") },
  { path: "policies/new", permission: "policy.write", load: () => import("./policy-new.mjs") },
  { path: "policies/what-if", permission: "report.read", load: () => import("./what-if.mjs") },
  { path: "policies/:id", permission: "policy.read", load: () => import("./policy.mjs") },
  { path: "policies/:id/edit", permission: "policy.write", load: () => import("./policy-edit.mjs") },
  { path: "effective", permission: "gateway.read", nav: { group: "Registry", label: "Policy in force" }, load: () => import("./effective.mjs") },
  { path: "routes", permission: "route.read", nav: { group: "Registry", label: "Routes" }, load: () => import("./routes.mjs") },
  { path: "routes/new", permission: "route.write", load: () => import("./route-new.mjs") },
  { path: "routes/import", permission: "route.write", load: () => import("./routes-import.mjs") },
  { path: "routes/:id", permission: "route.read", load: () => import("./route.mjs") },
  { path: "webhooks", permission: "webhook.read", nav: { group: "Messages", label: "Webhooks" }, load: () => import("./webhooks.mjs") },
  { path: "webhooks/new", permission: "webhook.write", load: () => import("./webhook-new.mjs") },
  { path: "webhooks/keys", permission: "webhook.read", load: () => import("./webhook-keys.mjs") },
  { path: "webhooks/:id", permission: "webhook.read", load: () => import("./webhook.mjs") },
  { path: "webhooks/:id/edit", permission: "webhook.write", load: () => import("./webhook-edit.mjs") },
  { path: "webhooks/:id/events", permission: "audit.read", load: () => import("./webhook-events.mjs") },
  { path: "webhooks/:id/deliveries/:delivery", permission: "webhook.read", load: () => import("./delivery.mjs") },
  { path: "deliveries", permission: "webhook.read", nav: { group: "Messages", label: "Deliveries" }, load: () => import("./deliveries.mjs") },
  { path: "access-report", permission: "report.read", nav: { group: "Trust", label: "Access report" }, load: () => import("./access-report.mjs") },
  { path: "access-report/changes", permission: "report.read", load: () => import("./access-changes.mjs") },
  { path: "audit", permission: "audit.read", nav: { group: "Trust", label: "Audit log" }, load: () => import("./audit.mjs") },
  { path: "audit/checkpoint", permission: "audit.read", load: () => import("./audit-checkpoint.mjs") },
  { path: "audit/search-secret", permission: "audit.read", load: () => import("./audit-search-secret.mjs") },
  { path: "audit/:position", permission: "audit.read", load: () => import("./audit-entry.mjs") },
  { path: "notification-rules", permission: "notification_rule.read", nav: { group: "Messages", label: "Notices" }, load: () => import("./notification-rules.mjs") },
  { path: "notification-rules/new", permission: "notification_rule.write", load: () => import("./notification-rule-new.mjs") },
  { path: "notification-rules/:id", permission: "notification_rule.read", load: () => import("./notification-rule.mjs") },
  { path: "notification-rules/:id/edit", permission: "notification_rule.write", load: () => import("./notification-rule-edit.mjs") },
  { path: "mail-addresses", under: "notification-rules", permission: "notification_rule.read", load: () => import("./mail-addresses.mjs") },
  { path: "approvals", permission: "approval.read", nav: { group: "Work", label: "Approvals" }, load: () => import("./approvals.mjs") },
  { path: "approvals/:id", permission: "approval.read", load: () => import("./approval.mjs") },
  { path: "approval-rules", under: "approvals", permission: "approval.read", load: () => import("./approval-rules.mjs") },
  { path: "principals", permission: "principal.read", nav: { group: "Access", label: "People" }, load: () => import("./principals.mjs") },
  { path: "principals/:id", permission: "principal.read", load: () => import("./principal.mjs") },
  { path: "service-accounts", permission: "service_account.read", nav: { group: "Access", label: "Service accounts" }, load: () => import("./service-accounts.mjs") },
  { path: "service-accounts/:id", permission: "service_account.read", load: () => import("./service-account.mjs") },
  { path: "grants", permission: "grant.read", nav: { group: "Access", label: "Grants" }, load: () => import("./grants.mjs") },
  { path: "roles", under: "grants", load: () => import("./roles.mjs") },
  { path: "sessions", nav: { group: "Access", label: "Sessions" }, load: () => import("./sessions.mjs") },
  { path: "erasures", permission: "personal.erase", nav: { group: "Access", label: "Erasure" }, load: () => import("./erasures.mjs") },
  { path: "scheduled-changes", permission: "change.read", nav: { group: "Work", label: "Scheduled changes" }, load: () => import("./scheduled-changes.mjs") },
  { path: "scheduled-changes/new", permission: "change.read", load: () => import("./scheduled-change-new.mjs") },
  { path: "scheduled-changes/:id", permission: "change.read", load: () => import("./scheduled-change.mjs") },
  { path: "operations", permission: "operation.read", nav: { group: "Work", label: "Operations" }, load: () => import("./operations.mjs") },
  { path: "operations/:id", permission: "operation.read", load: () => import("./operation.mjs") },
  { path: "leaks", permission: "leak.read", nav: { group: "Trust", label: "Leaks" }, load: () => import("./leaks.mjs") },
  { path: "leaks/:id", permission: "leak.read", load: () => import("./leak.mjs") },
  { path: "settings", nav: { group: "Console", label: "Settings" }, load: () => import("./settings.mjs") },
  { path: "design", nav: { group: "Console", label: "Design" }, load: () => import("./design.mjs") },
];
