// Webhooks and notices by hand, and what each role is offered of messages, work and access.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { MORE, more, receiver } from "../lib/example-more.mjs";
import { serve } from "../lib/server.mjs";

let server;
let desk;
let browser;
let made;

before(async () => {
  server = await serve(MORE);
  desk = await receiver();
  made = await more(server, await example(server), desk);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  desk?.stop();
});

/** A page of the console in which somebody has signed in. */
async function signedIn(token) {
  const opened = await open(browser, server.url);
  await signIn(opened.page, token);
  const { page } = opened;
  return { ...opened, button: (name) => page.getByRole("button", { name, exact: true }), dialog: page.getByRole("dialog"), heading: (name) => page.getByRole("heading", { name, exact: true, level: 1 }) };
}

/** Copies what is shown once, says that it is stored, and gives it. */
async function taken(dialog, label) {
  const secret = await dialog.getByLabel(label, { exact: true }).inputValue();
  const done = dialog.getByRole("button", { name: "Done" });
  assert.equal(await done.isDisabled(), true, "not before it is stored");
  await dialog.getByLabel("I stored it where it will be used from.").check();
  await done.click();
  return secret;
}

test("a webhook is made, its secret seen once, tested, sent again, rotated and deleted", async () => {
  const { page, wrong, button, dialog, heading } = await signedIn(server.token);
  await visit(page, "webhooks/new");
  await page.getByLabel("Name", { exact: true }).fill("Partner desk");
  await page.getByLabel("URL", { exact: true }).fill(`${desk.url}/partners`);
  await page.getByLabel("Clients api_client.*").check();
  await button("Make it").click();
  await axe(page, "the secret of a webhook");
  const secret = await taken(dialog, "Secret");
  assert.match(secret, /^whsec_/);
  await heading("Partner desk").waitFor();
  await page.getByRole("main").getByText("active", { exact: true }).first().waitFor();
  assert.ok(!(await page.content()).includes(secret), "the secret is gone from the page");
  await button("Send a test").click();
  await dialog.getByLabel("Type").fill("api_key.revoked");
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await heading("api_key.revoked").waitFor();
  await page.getByRole("cell", { name: "200", exact: true }).waitFor();
  await axe(page, "a delivery");
  await button("Send again").click();
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("row").nth(2).waitFor();
  assert.equal(desk.got.filter((one) => one.path === "/partners" && one.body.test).length, 2);
  await page.getByRole("link", { name: "Partner desk" }).first().click();
  await button("Rotate secret").click();
  await dialog.getByRole("button", { name: "Rotate", exact: true }).click();
  assert.notEqual(await taken(dialog, "Secret"), secret);
  await page.getByText("the one before signs until").waitFor();
  await button("Delete").click();
  await dialog.getByText("No client and no key is touched by this.").waitFor();
  await dialog.getByLabel("Type Partner desk to go on").fill("Partner desk");
  await dialog.getByRole("button", { name: "Delete for good" }).click();
  await dialog.getByText("Every gateway node has applied it.").waitFor();
  await button("Close").last().click();
  await page.getByRole("main").getByText("deleted", { exact: true }).first().waitFor();
  assert.deepEqual(wrong, []);
});

test("a replay shows how many it would send, and goes on as an operation", async () => {
  const { page, wrong, button, dialog, heading } = await signedIn(server.token);
  await visit(page, `webhooks/${made.hook.id}`);
  await button("Replay").click();
  await dialog.getByLabel("dead").uncheck();
  await dialog.getByLabel("delivered").check();
  await button("How many?").click();
  await dialog.getByText(/It would send \d+ again\./).waitFor();
  await axe(page, "a replay");
  await dialog.getByRole("button", { name: "Replay", exact: true }).click();
  await heading("Replay webhook").waitFor();
  await page.getByRole("main").getByText("finished", { exact: true }).waitFor();
  assert.deepEqual(wrong, []);
});

test("a rule shows what it would have told before it is made", async () => {
  const { page, wrong, button, dialog, heading } = await signedIn(server.token);
  await visit(page, "notification-rules/new");
  await page.getByLabel("Name", { exact: true }).fill("Whoever answers for keys");
  await page.getByLabel("key issued").check();
  await button("Preview").click();
  await page.getByText("backend was issued to Acme Travel").first().waitFor();
  await axe(page, "the preview of a rule");
  await button("Make it").click();
  await heading("Whoever answers for keys").waitFor();
  await page.getByText("the owner").waitFor();
  await button("End").click();
  await dialog.getByRole("button", { name: "End it" }).click();
  await page.getByRole("main").getByText("ended", { exact: true }).waitFor();
  assert.deepEqual(wrong, []);
});

