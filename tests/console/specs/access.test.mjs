// A new installation is claimed; two people; the glass; a token that is rotated, and somebody disabled.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, signIn, visit } from "../lib/browser.mjs";
import { callThrough, caller, serve } from "../lib/server.mjs";

let server;
let browser;
let token;
let api;

before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page of the console in which somebody has signed in. */
async function signedIn(by) {
  const opened = await open(browser, server.url);
  await signIn(opened.page, by);
  const { page } = opened;
  return { ...opened, button: (name) => page.getByRole("button", { name, exact: true }), dialog: page.getByRole("dialog"), heading: (name) => page.getByRole("heading", { name, exact: true, level: 1 }) };
}

async function taken(dialog) {
  const shown = await dialog.getByLabel("Token", { exact: true }).inputValue();
  await dialog.getByLabel("I stored it where it will be used from.").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  return shown;
}

test("whoever claims the installation signs in as who they have become", async () => {
  const { page, wrong, button, dialog } = await signedIn(server.token);
  await visit(page, "settings");
  await page.getByLabel("Your name").fill("First administrator");
  await page.getByLabel("Your address").fill("admin@example.com");
  await button("Claim it").click();
  token = await taken(dialog);
  await signIn(page, token);
  await page.getByRole("main").getByRole("link", { name: "First administrator" }).waitFor();
  assert.equal(await page.getByText("Claim this installation").count(), 0);
  api = caller(`${server.url}/v1`, token);
  assert.deepEqual(wrong, []);
});

test("what one proposes another approves, and it is carried out once", async () => {
  const { page, wrong, button, dialog } = await signedIn(token);
  await visit(page, "approval-rules");
  await button("Make a rule").click();
  await dialog.getByLabel("Permission").selectOption("route.write");
  await dialog.getByLabel("Reason").fill("routes are shared by all");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("row").filter({ hasText: "route.write" }).waitFor();
  const account = await api("POST", "/service-accounts", { name: "Deployment", team: "Platform" });
  await api("POST", "/grants", { principal_id: account.service_account.id, role: "policy_manager", scope: { kind: "all" }, reason: "deploys routes" });
  const theirs = caller(`${server.url}/v1`, account.token);
  const proposed = await theirs("POST", "/routes", { name: "List invoices", methods: ["GET"], path: "/invoices", required_scopes: [] });
  const own = await signedIn(account.token);
  await visit(own.page, `approvals/${proposed.id}`);
  await own.button("Approve").waitFor();
  assert.match(await own.button("Approve").getAttribute("title") ?? "", /You proposed it yourself/);
  await visit(page, "approvals");
  await page.getByRole("link", { name: "POST /v1/routes" }).click();
  await page.getByText("List invoices").first().waitFor();
  await axe(page, "an approval");
  await button("Approve").click();
  await dialog.getByRole("button", { name: "Approve", exact: true }).click();
  await page.getByRole("main").getByText("approved", { exact: true }).waitFor();
  await own.button("Carry it out").click();
  await own.page.getByRole("main").getByText("redeemed", { exact: true }).waitFor();
  assert.equal((await api("GET", "/routes?path_prefix=/invoices")).items.length, 1);
  assert.deepEqual([...wrong, ...own.wrong], []);
});

test("the glass is broken with a reason, and closed", async () => {
  const { page, wrong, button, dialog } = await signedIn(token);
  const me = (await api("GET", "/whoami")).id;
  await visit(page, `principals/${me}`);
  await button("Break the glass").click();
  const breaks = dialog.getByRole("button", { name: "Break it" });
  assert.equal(await breaks.getAttribute("aria-disabled"), "true", "not without a reason");
  await dialog.getByLabel("Reason").fill("the identity provider is away");
  await axe(page, "breaking the glass");
  await breaks.click();
  await page.getByText("The glass is broken:").waitFor();
  await button("Close the glass").click();
  await dialog.getByRole("button", { name: "Close it" }).click();
  await page.getByText("The glass is broken:").waitFor({ state: "detached" });
  assert.deepEqual(wrong, []);
});

test("a token is rotated and ends, and its account is disabled", async () => {
  const { page, wrong, button, dialog } = await signedIn(token);
  const account = await api("POST", "/service-accounts", { name: "Wall display", team: "Platform" });
  await visit(page, `service-accounts/${account.service_account.id}`);
  await button("Rotate token").click();
  await dialog.getByRole("button", { name: "Rotate", exact: true }).click();
  const next = await taken(dialog);
  await assert.rejects(caller(`${server.url}/v1`, account.token)("GET", "/whoami"), /401/);
  await caller(`${server.url}/v1`, next)("GET", "/whoami");
  await button("Disable").click();
  await dialog.getByLabel("Reason").fill("the display is taken down");
  await dialog.getByLabel("Type Wall display to go on").fill("Wall display");
  await axe(page, "disabling an account");
  await dialog.getByRole("button", { name: "Disable", exact: true }).click();
  await button("Close").last().click();
  await button("Enable").waitFor();
  await assert.rejects(caller(`${server.url}/v1`, next)("GET", "/whoami"), /401/);
  assert.deepEqual(wrong, []);
});

