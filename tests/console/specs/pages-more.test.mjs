// The pages of messages, work and access in light, dark and narrow: each opens, nothing goes wrong, axe finds nothing. With SHOTS set
// the pictures are kept there.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { MORE, more, receiver } from "../lib/example-more.mjs";
import { serve } from "../lib/server.mjs";

const LOOKS = {
  light: { colorScheme: "light" },
  // The same page in other colours: only these can be wrong.
  dark: { colorScheme: "dark", rules: ["color-contrast"] },
  // The same page in less room: what that can break.
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 }, rules: ["target-size", "scrollable-region-focusable", "region", "meta-viewport"] },
};

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
  if (process.env.SHOTS) await mkdir(process.env.SHOTS, { recursive: true });
});
after(async () => {
  await browser?.close();
  await server?.stop();
  desk?.stop();
});

for (const [look, { rules, ...options }] of Object.entries(LOOKS)) {
  test(`every page of messages, work and access, ${look}`, async (t) => {
    const { page, wrong } = await open(browser, server.url, options);
    await signIn(page, server.token);
    for (const [name, [place, seen]] of Object.entries(pages)) {
      await t.test(name, async () => {
        await visit(page, place);
        await settled(page);
        await page.getByRole("main").getByText(seen).first().waitFor();
        await axe(page, `${name}, ${look}`, { rules });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${wide} pixels stick out of the page`);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${look}.png`, fullPage: true });
        assert.deepEqual(wrong.splice(0), []);
      });
    }
  });
}
