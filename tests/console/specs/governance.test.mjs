// Policies and routes by hand, two people, and what each role is offered.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { caller, serve } from "../lib/server.mjs";

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

/** A page of the console in which somebody has signed in. */
async function signedIn(token) {
  const opened = await open(browser, server.url);
  await signIn(opened.page, token);
  const { page } = opened;
  return { ...opened, button: (name) => page.getByRole("button", { name, exact: true }), dialog: page.getByRole("dialog"), heading: (name) => page.getByRole("heading", { name, exact: true }) };
}

test("a policy is defined with its refusals seen as one types, assigned, tried and retired", async () => {
  const { page, wrong, button, dialog, heading } = await signedIn(server.token);
  await visit(page, "policies/new");
  await page.getByLabel("Name", { exact: true }).first().fill("Night shift");
  await button("Add a quota").click();
  await page.getByLabel("Calls", { exact: true }).last().fill("50");
  await page.getByText("less than the 100").waitFor();
  await axe(page, "the editor of a policy");
  await button("Define").click();
  await heading("Night shift").waitFor();
  await button("Assign").click();
  await dialog.getByRole("combobox", { name: "Client", exact: false }).first().selectOption({ label: "Billing" });
  await axe(page, "the dialog of an assignment");
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("row").filter({ hasText: "Billing" }).waitFor();
  await page.getByRole("link", { name: "Who wins?" }).click();
  await page.getByText("Won as the assignment of").first().waitFor();
  await axe(page, "the policy in force");
  await page.goBack();
  await page.getByRole("link", { name: "What if…" }).click();
  await page.getByLabel("Calls", { exact: true }).last().fill("10");
  await button("Replay").click();
  await page.getByText("Would have refused").first().waitFor();
  await page.getByText("refused for certain").first().waitFor();
  await axe(page, "a what-if");
  await page.getByRole("link", { name: "Night shift" }).click();
  assert.equal(await button("Retire").getAttribute("aria-disabled"), "true", "not while it binds somebody");
  await button("End this assignment").click();
  await dialog.getByLabel("Type Night shift to go on").fill("Night shift");
  await dialog.getByRole("button", { name: "End it" }).click();
  await dialog.getByText("Every gateway node has applied it.").waitFor();
  await button("Close").last().click();
  await page.getByText("It binds nobody yet.").waitFor();
  await button("Retire").click();
  await dialog.getByLabel("Type Night shift to go on").fill("Night shift");
  await dialog.getByRole("button", { name: "Retire for good" }).click();
  await dialog.getByText("Every gateway node has applied it.").waitFor();
  await button("Close").last().click();
  await page.getByRole("main").getByText("retired", { exact: true }).first().waitFor();
  // A limit that is no good yet is refused at each step of the typing, which is how it is seen.
  assert.deepEqual(wrong.filter((text) => !/status of (400|422)/.test(text)), []);
});

test("an OpenAPI document is compared before it is applied", async () => {
  const { page, wrong, button } = await signedIn(server.token);
  await visit(page, "routes/import");
  const document = { openapi: "3.1.0", info: { title: "Orders", version: "1" }, paths: { "/orders/{id}": { get: { operationId: "readOrder", summary: "Read one order", responses: {} } }, "/invoices": { get: { operationId: "listInvoices", summary: "List invoices", responses: {} } } } };
  await page.getByLabel("The document, JSON or YAML").fill(JSON.stringify(document));
  await button("Show what it would change").click();
  await page.getByRole("row").filter({ hasText: "/invoices" }).filter({ hasText: "added" }).waitFor();
  await axe(page, "the plan of an import");
  assert.equal((await server.api("GET", "/routes?path_prefix=/invoices")).items.length, 0, "a plan changes nothing");
  await page.getByRole("button", { name: /^Apply \d+ change/ }).click();
  await page.getByText("The document is applied.").waitFor();
  assert.equal((await server.api("GET", "/routes?path_prefix=/invoices")).items.length, 1);
  assert.deepEqual(wrong, []);
});

