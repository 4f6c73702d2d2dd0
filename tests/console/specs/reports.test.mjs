// From a number to its reasons: usage told apart and taken along, a file written and downloaded, and a refusal followed from its limit to
// the decision and to what would be decided now.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { serve } from "../lib/server.mjs";

let server;
let browser;
let page;
let wrong;

before(async () => {
  server = await serve();
  await example(server);
  browser = await launch();
  ({ page, wrong } = await open(browser, server.url));
  await signIn(page, server.token);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const button = (name) => page.getByRole("button", { name, exact: true });
const row = (text) => page.getByRole("row").filter({ hasText: text });

async function saved(press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test("usage is told apart, held against the period before, and taken along", async () => {
  await page.getByRole("link", { name: "Reports", exact: true }).first().click();
  await page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();
  await page.locator(".plot canvas").waitFor();
  await page.getByLabel("client", { exact: true }).check();
  await row("City Couriers").first().waitFor();
  await page.getByLabel("beside the period before").check();
  await row("City Couriers").filter({ hasText: "new" }).first().waitFor();
  await page.getByLabel("Windows").selectOption("total");
  await page.getByRole("columnheader", { name: "From" }).waitFor({ state: "detached" });
  assert.match(page.url(), /group_by=client/);
  await axe(page, "usage by client");
  const csv = await saved(() => button("CSV").click());
  assert.equal(csv.name, "usage.csv");
  const lines = csv.bytes.toString().trim().split(/\r?\n/);
  assert.match(lines[0], /^window_start,/);
  assert.equal(lines.length, 1 + 4, "three clients, and those who are none");
  assert.deepEqual(wrong, []);
});

test("the same report is written to a file, followed and downloaded whole", async () => {
  await button("Write to a file").click();
  const dialog = page.getByRole("dialog");
  await axe(page, "the dialog of an export");
  await dialog.getByRole("button", { name: "Write it" }).click();
  await row("finished").waitFor();
  const parquet = await saved(() => page.getByRole("button", { name: /^Download usage-.*\.parquet$/ }).click());
  const [{ export: written }] = (await server.api("GET", "/operations?kind=export_report")).items;
  assert.equal(createHash("sha256").update(parquet.bytes).digest("hex"), written.file.content_hash);
  assert.equal(parquet.bytes.subarray(0, 4).toString(), "PAR1");
  assert.deepEqual(wrong, []);
});

test("a refusal is followed from its limit to the decision, and to what it would be now", async () => {
  await page.getByRole("link", { name: "Throttling", exact: true }).click();
  const line = row("daily quota of Couriers rev. 1");
  // Two where the calls went over the end of one.
  await line.getByText(/^[12] minutes?$/).waitFor();
  await line.getByRole("link", { name: "Decisions" }).click();
  await row("daily of Couriers rev. 1").first().getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name: "Decision" }).waitFor();
  await row("refused").filter({ hasText: "daily" }).waitFor();
  await page.getByRole("link", { name: "Rate limit policy assigned" }).waitFor();
  await page.getByRole("link", { name: "What would it be now?" }).click();
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('input[placeholder="/orders/7"]'))?.value === "/orders/1");
  await button("Explain").click();
  await page.getByRole("heading", { name: "It would be" }).waitFor();
  await page.getByRole("main").getByText("quota exceeded").first().waitFor();
  await row("Won").or(row("wins")).first().waitFor();
  await axe(page, "an explained call");
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/explained-light.png`, fullPage: true });
  assert.deepEqual(wrong, []);
});

test("whoever may look and not take along is told so", async () => {
  const account = await server.api("POST", "/service-accounts", { name: "Wall display", team: "Finance" });
  await server.api("POST", "/grants", { principal_id: account.service_account.id, role: "viewer", scope: { kind: "all" }, reason: "a display on the wall" });
  const seen = await open(browser, server.url);
  await signIn(seen.page, account.token);
  await visit(seen.page, "reports");
  await settled(seen.page);
  const csv = seen.page.getByRole("button", { name: "CSV", exact: true });
  assert.equal(await csv.getAttribute("aria-disabled"), "true");
  await seen.page.getByText("This needs the permission report.export, which you do not hold.").first().waitFor({ state: "attached" });
  assert.equal(await seen.page.getByRole("link", { name: "Audit log" }).count(), 0);
  await visit(seen.page, "audit/1");
  await seen.page.getByText("This is not yours to see.").waitFor();
  await seen.context.close();
  assert.deepEqual(seen.wrong, []);
});

const MANY = 10_000;
/** Lists whose answer has 10,000 rows: the place, the call, and what tells one row from the next. */
const LISTS = {
  usage: ["reports?granularity=minute&group_by=client&limit=10000", "/v1/reports/usage", (item, at) => ({ ...item, window_start: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString() })],
  clients: ["clients", "/v1/clients", (item, at) => ({ ...item, id: `${item.id}${at}` })],
  keys: ["keys", "/v1/keys", (item, at) => ({ ...item, id: `${item.id}${at}` })],
  audit: ["audit", "/v1/audit", (item, at) => ({ ...item, position: at + 1 })],
  decisions: ["decisions", "/v1/decisions", (item, at) => ({ ...item, id: `${item.id}${at}` })],
};

test("of 10,000 rows a few are drawn, and the others leafed through", async (t) => {
  const seen = await open(browser, server.url);
  await signIn(seen.page, server.token);
  const main = seen.page.getByRole("main");
  for (const [name, [place, path, nth]] of Object.entries(LISTS)) {
    await t.test(name, async () => {
      await seen.page.route((url) => url.pathname === path, async (route) => {
        const body = await (await route.fetch()).json();
        await route.fulfill({ json: { ...body, items: Array.from({ length: MANY }, (_, at) => nth(body.items[0], at)), next_cursor: null } });
      });
      await visit(seen.page, place);
      await main.getByText("Rows 1 to 200 of 10,000").waitFor();
      assert.equal(await main.locator("tbody tr").count(), 200);
      await main.getByRole("button", { name: "Rows after" }).click();
      await main.getByText("Rows 201 to 400 of 10,000").waitFor();
      await main.getByRole("button", { name: "Last rows" }).click();
      await main.getByText("Rows 9,801 to 10,000 of 10,000").waitFor();
      assert.equal(await main.locator("tbody tr").count(), 200);
      const elements = await seen.page.evaluate(() => document.querySelectorAll("*").length);
      assert.ok(elements < 6000, `${elements} elements`);
      await seen.page.unrouteAll();
    });
  }
  await seen.context.close();
  assert.deepEqual(seen.wrong, []);
});
