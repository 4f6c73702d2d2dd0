// An auditor's way through the console: an entry, its proof checked in the browser and found out where it is altered, checkpoints, what was taken
// out, whose a secret is, and how things stood.
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
let made;
let page;
let wrong;

before(async () => {
  server = await serve();
  made = await example(server);
  browser = await launch();
  ({ page, wrong } = await open(browser, server.url));
  await signIn(page, server.token);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const button = (name) => page.getByRole("button", { name, exact: true });
const main = () => page.getByRole("main");

/** What a press of a button saves. */
async function saved(press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

/** The next answers of a call are altered. */
async function alter(pattern, change) {
  await page.route(pattern, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
}

const turned = (hash) => (hash[0] === "0" ? "1" : "0") + hash.slice(1);

test("an entry is found by filters and shown with what it changed", async () => {
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByLabel("Action").fill("api_client.*");
  await page.getByRole("row").filter({ hasText: "Client suspended" }).waitFor();
  await page.getByRole("row").filter({ hasText: "Key issued" }).first().waitFor({ state: "detached" });
  await page.getByText("More filters").click();
  await page.getByLabel("Client concerned").fill(made.clients["Price Comparison"].id);
  const row = page.getByRole("row").filter({ hasText: "Client suspended" });
  await row.getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name: "Client suspended" }).waitFor();
  await page.locator("del").filter({ hasText: "active" }).waitFor();
  await page.locator("ins").filter({ hasText: "suspended" }).waitFor();
  assert.deepEqual(wrong, []);
});

test("the proof is checked in the browser, its words too", async () => {
  await page.getByText("This entry is in the signed log.").waitFor();
  await button("Check the words, too").click();
  await page.getByText("This entry, as it is shown, is in the signed log.").waitFor();
  assert.equal(await main().getByText("passed", { exact: true }).count(), 4);
  await axe(page, "a proof");
  assert.deepEqual(wrong, []);
});

test("what was altered is found out", async (t) => {
  const [entry] = (await server.api("GET", "/audit?action=api_key.rotated")).items;
  const tampered = {
    "a hash of the path": (proof) => ({ ...proof, hashes: [turned(proof.hashes[0]), ...proof.hashes.slice(1)] }),
    "the leaf": (proof) => ({ ...proof, leaf_hash: turned(proof.leaf_hash) }),
    "another root in the note": (proof) => ({ ...proof, checkpoint: proof.checkpoint.replace(/\n[A-Za-z0-9+/]{4}/, "\nAAAA") }),
    "a proof that is too short": (proof) => ({ ...proof, hashes: proof.hashes.slice(1) }),
  };
  for (const [what, change] of Object.entries(tampered)) {
    await t.test(what, async () => {
      await alter("**/v1/audit/*/proof", change);
      await visit(page, `audit/${entry.position}`);
      await page.getByText("This entry is not proven").waitFor();
      await main().getByText("failed", { exact: true }).first().waitFor();
      assert.equal(await page.getByText("is in the signed log.").count(), 0);
      await page.unroute("**/v1/audit/*/proof");
      await visit(page, "audit");
      await settled(page);
    });
  }
  await t.test("words that are not those that were audited", async () => {
    await alter(`**/v1/audit/${entry.position}`, (shown) => ({ ...shown, actor: { ...shown.actor, id: "somebody-else" } }));
    await visit(page, `audit/${entry.position}`);
    await button("Check the words, too").click();
    await page.getByText("The entry is shown with another actor than was audited.").waitFor();
    await page.unroute(`**/v1/audit/${entry.position}`);
  });
  assert.deepEqual(wrong, []);
});

test("the newest checkpoint is held to the one seen before, and to one by hand", async () => {
  const early = await server.api("GET", "/audit/checkpoint");
  await visit(page, "audit/checkpoint");
  await page.getByText("This browser remembers it").waitFor();
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(kept.includes(early.origin) && !kept.includes(server.token), "what is kept is public");
  await server.api("POST", `/clients/${made.clients.Billing.id}/suspend`, { reason: "for a moment" });
  await page.reload();
  await signIn(page, server.token);
  await page.getByText("It is signed, and the log has only grown.").waitFor();
  await page.getByLabel("The earlier checkpoint").fill(early.note);
  await button("Check").click();
  await page.getByText("The log has only grown since.").waitFor();
  await page.getByLabel("The earlier checkpoint").fill(early.note.replace(`\n${early.size}\n`, `\n${early.size + 1}\n`));
  await button("Check").click();
  await page.getByText("The log does not begin with this one.").waitFor();
  await axe(page, "a checkpoint that does not fit");
  assert.deepEqual(wrong, []);
});

test("a log that lost entries since is found out, and what was seen before is kept", async () => {
  const { size } = await server.api("GET", "/audit/checkpoint");
  await server.api("POST", `/clients/${made.clients.Billing.id}/reinstate`, { reason: "over" });
  // Signed within two seconds.
  while ((await server.api("GET", "/audit/checkpoint")).size === size) await new Promise((later) => setTimeout(later, 100));
  await alter("**/v1/audit/consistency*", (proof) => ({ ...proof, hashes: proof.hashes.map(turned) }));
  const before = await page.evaluate(() => localStorage.getItem("tollgate.log"));
  await visit(page, "audit");
  await settled(page);
  await visit(page, "audit/checkpoint");
  await page.getByText("This is not the log that it says it is.").waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("tollgate.log")), before);
  await page.unroute("**/v1/audit/consistency*");
  await button("Forget it, and hold the log to the new one").click();
  await page.getByText("This browser remembers it").waitFor();
  assert.notEqual(await page.evaluate(() => localStorage.getItem("tollgate.log")), before);
  assert.deepEqual(wrong, []);
});