test("a change is planned with its reach seen, and called off; keys are suspended by one order", async () => {
  const { page, wrong, button, dialog, heading } = await signedIn(token);
  const client = await api("POST", "/clients", { name: "City Couriers", kind: "partner", owner: { team: "Logistics", email: "logistics@example.com" }, environments: ["prod"] });
  for (const name of ["backend", "nightly"]) await api("POST", `/clients/${client.id}/keys`, { name, environment: "prod" });
  await visit(page, "scheduled-changes/new");
  await page.getByLabel("Client", { exact: true }).selectOption({ label: "City Couriers" });
  await page.getByLabel("Key", { exact: true }).selectOption({ index: 1 });
  await page.getByLabel("At optional", { exact: true }).fill("2031-02-01T22:00");
  await page.getByLabel("Reason").fill("the partner moves");
  await page.getByText("Nobody called with this in the last 24 hours.").waitFor();
  await button("Plan it").click();
  await heading("Suspend key").waitFor();
  await button("Cancel it").click();
  await dialog.getByLabel("Reason").fill("the move is called off");
  await dialog.getByRole("button", { name: "Cancel it" }).click();
  await page.getByRole("main").getByText("cancelled", { exact: true }).waitFor();
  await visit(page, "keys/bulk");
  await page.getByLabel("Owner team").fill("Logistics");
  await button("Show which these are").click();
  await page.getByRole("row").filter({ hasText: "nightly" }).waitFor();
  await axe(page, "what an order would be about");
  await page.getByLabel("Reason").fill("the partner asked for it");
  await page.getByLabel("Type 2 to go on").fill("2");
  await button("Suspend 2 keys").click();
  await page.getByRole("main").getByText("finished", { exact: true }).waitFor();
  assert.deepEqual((await api("GET", `/keys?client_id=${client.id}`)).items.map((key) => key.status), ["suspended", "suspended"]);
  assert.deepEqual(wrong, []);
});

test("keys of another system are taken over by a form, and their callers go on with the secrets they have", async () => {
  const { page, wrong, button, heading } = await signedIn(token);
  const client = await api("POST", "/clients", { name: "Price Comparison", kind: "partner", owner: { team: "Partner management", email: "partners@example.com" }, environments: ["prod"] });
  const secret = "a-secret-of-the-other-system-0001";
  const sha256 = createHash("sha256").update(secret).digest("hex");
  await visit(page, "keys/import");
  await page.getByLabel("The other system").fill("kong");
  await page.getByLabel("Client optional").selectOption({ label: "Price Comparison" });
  await page.getByLabel("Environment optional").fill("prod");
  await page.getByLabel("A file").setInputFiles({ name: "keys.csv", mimeType: "text/csv", buffer: Buffer.from(`external_id,sha256,client_name\ncrawler,${sha256},\nstray,${sha256.replace(/^./, "f")},Nobody\n`) });
  await button("Show what would become of it").click();
  await page.getByRole("row").filter({ hasText: "stray" }).getByText("import_client_unknown").waitFor();
  assert.equal((await api("GET", `/keys?client_id=${client.id}`)).items.length, 0, "a rehearsal makes nothing");
  await axe(page, "what would become of an import");
  await button("Import 1 key").click();
  await heading("Import keys").waitFor();
  await page.getByRole("main").getByText("finished", { exact: true }).waitFor();
  await page.getByRole("link", { name: "crawler" }).click();
  await heading("crawler").waitFor();
  assert.equal(await callThrough(server.door, secret, "/anything"), 403, "the secret is known; no route lets it in");
  assert.equal(await callThrough(server.door, "another-secret", "/anything"), 401);
  assert.deepEqual(wrong, []);
});

test("what is personal of a client is erased for good, and the proof of its entry still holds", async () => {
  const { page, wrong, button, dialog } = await signedIn(token);
  const client = await api("POST", "/clients", {
    name: "Harbour Freight", kind: "partner", owner: { team: "Logistics", email: "harbour@example.com" }, environments: ["prod"], contacts: [{ name: "Night desk", email: "night@example.com", role: "technical" }],
  });
  await visit(page, "erasures");
  await page.getByLabel("Whose").selectOption("client");
  await page.getByLabel("Client", { exact: true }).selectOption({ label: "Harbour Freight" });
  await button("Erase…").click();
  await dialog.getByLabel("Reason").fill("they asked for it");
  assert.equal(await dialog.getByRole("button", { name: "Erase for good" }).getAttribute("aria-disabled"), "true", "not before it is typed");
  await dialog.getByLabel("Type erase to go on").fill("erase");
  await axe(page, "an erasure");
  await dialog.getByRole("button", { name: "Erase for good" }).click();
  await button("Close").last().click();
  await page.getByText(/^[1-9]\d* values are erased\.$/).waitFor();
  const left = JSON.stringify(await api("GET", `/clients/${client.id}`));
  assert.ok(!left.includes("harbour@example.com") && !left.includes("night@example.com"), left);
  const [entry] = (await api("GET", `/audit?subject_id=${client.id}&action=api_client.registered`)).items;
  await visit(page, `audit/${entry.position}`);
  await page.getByText("This entry is in the signed log.").waitFor();
  assert.ok(!(await page.content()).includes("harbour@example.com"));
  assert.deepEqual(wrong, []);
});