test("what is planned is taken back, and what is used of a limit given back", async () => {
  const { page, wrong, button, dialog } = await signedIn(server.token);
  const key = made.keys["City Couriers"].key.id;
  await server.api("POST", `/keys/${key}/revoke`, { reason: "the contract ends", at: new Date(Date.now() + 86_400_000).toISOString() });
  await visit(page, `keys/${key}`);
  await button("Take it back").click();
  await dialog.getByLabel("Reason").fill("the contract goes on");
  await dialog.getByRole("button", { name: "Take it back" }).click();
  await dialog.getByText("Every gateway node has applied it.").or(dialog.getByText("It is done.")).first().waitFor();
  await button("Close").last().click();
  await page.getByRole("heading", { name: "Planned" }).waitFor({ state: "detached" });
  await button("Give back what is used of daily").click();
  await dialog.getByLabel("Reason").fill("the import ran twice");
  await dialog.getByLabel("Type daily to go on").fill("daily");
  await axe(page, "giving a limit back");
  await dialog.getByRole("button", { name: "Give back" }).click();
  await dialog.getByText("Every gateway node has applied it.").waitFor();
  await button("Close").last().click();
  await page.getByRole("row").filter({ hasText: "daily" }).filter({ hasText: "0 of 40" }).waitFor();
  assert.deepEqual(wrong, []);
});

test("whoever may only look is told why nothing else is offered", async () => {
  const account = await server.api("POST", "/service-accounts", { name: "Wall display", team: "Partner management" });
  await server.api("POST", "/grants", { principal_id: account.service_account.id, role: "viewer", scope: { kind: "all" }, reason: "a display on the wall" });
  const { page, wrong, button } = await signedIn(account.token);
  await visit(page, `clients/${made.clients["Acme Travel"].id}`);
  await settled(page);
  const issue = button("Issue a key");
  assert.equal(await issue.getAttribute("aria-disabled"), "true");
  await page.getByText("This needs the permission key.issue, which you do not hold.").first().waitFor({ state: "attached" });
  assert.equal(await page.getByRole("heading", { name: "Timeline" }).count(), 0, "a viewer does not read the audit log");
  await issue.click({ force: true });
  assert.equal(await page.getByRole("dialog").count(), 0);
  await visit(page, "clients/new");
  await page.getByText("This is not yours to see.").waitFor();
  await axe(page, "what is not one's own");
  assert.deepEqual(wrong, []);
});

test("whoever may act in one environment is offered what the server lets them do there", async () => {
  const account = await server.api("POST", "/service-accounts", { name: "Production", team: "Partner management" });
  await server.api("POST", "/grants", { principal_id: account.service_account.id, role: "operator", scope: { kind: "limited", environments: ["prod"] }, reason: "production alone" });
  const { page, wrong, button, dialog } = await signedIn(account.token);
  await visit(page, `clients/${made.clients["Acme Travel"].id}`);
  await settled(page);
  const change = button("Change");
  assert.equal(await change.getAttribute("aria-disabled"), "true", "it lies in sandbox, too");
  assert.equal(await change.getAttribute("title"), "You hold the permission client.write, but not here.");
  await button("Issue a key").click();
  const issue = dialog.getByRole("button", { name: "Issue", exact: true });
  await dialog.getByLabel("Environment").selectOption("sandbox");
  assert.equal(await issue.getAttribute("aria-disabled"), "true");
  await dialog.getByLabel("Environment").selectOption("prod");
  await dialog.getByLabel("Name", { exact: true }).fill("third");
  await dialog.getByLabel("Expires").selectOption({ label: "In 90 days" });
  await issue.click();
  await dialog.getByText("Secret: shown once, now").waitFor();
  const [third] = (await server.api("GET", "/keys?name_contains=third")).items;
  assert.equal(Math.round((Date.parse(third.expires_at) - Date.parse(third.created_at)) / 86_400_000), 90);
  assert.deepEqual(wrong, []);
});

test("what needs two people waits in sight, and is carried out once it is approved", async () => {
  const account = await server.api("POST", "/service-accounts", { name: "Deployment", team: "Finance" });
  await server.api("POST", "/grants", { principal_id: account.service_account.id, role: "operator", scope: { kind: "all" }, reason: "issues keys on deployment" });
  const claimed = await server.api("POST", "/claim", { name: "Ada Lovelace", identity: { issuer: "https://login.example.com", subject: "1" } });
  const ada = caller(`${server.url}/v1`, claimed.token);
  await ada("POST", "/approval-rules", { permission: "key.issue", environment: "prod", reason: "two people for production" });
  const { page, wrong, button, dialog } = await signedIn(account.token);
  await visit(page, `clients/${made.clients.Billing.id}`);
  await button("Issue a key").click();
  await dialog.getByLabel("Name", { exact: true }).fill("second");
  await button("Issue").click();
  await dialog.getByText("A second person has to approve this.").waitFor();
  await axe(page, "what waits for a second person");
  const [waiting] = (await ada("GET", "/approvals?status=waiting")).items;
  await ada("POST", `/approvals/${waiting.id}/approve`, { reason: "it is due" });
  await button("Carry it out now").click();
  await dialog.getByText("Secret: shown once, now").waitFor();
  assert.deepEqual(wrong, []);
});