test("a key is pinned, and nothing else counts then", async () => {
  await visit(page, "audit");
  await settled(page);
  await visit(page, "audit/checkpoint");
  const [{ vkey }] = (await server.api("GET", "/audit/keys")).keys;
  await page.getByLabel("Pin a key").fill(vkey.replace("tollgate", "tollgata"));
  await button("Pin").click();
  await page.getByText("The key does not fit its id: a letter is wrong.").waitFor();
  await page.getByLabel("Pin a key").fill("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  await button("Pin").click();
  await page.getByText("Pinned in this browser").waitFor();
  await visit(page, "audit/1");
  await page.getByText("None of the keys has signed this checkpoint.").waitFor();
  await visit(page, "audit/checkpoint");
  await button("Let go of it").click();
  await page.getByLabel("Pin a key").waitFor();
  assert.deepEqual(wrong, []);
});

test("entries are taken out, and that they were is on record with their hash", async () => {
  await visit(page, "audit?action=api_client.*");
  await settled(page);
  const csv = await saved(() => button("Take out what is found").click());
  assert.equal(csv.name, "tollgate-audit.csv");
  assert.match(csv.text, /api_client\.suspended/);
  assert.ok(!csv.text.includes("api_key.issued"), "the filters hold for the file");
  await page.getByLabel("Format").selectOption("ocsf");
  const ocsf = await saved(() => button("Take out what is found").click());
  assert.equal(JSON.parse(ocsf.text.split("\n")[0]).class_uid, 6003);
  const [exported] = (await server.api("GET", "/audit?action=observation.exported&sort=position")).items.slice(-2);
  const digest = createHash("sha256").update(csv.text).digest("hex");
  assert.ok(JSON.stringify(exported.data).includes(digest), "the hash of the file is on record");
  assert.deepEqual(wrong, []);
});

test("a leaked secret is traced, and stays nowhere", async () => {
  const { secret } = made.keys["Acme Travel"];
  await visit(page, "audit/search-secret");
  await page.getByLabel("The secret").fill(secret);
  await page.getByLabel("The secret").press("Enter");
  await page.getByText("It is known").waitFor();
  await page.getByText("version 1").waitFor();
  await axe(page, "whose secret it is");
  assert.equal(await page.getByLabel("The secret").inputValue(), "");
  const places = await page.evaluate(() => [location.href, document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(history.state)].join("\n"));
  assert.ok(!places.includes(secret) && !places.includes(secret.slice(-20)));
  await page.getByLabel("The secret").fill("tg_prod_nobodys");
  await button("Search").click();
  await page.getByText("It is nobody's.").waitFor();
  assert.deepEqual(wrong, []);
});

test("a client is looked at as it stood, and cannot be changed there", async () => {
  await visit(page, `clients/${made.clients["Price Comparison"].id}`);
  await settled(page);
  await page.getByRole("link", { name: "As of…" }).click();
  await page.getByText("Nothing can be changed in the past.").waitFor();
  await main().getByText("suspended", { exact: true }).first().waitFor();
  await button("The change before").click();
  await button("The change before").click();
  await page.locator("del").filter({ hasText: "active" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Change", exact: true }).count(), 0);
  const slider = page.getByRole("slider", { name: "As of" });
  await slider.focus();
  await slider.press("End");
  await page.getByText("Nothing differs.").waitFor();
  await axe(page, "a client as it stood");
  await button("Back to now").click();
  await page.getByRole("link", { name: "Change", exact: true }).waitFor();
  assert.deepEqual(wrong, []);
});

test("the access report is shown, held against an earlier one and taken along", async () => {
  await page.getByRole("link", { name: "Access report" }).click();
  await page.getByRole("row").filter({ hasText: "192.0.2.0/24" }).first().waitFor();
  const csv = await saved(() => button("CSV").click());
  assert.equal(csv.name, "access.csv");
  assert.match(csv.text, /nightly import/);
  await page.getByRole("link", { name: "Between two" }).click();
  await visit(page, "access-report/changes?from=1");
  await page.getByRole("row").filter({ hasText: "gained" }).first().waitFor();
  await settled(page);
  assert.deepEqual(wrong, []);
});
