// What goes wrong and must not go further: an address that cannot be read, a page that throws, a server that is away for a moment.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fromInput, noMoment, timeOf, toInput } from "../../../console/lib/format.mjs";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { serve } from "../lib/server.mjs";

let server;
let browser;
let made;

before(async () => {
  server = await serve();
  made = await example(server);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a moment is read, or is none; nothing throws", () => {
  assert.equal(timeOf("2026-03-08T00:00:00Z"), Date.UTC(2026, 2, 8));
  assert.equal(timeOf("2026-03-08T01:00:00.5+01:00"), Date.UTC(2026, 2, 8) + 500);
  assert.equal(toInput("2026-03-08T01:00:00+01:00"), "2026-03-08T00:00");
  assert.equal(fromInput("2026-03-08T00:00"), "2026-03-08T00:00:00Z");
  assert.deepEqual([noMoment("2026-03-08T00:00:00Z"), noMoment(""), noMoment(undefined)], [null, null, null]);
  // The last is what a field tells where somebody types one digit too many.
  for (const text of ["abc", "abc 1", "2026", "2026-13-45", "2026-13-45T00:00:00Z", "2026-03-08T00:00", "12026-03-08T00:00:00Z"]) {
    assert.deepEqual([timeOf(text), toInput(text), noMoment(text)], [null, "", `“${text}” is no moment that can be read.`]);
  }
  for (const text of ["", "12026-03-08T00:00"]) assert.equal(fromInput(text), null);
});

/** Of each place the moment that it has, and whether the server is asked about it, which says no. */
const UNREAD = {
  "reports?from=abc": ["abc", false],
  "reports?from=2026-13-45": ["2026-13-45", false],
  "reports?until=abc": ["abc", false],
  "reports/shadow?from=abc": ["abc", false],
  "?from=abc&until=2026-03-08T00:00:00Z": ["abc", false],
  "audit?from=abc": ["abc", true],
  "decisions?until=abc": ["abc", true],
  "reports/quotas?at=abc": ["abc", true],
  "effective?at=abc": ["abc", true],
  "access-report?as_of=abc": ["abc", true],
  "access-report/changes?from=abc": ["abc", true],
};
/** One of each way in which it is said. */
const LOOKED_AT = ["reports?from=abc", "audit?from=abc", "effective?at=abc", "access-report?as_of=abc"];

test("an address whose moment cannot be read says so, and the page after it opens", async (t) => {
  const { page, context, wrong } = await open(browser, server.url, { allow: (text) => /status of 400/.test(text) });
  await signIn(page, server.token);
  const main = page.getByRole("main");
  for (const [place, [moment, refused]] of Object.entries(UNREAD)) {
    await t.test(place, async () => {
      await visit(page, place);
      await main.getByText(`“${moment}” is no moment that can be read.`).waitFor();
      if (refused) await main.getByText("must be a time as RFC 3339 writes it").first().waitFor();
      else await main.getByText("It is left out.").waitFor();
      await settled(page);
      if (LOOKED_AT.includes(place)) await axe(page, place);
      await visit(page, "gateways");
      await page.getByRole("heading", { level: 1, name: "Gateways" }).waitFor();
      assert.deepEqual(wrong.splice(0), []);
    });
  }
  await t.test("where it is left out, the span that is asked for instead is shown", async () => {
    await visit(page, "reports?from=abc");
    await main.getByText("It is left out.").waitFor();
    assert.equal(await page.getByRole("combobox", { name: "Time", exact: true }).inputValue(), "24h");
    await page.locator(".plot canvas").waitFor();
    await page.getByRole("combobox", { name: "Time", exact: true }).selectOption("7d");
    await main.getByText("It is left out.").waitFor({ state: "detached" });
    assert.ok(!page.url().includes("abc"), page.url());
  });
  await context.close();
  assert.deepEqual(wrong, []);
});

/** Throws when it is drawn first, when it is drawn again, or not at all. */
const FAULTY = `
import { html, useEffect, useState } from "/lib/ui.mjs";
import { Page } from "/components/Page.mjs";
export default function Faulty({ query }) {
  const [late, setLate] = useState(false);
  useEffect(() => { if (query.throws === "late") setTimeout(() => setLate(true), 50); }, [query.throws]);
  if (query.throws === "first" || late) throw new Error("a fault of this page");
  return html\`<\${Page} title="Faulty"><p>Drawn.</p><//>\`;
}`;

test("a page that throws says so, and keeps no other page, nor itself elsewhere, from being drawn", async () => {
  const { page, context, wrong } = await open(browser, server.url, { allow: (text) => text.includes("a fault of this page") });
  await page.route("**/pages/gateways.mjs", (route) => route.fulfill({ contentType: "text/javascript", body: FAULTY }));
  await signIn(page, server.token);
  const main = page.getByRole("main");
  for (const throws of ["first", "late"]) {
    await visit(page, `gateways?throws=${throws}`);
    await main.getByText("This page could not be drawn.").waitFor();
    await main.getByText("a fault of this page").waitFor();
    await page.getByRole("heading", { level: 1, name: "Gateways" }).waitFor();
    await axe(page, "a page that throws");
    await visit(page, "clients");
    await page.getByRole("link", { name: "City Couriers" }).waitFor();
    await visit(page, `gateways?throws=${throws}`);
    await main.getByText("This page could not be drawn.").waitFor();
    // The same page at another address: nothing but its query differs.
    await visit(page, "gateways?throws=never");
    await main.getByText("Drawn.").waitFor();
    assert.equal(await main.getByText("This page could not be drawn.").count(), 0);
  }
  await visit(page, "gateways?throws=first");
  await page.getByRole("button", { name: "Try again" }).click();
  await main.getByText("This page could not be drawn.").waitFor();
  await visit(page, "keys");
  await page.getByRole("row").nth(1).waitFor();
  await context.close();
  assert.deepEqual(wrong, []);
});

