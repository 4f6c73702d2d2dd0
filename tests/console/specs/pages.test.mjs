// Every page in light, dark and narrow: it opens, nothing goes wrong, axe finds nothing. With SHOTS set the pictures are kept there.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
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
  overview: ["", "Who calls most"],
  gateways: ["gateways", "local"],
  clients: ["clients", "Acme Travel"],
  client: [`clients/${made.clients["Acme Travel"].id}`, "nightly import"],
  "client-new": ["clients/new", "Owner team"],
  "client-edit": [`clients/${made.clients["Acme Travel"].id}/edit`, "Owner team"],
  keys: ["keys", "nightly import"],
  key: [`keys/${made.keys["Acme Travel"].key.id}`, "Not safe to retire yet."],
  policies: ["policies", "Next year"],
  policy: [`policies/${made.policies.Couriers.id}`, "City Couriers"],
  "policy-new": ["policies/new", "Rate limits"],
  "policy-edit": [`policies/${made.policies.Couriers.id}/edit`, "What differs"],
  "what-if": [`policies/what-if?policy_id=${made.policies.Couriers.id}`, "Limits to try"],
  effective: [`effective?client_id=${made.clients["City Couriers"].id}`, "The quota in force"],
  routes: ["routes", "Read an order"],
  route: [`routes/${made.routes["Read an order"].id}`, "Policies that name it"],
  "route-new": ["routes/new", "Required scopes"],
  "routes-import": ["routes/import", "Document"],
  design: ["design", "Tokens"],
});

let server;
let browser;
let pages;

before(async () => {
  server = await serve();
  pages = pagesOf(await example(server));
  browser = await launch();
  if (process.env.SHOTS) await mkdir(process.env.SHOTS, { recursive: true });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [look, { rules, ...options }] of Object.entries(LOOKS)) {
  test(`every page, ${look}`, async (t) => {
    const { page, wrong } = await open(browser, server.url, options);
    await page.getByLabel("Admin token").waitFor();
    await axe(page, `sign-in, ${look}`, { rules });
    await shot(page, "sign-in", look);
    await signIn(page, server.token);
    for (const [name, [place, seen]] of Object.entries(pages)) {
      await t.test(name, async () => {
        await visit(page, place);
        await settled(page);
        await page.getByRole("main").getByText(seen).first().waitFor();
        await axe(page, `${name}, ${look}`, { rules });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${wide} pixels stick out of the page`);
        await shot(page, name, look);
        assert.deepEqual(wrong.splice(0), []);
      });
    }
  });
}

async function shot(page, name, look) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${look}.png`, fullPage: true });
}
