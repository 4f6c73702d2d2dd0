// What was given up: a receiver that is away for as long as tries go on, the list of what it missed, and sending it again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { clock } from "../lib/clock.mjs";
import { MORE, receiver } from "../lib/example-more.mjs";
import { serve } from "../lib/server.mjs";

/** Longer than the longest wait between two tries, its jitter included. */
const WAIT_S = 27 * 3600;
const TRIES = 10;

let time;
let server;
let desk;
let browser;

before(async () => {
  time = await clock();
  server = await serve(() => ({ ...MORE(), ...time.settings }));
  desk = await receiver();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  desk?.stop();
  await time?.stop();
});

async function until(holds) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const found = await holds();
    if (found) return found;
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error(`It did not come to be: ${holds}`);
}

test("what a webhook was not told for days is listed as given up, and sent again once it is back", async () => {
  const { webhook } = await server.api("POST", "/webhooks", { name: "Night desk", url: `${desk.url}/down`, events: ["api_client.registered"], scope: { kind: "all" } });
  await until(async () => (await server.api("GET", `/webhooks/${webhook.id}`)).status === "active");
  await server.api("POST", "/clients", { name: "Billing", kind: "internal", owner: { team: "Finance", email: "finance@example.com" }, environments: ["prod"] });
  const sent = async () => (await server.api("GET", `/webhooks/${webhook.id}/deliveries?type=api_client.registered`)).items[0];
  for (let tries = 1; tries < TRIES; tries += 1) {
    await until(async () => (await sent())?.attempts === tries);
    await time.forward(WAIT_S);
  }
  await until(async () => (await sent()).state === "dead");

  const { page, wrong } = await open(browser, server.url);
  await signIn(page, server.token);
  await visit(page, "deliveries");
  await settled(page);
  await page.getByRole("link", { name: "Given up" }).click();
  const row = page.getByRole("row").filter({ hasText: "Night desk" });
  await row.getByText("503").waitFor();
  await axe(page, "what was given up");
  await row.getByRole("link", { name: "api_client.registered" }).click();
  await page.getByRole("main").getByText("dead", { exact: true }).first().waitFor();
  assert.equal(await page.getByRole("cell", { name: "503", exact: true }).count(), TRIES);
  desk.down.clear();
  await page.getByRole("button", { name: "Send again" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("main").getByText("delivered", { exact: true }).first().waitFor();
  assert.equal(desk.got.filter((one) => one.body.type === "api_client.registered").length, TRIES + 1);
  await visit(page, "deliveries?state=dead");
  await page.getByText("Nothing was given up.").waitFor();
  assert.deepEqual(wrong, []);
});
