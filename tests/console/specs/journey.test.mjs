// The main job, done by hand in the console and called through Envoy: a client from its registration to the revocation of its key, what it used
// and who is told, the proof of all that, and the numbers taken along.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { envoy } from "../lib/envoy.mjs";
import { serve } from "../lib/server.mjs";

let edge;
let server;
let browser;
let page;
let wrong;

before(async () => {
  server = await serve();
  await server.api("POST", "/routes", { name: "Read an order", methods: ["GET"], path: "/orders/{id}", required_scopes: ["orders:read"] });
  const policy = await server.api("POST", "/policies", { name: "Partners", quotas: [{ name: "daily", requests: 5, period: "day", time_zone: "UTC" }] });
  await server.api("POST", `/policies/${policy.id}/assignments`, {});
  edge = await envoy(server.door);
  browser = await launch();
  ({ page, wrong } = await open(browser, server.url));
  await signIn(page, server.token);
});
after(async () => {
  await browser?.close();
  await edge?.stop();
  await server?.stop();
});

/** A call of the API behind Envoy. */
async function call(secret, path) {
  const answer = await fetch(edge.url + path, { headers: { "x-api-key": secret } });
  const text = await answer.text();
  assert.ok(answer.status !== 200 || text === "served\n", text);
  return answer.status;
}

const dialog = () => page.getByRole("dialog");
const button = (name) => page.getByRole("button", { name, exact: true });

/** Takes the secret that is shown once, as somebody would. */
async function takeSecret() {
  const secret = await dialog().getByRole("textbox", { name: "Secret" }).inputValue();
  assert.match(secret, /^tg_prod_/);
  await dialog().getByRole("button", { name: "Copy", exact: true }).click();
  await dialog().getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  assert.ok(await dialog().getByRole("button", { name: "Done" }).isDisabled(), "nobody leaves before they have stored it");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  assert.ok(await dialog().isVisible(), "Escape does not lose a secret");
  await axe(page, "a secret");
  await dialog().getByLabel("I stored it where it will be used from.").check();
  await dialog().getByRole("button", { name: "Done" }).click();
  assert.ok(!(await page.content()).includes(secret), "the secret is gone from the page");
  return secret;
}

