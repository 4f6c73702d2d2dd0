// Every page, one line each: its place, the permission without which there is nothing to see, where it stands in the
// navigation (pages that others lead to stand nowhere), and its module, which is not there from the beginning (lib/fetched.mjs).

export const groups = ["Traffic", "Registry", "Messages", "Work", "Trust", "Access", "Console"];

/** Places by another name, so that links which were sent out go on leading somewhere. */
export const moved = { usage: "reports" };

/**
 * @typedef {object} Registered
 * @property {string} path
 * @property {string} [permission]
 * @property {{ group: string, label: string }} [nav]
 * @property {string} [under] the place in the navigation that leads here, where it is not the first part of `path`
 * @property {string} module in this folder
 */

/** @param {Registered} page */
export const moduleOf = ({ module }) => `/pages/${module}`;

/** @type {Registered[]} */
export const pages = [
  { path: "", nav: { group: "Traffic", label: "Overview" }, module: "overview.mjs" },
  { path: "reports", permission: "report.read", nav: { group: "Traffic", label: "Reports" }, module: "reports.mjs" },
  { path: "reports/top-endpoints", permission: "report.read", module: "reports-top-endpoints.mjs" },
  { path: "reports/quotas", permission: "report.read", module: "reports-quotas.mjs" },
  { path: "reports/shadow", permission: "report.read", module: "reports-shadow.mjs" },
  { path: "reports/addresses", permission: "report.read", module: "reports-addresses.mjs" },
  { path: "reports/hygiene", permission: "report.read", module: "reports-hygiene.mjs" },
  { path: "reports/exports", permission: "operation.read", module: "reports-exports.mjs" },
  { path: "throttling", permission: "report.read", nav: { group: "Traffic", label: "Throttling" }, module: "throttling.mjs" },
  { path: "decisions", under: "throttling", permission: "decision.read", module: "decisions.mjs" },
  { path: "decisions/:id", under: "throttling", permission: "decision.read", module: "decision.mjs" },
  { path: "explain", under: "throttling", permission: "decision.read", module: "explain.mjs" },
  { path: "gateways", permission: "gateway.read", nav: { group: "Traffic", label: "Gateways" }, module: "gateways.mjs" },
  { path: "clients", permission: "client.read", nav: { group: "Registry", label: "Clients" }, module: "clients.mjs" },
  { path: "clients/new", permission: "client.write", module: "client-new.mjs" },
  { path: "clients/:id", permission: "client.read", module: "client.mjs" },
  { path: "clients/:id/edit", permission: "client.write", module: "client-edit.mjs" },
  { path: "keys", permission: "key.read", nav: { group: "Registry", label: "Keys" }, module: "keys.mjs" },
  { path: "keys/import", permission: "key.import", module: "keys-import.mjs" },
  { path: "keys/bulk", permission: "key.read", module: "keys-bulk.mjs" },
  { path: "keys/:id", permission: "key.read", module: "key.mjs" },
  { path: "policies", permission: "policy.read", nav: { group: "Registry", label: "Policies" }, module: "policies.mjs" },
  { path: "policies/new", permission: "policy.write", module: "policy-new.mjs" },
  { path: "policies/what-if", permission: "report.read", module: "what-if.mjs" },
  { path: "policies/:id", permission: "policy.read", module: "policy.mjs" },
  { path: "policies/:id/edit", permission: "policy.write", module: "policy-edit.mjs" },
  { path: "effective", permission: "gateway.read", nav: { group: "Registry", label: "Policy in force" }, module: "effective.mjs" },
  { path: "routes", permission: "route.read", nav: { group: "Registry", label: "Routes" }, module: "routes.mjs" },
  { path: "routes/new", permission: "route.write", module: "route-new.mjs" },
  { path: "routes/import", permission: "route.write", module: "routes-import.mjs" },
  { path: "routes/:id", permission: "route.read", module: "route.mjs" },
  { path: "webhooks", permission: "webhook.read", nav: { group: "Messages", label: "Webhooks" }, module: "webhooks.mjs" },
  { path: "webhooks/new", permission: "webhook.write", module: "webhook-new.mjs" },
  { path: "webhooks/keys", permission: "webhook.read", module: "webhook-keys.mjs" },
  { path: "webhooks/:id", permission: "webhook.read", module: "webhook.mjs" },
  { path: "webhooks/:id/edit", permission: "webhook.write", module: "webhook-edit.mjs" },
  { path: "webhooks/:id/events", permission: "audit.read", module: "webhook-events.mjs" },
  { path: "webhooks/:id/deliveries/:delivery", permission: "webhook.read", module: "delivery.mjs" },
  { path: "deliveries", permission: "webhook.read", nav: { group: "Messages", label: "Deliveries" }, module: "deliveries.mjs" },
  { path: "access-report", permission: "report.read", nav: { group: "Trust", label: "Access report" }, module: "access-report.mjs" },
  { path: "access-report/changes", permission: "report.read", module: "access-changes.mjs" },
  { path: "audit", permission: "audit.read", nav: { group: "Trust", label: "Audit log" }, module: "audit.mjs" },
  { path: "audit/checkpoint", permission: "audit.read", module: "audit-checkpoint.mjs" },
  { path: "audit/search-secret", permission: "audit.read", module: "audit-search-secret.mjs" },
  { path: "audit/:position", permission: "audit.read", module: "audit-entry.mjs" },
  { path: "notification-rules", permission: "notification_rule.read", nav: { group: "Messages", label: "Notices" }, module: "notification-rules.mjs" },
  { path: "notification-rules/new", permission: "notification_rule.write", module: "notification-rule-new.mjs" },
  { path: "notification-rules/:id", permission: "notification_rule.read", module: "notification-rule.mjs" },
  { path: "notification-rules/:id/edit", permission: "notification_rule.write", module: "notification-rule-edit.mjs" },
  { path: "mail-addresses", under: "notification-rules", permission: "notification_rule.read", module: "mail-addresses.mjs" },
  { path: "approvals", permission: "approval.read", nav: { group: "Work", label: "Approvals" }, module: "approvals.mjs" },
  { path: "approvals/:id", permission: "approval.read", module: "approval.mjs" },
  { path: "approval-rules", under: "approvals", permission: "approval.read", module: "approval-rules.mjs" },
  { path: "principals", permission: "principal.read", nav: { group: "Access", label: "People" }, module: "principals.mjs" },
  { path: "principals/:id", permission: "principal.read", module: "principal.mjs" },
  { path: "service-accounts", permission: "service_account.read", nav: { group: "Access", label: "Service accounts" }, module: "service-accounts.mjs" },
  { path: "service-accounts/:id", permission: "service_account.read", module: "service-account.mjs" },
  { path: "grants", permission: "grant.read", nav: { group: "Access", label: "Grants" }, module: "grants.mjs" },
  { path: "roles", under: "grants", module: "roles.mjs" },
  { path: "sessions", nav: { group: "Access", label: "Sessions" }, module: "sessions.mjs" },
  { path: "erasures", permission: "personal.erase", nav: { group: "Access", label: "Erasure" }, module: "erasures.mjs" },
  { path: "scheduled-changes", permission: "change.read", nav: { group: "Work", label: "Scheduled changes" }, module: "scheduled-changes.mjs" },
  { path: "scheduled-changes/new", permission: "change.read", module: "scheduled-change-new.mjs" },
  { path: "scheduled-changes/:id", permission: "change.read", module: "scheduled-change.mjs" },
  { path: "operations", permission: "operation.read", nav: { group: "Work", label: "Operations" }, module: "operations.mjs" },
  { path: "operations/:id", permission: "operation.read", module: "operation.mjs" },
  { path: "leaks", permission: "leak.read", nav: { group: "Trust", label: "Leaks" }, module: "leaks.mjs" },
  { path: "leaks/:id", permission: "leak.read", module: "leak.mjs" },
  { path: "settings", nav: { group: "Console", label: "Settings" }, module: "settings.mjs" },
  { path: "design", nav: { group: "Console", label: "Design" }, module: "design.mjs" },
];
