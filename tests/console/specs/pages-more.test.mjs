// The pages of messages, work and access in light, dark and narrow: each opens, nothing goes wrong, axe finds nothing. With SHOTS set
// the pictures are kept there.
import { after, before } from "node:test";
import { launch } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { MORE, more, receiver } from "../lib/example-more.mjs";
import { everyLook } from "../lib/looks.mjs";
import { serve } from "../lib/server.mjs";

/** A page, and what is seen once it is there. @param {any} made */
const pagesOf = (made) => ({
  webhooks: ["webhooks", "Orders desk"],
  "webhook-new": ["webhooks/new", "As they are sent"],
  webhook: [`webhooks/${made.hook.id}`, "version 1"],
  "webhook-edit": [`webhooks/${made.hook.id}/edit`, "As they are sent"],
  "webhook-events": [`webhooks/${made.hook.id}/events`, "api_client.registered"],
  "webhook-keys": ["webhooks/keys", "whpk_"],
  delivery: [`webhooks/${made.broken.id}/deliveries/${made.failing.id}`, "the desk is closed"],
  deliveries: ["deliveries", "Night desk"],
  "deliveries-dead": ["deliveries?state=dead", "Nothing was given up."],
  "notification-rules": ["notification-rules", "Partners about their keys"],
  "notification-rule": [`notification-rules/${made.rule.id}`, "in 30 days"],
  "notification-rule-new": ["notification-rules/new", "Letters go out"],
  "notification-rule-edit": [`notification-rules/${made.rule.id}/edit`, "Letters go out"],
  "mail-addresses": ["mail-addresses", "no such user"],
  approvals: ["approvals", "/v1/clients"],
  approval: [`approvals/${made.approval.id}`, "The request says"],
  "approval-rules": ["approval-rules", "policy.write"],
  "scheduled-changes": ["scheduled-changes", "the ledger is being moved"],
  "scheduled-change": [`scheduled-changes/${made.change.id}`, "the ledger is being moved"],
  "scheduled-change-new": ["scheduled-changes/new", "Undone at"],
  operations: ["operations", "kong"],
  operation: [`operations/${made.operation.id}`, "partner-8"],
  leaks: ["leaks", "mobile app"],
  leak: [`leaks/${made.leak.id}`, "git.example.com"],
  "keys-import": ["keys/import", "The other system"],
  "keys-bulk": ["keys/bulk", "Not used since"],
  principals: ["principals", "Access desk"],
  principal: [`principals/${made.person.id}`, "looks after incidents"],
  "service-accounts": ["service-accounts", "Deployment"],
  "service-account": [`service-accounts/${made.accounts.Deployment.id}`, "what it is for"],
  grants: ["grants", "looks after incidents"],
  roles: ["roles", "Register, change and archive clients."],
  sessions: ["sessions", "Nobody is signed in"],
  erasures: ["erasures", "What is erased"],
  settings: ["settings", "Claim this installation"],
});

let server;
let desk;
let browser;
let pages;

before(async () => {
  server = await serve(MORE);
  desk = await receiver();
  pages = pagesOf(await more(server, await example(server), desk));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  desk?.stop();
});

everyLook("messages, work and access", () => ({ browser, server, pages }));