test("a client from its registration to the revocation of its key", async (t) => {
  let secret;
  let renewed;

  await t.test("it is registered", async () => {
    await page.getByRole("link", { name: "Clients", exact: true }).click();
    await page.getByRole("link", { name: "Register a client" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Acme Travel");
    await page.getByLabel("Owner team").fill("Partner management");
    await page.getByLabel("Owner address").fill("partners@example.com");
    await page.getByLabel("Scopes").fill("orders:read");
    await axe(page, "the form of a client");
    await button("Register").click();
    await page.getByRole("heading", { level: 1, name: "Acme Travel" }).waitFor();
    await page.getByText("No key yet.").waitFor();
  });

  await t.test("a rule has the owner told when a quota fills", async () => {
    await visit(page, "notification-rules/new");
    await page.getByLabel("Name", { exact: true }).fill("Near the end");
    await button("Make it").click();
    await page.getByRole("heading", { level: 1, name: "Near the end" }).waitFor();
  });

  await t.test("a key is issued, and its secret copied once", async () => {
    await visit(page, "clients");
    await page.getByRole("link", { name: "Acme Travel" }).first().click();
    await button("Issue a key").click();
    await dialog().getByLabel("Name", { exact: true }).fill("backend");
    await axe(page, "the form of a key");
    await button("Issue").click();
    secret = await takeSecret();
    await page.getByRole("link", { name: "backend" }).first().waitFor();
    assert.equal(await call(secret, "/orders/1"), 200);
  });

  await t.test("its calls are seen", async () => {
    await page.getByRole("main").getByText(/Allowed\s*1/).first().waitFor();
  });

  await t.test("it is rotated, and the tracker tells old from new", async () => {
    await page.getByRole("link", { name: "backend" }).first().click();
    await page.getByRole("heading", { level: 1, name: "backend" }).waitFor();
    await button("Rotate").click();
    await dialog().getByLabel("Reason").fill("yearly");
    await dialog().getByRole("button", { name: "Rotate" }).click();
    renewed = await takeSecret();
    assert.notEqual(renewed, secret);
    await page.getByText("Not safe to retire yet.").waitFor();
    assert.equal(await call(renewed, "/orders/2"), 200);
    const current = page.getByRole("row").filter({ hasText: "current" });
    await current.filter({ hasText: "just now" }).or(current.filter({ hasText: "ago" })).first().waitFor();
    await axe(page, "the page of a key");
  });

  await t.test("the old secret is retired, by name because it is in use", async () => {
    await button("Retire the old secret").click();
    await dialog().getByText("in the last 24 hours").waitFor();
    await dialog().getByLabel("Reason").fill("everybody has the new one");
    await dialog().getByLabel("Type backend to go on").fill("backend");
    await dialog().getByRole("button", { name: "Retire" }).click();
    await dialog().getByText("Every gateway node has applied it.").waitFor();
    await button("Close").last().click();
    assert.equal(await call(secret, "/orders/3"), 401);
    assert.equal(await call(renewed, "/orders/4"), 200);
  });

  await t.test("it is suspended, and the suspension taken back", async () => {
    await button("Suspend").click();
    await dialog().getByLabel("Reason").fill("looks odd");
    await dialog().getByRole("button", { name: "Suspend" }).click();
    await dialog().getByText("Every gateway node has applied it.").waitFor();
    assert.equal(await call(renewed, "/orders/5"), 403);
    await button("Close").last().click();
    await page.locator(".toast").getByRole("button", { name: "Reinstate" }).click();
    await page.getByText("backend is reinstated.").waitFor();
  });

  await t.test("it is revoked, with its blast radius and a receipt of each node", async () => {
    await button("Revoke").click();
    await dialog().getByText("Partner management").waitFor();
    const revoke = dialog().getByRole("button", { name: "Revoke for good" });
    assert.equal(await revoke.getAttribute("aria-disabled"), "true", "not before the name is typed");
    await dialog().getByLabel("Reason").fill("the contract is over");
    await dialog().getByLabel("Type backend to go on").fill("backend");
    await axe(page, "the dialog of a revocation");
    await revoke.click();
    await dialog().getByText("Every gateway node has applied it.").waitFor();
    await dialog().getByText("local").waitFor();
    await page.getByRole("main").getByText("revoked", { exact: true }).first().waitFor({ state: "attached" });
    assert.ok(await dialog().evaluate((box) => box.matches(":modal")), "the receipt stays above the page, which has fewer buttons now");
    await button("Close").last().click();
    await page.getByRole("main").getByText("revoked", { exact: true }).first().waitFor();
    assert.equal(await call(renewed, "/orders/6"), 401);
    await settled(page);
  });

  await t.test("whoever the rule names was told that the quota is nearly used", async () => {
    await visit(page, "deliveries");
    await page.getByRole("row").filter({ hasText: "quota_threshold" }).first().waitFor();
  });

  await t.test("the revocation is in the signed log, as the browser proves", async () => {
    await visit(page, "audit?action=api_key.revoked");
    await page.getByRole("row").filter({ hasText: "Key revoked" }).getByRole("link").first().click();
    await page.getByRole("heading", { level: 1, name: "Key revoked" }).waitFor();
    await page.getByText("This entry is in the signed log.").waitFor();
  });

  await t.test("what it used is taken along as CSV", async () => {
    await visit(page, "reports?group_by=client&granularity=total");
    await page.getByRole("row").filter({ hasText: "Acme Travel" }).first().waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button("CSV").click()]);
    const lines = (await readFile(await download.path(), "utf8")).trim().split("\r\n");
    assert.match(lines[0], /^window_start,window_end,/);
    assert.ok(lines.length >= 2, lines.join("\n"));
  });

  assert.deepEqual(wrong, []);
});

test("whoever changes a client over somebody else's change is shown what differs", async () => {
  const client = await server.api("POST", "/clients", { name: "City Couriers", kind: "partner", owner: { team: "Logistics", email: "logistics@example.com" }, environments: ["prod"] });
  await page.evaluate((id) => { location.hash = `#/clients/${id}/edit`; }, client.id);
  await page.getByLabel("Scopes").fill("orders:read");
  await server.api("PATCH", `/clients/${client.id}`, { name: "City Couriers Ltd" }, { "If-Match": '"1"' });
  const before = wrong.length;
  await button("Save").click();
  await page.getByText("Somebody changed this while you did.").waitFor();
  await page.getByText("You changed different things, so both can stand.").waitFor();
  await axe(page, "a conflict");
  await button("Change what is there as I asked").click();
  await page.getByRole("heading", { level: 1, name: "City Couriers Ltd" }).waitFor();
  const now = await server.api("GET", `/clients/${client.id}`);
  assert.deepEqual([now.name, now.scopes], ["City Couriers Ltd", ["orders:read"]]);
  // The browser itself tells of the refusal that is the point here.
  assert.ok(wrong.slice(before).every((text) => text.includes("412")), wrong.join("\n"));
});