test("a rule has usage told each month, and its form keeps what it says", async () => {
  const { page, wrong, button, heading } = await signedIn(server.token);
  await visit(page, "notification-rules/new");
  await page.getByLabel("Name", { exact: true }).fill("Finance at the end of the month");
  await page.getByLabel("quota threshold").uncheck();
  await page.getByLabel("key expiring").uncheck();
  assert.equal(await page.getByLabel("Usage is told each").count(), 0, "not asked before it is told");
  await page.getByLabel("usage report").check();
  await page.getByLabel("Usage is told each").selectOption("month");
  await page.getByLabel("Of the zone").selectOption("Europe/Berlin");
  await page.getByLabel("Letters have").selectOption("summary");
  await button("Add a recipient").click();
  await axe(page, "the usage report of a rule");
  await button("Make it").click();
  await heading("Finance at the end of the month").waitFor();
  await page.getByText("each month as summary, Europe/Berlin").waitFor();
  const rule = (await server.api("GET", "/notification-rules")).items.find((one) => one.name === "Finance at the end of the month");
  assert.deepEqual(rule.recipients, [{ kind: "owner" }, { kind: "contacts", role: null }], "all contacts, as the form begins");
  assert.deepEqual([rule.notices, rule.report.every, rule.report.form, rule.report.time_zone], [["usage_report"], "month", "summary", "Europe/Berlin"]);
  await page.getByRole("link", { name: "Change", exact: true }).click();
  await page.getByLabel("Usage is told each").waitFor();
  assert.deepEqual([await page.getByLabel("Usage is told each").inputValue(), await page.getByLabel("Letters have").inputValue()], ["month", "summary"]);
  await page.getByLabel("Usage is told each").selectOption("week");
  await button("Save").click();
  await page.getByText("each week as summary, Europe/Berlin").waitFor();
  assert.deepEqual(wrong, []);
});

test("a service account is made, given a role, and its token is seen once", async () => {
  const { page, wrong, button, dialog, heading } = await signedIn(server.token);
  await visit(page, "service-accounts");
  await button("Make a service account").click();
  await dialog.getByLabel("Name", { exact: true }).fill("Night watch");
  await dialog.getByLabel("Team").fill("Platform");
  await dialog.getByRole("button", { name: "Make it" }).click();
  const token = await taken(dialog, "Token");
  await heading("Night watch").waitFor();
  await button("Give a role").click();
  await dialog.getByLabel("Role").selectOption("security_officer");
  await dialog.getByLabel("Reason").fill("it watches at night");
  await axe(page, "giving a role");
  await dialog.getByRole("button", { name: "Give", exact: true }).click();
  await page.getByRole("row").filter({ hasText: "security officer" }).waitFor();
  assert.deepEqual(wrong, []);
  const watch = await signedIn(token);
  await visit(watch.page, "leaks");
  await watch.page.getByRole("link", { name: "mobile app" }).waitFor();
  assert.deepEqual(watch.wrong, []);
});

const MANY = ["Webhooks", "Deliveries", "Notices", "Approvals", "Scheduled changes", "Operations", "Leaks", "People", "Service accounts", "Grants", "Sessions", "Erasure", "Settings"];
const SEEN = {
  "Wall display": { hidden: ["Webhooks", "Deliveries", "Leaks", "People", "Service accounts", "Grants", "Erasure"], held: { "notification-rules": ["Make a rule"], "scheduled-changes": ["Plan a change"], "approval-rules": ["Make a rule"] } },
  "Yearly audit": { hidden: ["Erasure"], held: { webhooks: ["Make a webhook"], principals: ["Add a person"], grants: ["Give a role"], "service-accounts": ["Make a service account"], "mail-addresses": ["Mark addresses"] } },
  Deployment: { hidden: ["Webhooks", "Deliveries", "People", "Service accounts", "Grants", "Erasure"], held: { "approval-rules": ["Make a rule"] }, free: { "notification-rules": "Make a rule", "scheduled-changes": "Plan a change" } },
};

for (const [name, { hidden, held, free = {} }] of Object.entries(SEEN)) {
  test(`${name} is offered what its role holds`, async () => {
    const { page, wrong } = await signedIn(made.accounts[name].token);
    const ways = page.getByRole("navigation", { name: "Sections" });
    for (const label of MANY) assert.equal(await ways.getByRole("link", { name: label, exact: true }).count(), hidden.includes(label) ? 0 : 1, label);
    for (const [place, labels] of Object.entries(held)) {
      await visit(page, place);
      await settled(page);
      for (const label of labels) {
        const act = page.getByRole("button", { name: label, exact: true });
        assert.equal(await act.getAttribute("aria-disabled"), "true", `${label} at ${place}`);
        assert.match(await act.getAttribute("title") ?? "", /permission/);
      }
    }
    for (const [place, label] of Object.entries(free)) {
      await visit(page, place);
      await settled(page);
      assert.equal(await page.getByRole("link", { name: label, exact: true }).count(), 1, `${label} at ${place}`);
    }
    if (hidden.includes("Webhooks")) {
      await visit(page, "webhooks");
      await page.getByText("This is not yours to see.").waitFor();
    }
    assert.deepEqual(wrong, []);
  });
}