test("a page that was first wanted while the server was away opens once it is back, by trying again and by going there again", async () => {
  const { page, context, wrong } = await open(browser, server.url, { allow: (text) => /ERR_CONNECTION_REFUSED/.test(text) });
  let away = true;
  const asked = [];
  await page.route((url) => url.pathname.endsWith(".mjs"), (route) => {
    const { pathname, search } = new URL(route.request().url());
    asked.push(pathname + search);
    return away && ["/pages/keys.mjs", "/pages/policies.mjs"].includes(pathname) ? route.abort("connectionrefused") : route.continue();
  });
  await signIn(page, server.token);
  for (const place of ["keys", "policies"]) {
    await visit(page, place);
    await page.getByText("The page could not be fetched.").waitFor();
  }
  await page.getByRole("heading", { level: 1, name: "Policies" }).waitFor();
  await axe(page, "a page that could not be fetched");
  // Still away: trying again is no harm.
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("reload the console").waitFor();
  away = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("link", { name: "Couriers", exact: true }).waitFor();
  await visit(page, "keys");
  await page.getByRole("link", { name: "nightly import" }).waitFor();
  const again = asked.filter((address) => address.includes("?"));
  assert.ok(again.length >= 3 && again.every((address) => /^\/pages\/(keys|policies)\.mjs\?again=\d$/.test(address)), `nothing is there twice that others share: ${again}`);
  assert.equal(new Set(asked).size, asked.length, "nothing is asked for twice by one name");
  await context.close();
  assert.deepEqual(wrong, []);
});

test("pages that nobody has opened yet are there while the server is away", async () => {
  const { page, context, wrong } = await open(browser, server.url, { allow: (text) => /ERR_INTERNET_DISCONNECTED/.test(text) });
  // Pages are fetched one after another in their order, of which it is the last.
  const last = page.waitForResponse((response) => new URL(response.url()).pathname === "/pages/design.mjs");
  await signIn(page, server.token);
  await (await last).finished();
  await context.setOffline(true);
  for (const [place, title] of [["keys", "Keys"], ["webhooks", "Webhooks"], ["reports/hygiene", "Hygiene"], ["audit/checkpoint", "Checkpoint"]]) {
    await visit(page, place);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await page.getByText("The server was not reached.").first().waitFor();
  }
  await context.setOffline(false);
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.getByText("The server was not reached.").first().waitFor({ state: "detached" });
  await context.close();
  assert.deepEqual(wrong, []);
});

test("a key is said to be rotating while two of its secrets open, and no longer", async () => {
  const { page, context, wrong } = await open(browser, server.url);
  await signIn(page, server.token);
  const [client, { key }] = [made.clients["Acme Travel"], made.keys["Acme Travel"]];
  const places = ["keys", `clients/${client.id}`, `keys/${key.id}`];
  const rotating = page.getByRole("main").getByText("rotating", { exact: true });
  for (const place of places) {
    await visit(page, place);
    await rotating.waitFor();
  }
  await page.getByRole("columnheader", { name: "Calls it opened, 24 h" }).waitFor();
  await page.getByRole("columnheader", { name: "Calls that presented it, in all" }).waitFor();
  await page.getByText("Old and new secret open side by side.").waitFor();
  await server.api("POST", `/keys/${key.id}/revoke?wait=applied`, { reason: "the contract is over" });
  await page.getByText("None of its secrets opens: it is revoked.").waitFor();
  await page.getByText("The key is revoked: none of its secrets opens anything.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Retire the old secret" }).count(), 0);
  for (const place of [...places].reverse()) {
    await visit(page, place);
    await page.locator("main .badge").getByText("revoked", { exact: true }).first().waitFor();
    assert.equal(await rotating.count(), 0, place);
  }

  const { key: other } = made.keys.Billing;
  await server.api("POST", `/keys/${other.id}/rotate?wait=applied`, { overlap_seconds: 3600, reason: "yearly" });
  await visit(page, `keys/${other.id}`);
  await rotating.waitFor();
  await server.api("POST", `/keys/${other.id}/rotation/retire?wait=applied`, { reason: "everybody has the new one" });
  await page.getByText("It has one secret that opens.").waitFor();
  await page.getByText(/^The old secret ended at/).waitFor();
  assert.equal(await rotating.count(), 0);
  await axe(page, "a key after its rotation");
  await context.close();
  assert.deepEqual(wrong, []);
});

test("for how long a delivery is tried is said as it is documented", async () => {
  const { page, context, wrong } = await open(browser, server.url);
  await signIn(page, server.token);
  await visit(page, "deliveries");
  await page.getByText("What fails is tried again for three days and then given up.").waitFor();
  await context.close();
  assert.deepEqual(wrong, []);
});
