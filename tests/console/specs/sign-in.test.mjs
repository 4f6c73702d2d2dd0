// Coming in and going out: by a token, and by an identity provider; and everything by the keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "../lib/axe.mjs";
import { launch, open, settled, signIn, visit } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { provide } from "../lib/provider.mjs";
import { serve } from "../lib/server.mjs";

let browser;
let provider;
let server;

before(async () => {
  provider = await provide({ groups: ["g-operators"] });
  server = await serve((http) => ({
    TOLLGATE_PUBLIC_URL: `http://localhost:${http}`, TOLLGATE_OIDC_ISSUER: provider.issuer, TOLLGATE_OIDC_CLIENT_ID: "tollgate", TOLLGATE_OIDC_ADMIT_UNKNOWN: "true",
    TOLLGATE_OIDC_ROLES: "groups=g-operators=operator", TOLLGATE_WEBHOOKS_ALLOW: "127.0.0.1", TOLLGATE_WEBHOOKS_ALLOW_HTTP: "true",
  }));
  await example(server);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await provider?.stop();
});

test("somebody signs in at the provider, does what they may, stays over a reload and goes out", async () => {
  const { page, wrong } = await open(browser, `${server.url.replace("127.0.0.1", "localhost")}/#/clients`);
  await page.getByRole("link", { name: "Sign in with your organisation's account" }).click();
  await page.getByRole("link", { name: "I am Ada" }).click();
  await page.getByRole("heading", { level: 1, name: "Clients" }).waitFor();
  await page.getByRole("link", { name: "Billing" }).click();
  await page.getByRole("button", { name: "Suspend", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("over the holidays");
  await dialog.getByRole("button", { name: "Suspend" }).click();
  await dialog.getByText("Every gateway node has applied it.").waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Billing" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(wrong, []);
});

test("whoever goes on in the moment in which the console appears gets there", async () => {
  const { page, wrong } = await open(browser, server.url);
  // Told of the picture before anything else runs, as nobody's hand is: what the console does after it has appeared is still to come.
  await page.evaluate(() => new MutationObserver((_, watch) => {
    if (!document.getElementById("main")) return;
    watch.disconnect();
    location.hash = "#/clients";
  }).observe(document.body, { childList: true, subtree: true }));
  await signIn(page, server.token);
  await page.getByRole("heading", { level: 1, name: "Clients" }).waitFor();
  assert.deepEqual(wrong, []);
});

test("somebody else ends a session, and whoever had it signs in again", async () => {
  const theirs = await open(browser, `${server.url.replace("127.0.0.1", "localhost")}/#/clients`);
  await theirs.page.getByRole("link", { name: "Sign in with your organisation's account" }).click();
  await theirs.page.getByRole("link", { name: "I am Ada" }).click();
  await theirs.page.getByRole("heading", { level: 1, name: "Clients" }).waitFor();
  const { page, context, wrong } = await open(browser, server.url);
  await signIn(page, server.token);
  await visit(page, "sessions");
  await page.getByRole("cell", { name: provider.issuer }).first().waitFor();
  await axe(page, "sessions");
  await page.getByRole("button", { name: "End", exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Whoever has it signs in again.").waitFor();
  await dialog.getByRole("button", { name: "End it" }).click();
  await page.getByText("Nobody is signed in by an identity provider.").waitFor();
  await visit(theirs.page, "policies");
  await theirs.page.getByText("You are not signed in any more. Sign in again.").waitFor();
  await theirs.context.close();
  await context.close();
  assert.deepEqual([...wrong, ...theirs.wrong], []);
});

test("a token that is none is refused in words, and one that ends is noticed", async () => {
  const { page, wrong } = await open(browser, server.url);
  await page.getByLabel("Admin token").fill("not-a-token-of-ours");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("This token is not valid.").waitFor();
  await axe(page, "a refused sign-in");
  const account = await server.api("POST", "/service-accounts", { name: "Soon over", team: "Finance" });
  await server.api("POST", "/grants", { principal_id: account.service_account.id, role: "viewer", scope: { kind: "all" }, reason: "a short visit" });
  await signIn(page, account.token);
  await server.api("POST", `/service-accounts/${account.service_account.id}/disable`, { reason: "the visit is over" });
  await visit(page, "policies");
  await page.getByText("You are not signed in any more. Sign in again.").waitFor();
  assert.deepEqual(wrong, []);
});

test("a token is in no storage, no address and no curl", async () => {
  const { page, context } = await open(browser, server.url);
  await signIn(page, server.token);
  await visit(page, "clients");
  await settled(page);
  await page.getByText("As curl").click();
  const shown = await page.getByLabel("The same call as curl").innerText();
  assert.match(shown, /Authorization: Bearer \$TOLLGATE_TOKEN/);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.cookie, document.documentElement.outerHTML]));
  assert.ok(!kept.includes(server.token));
  assert.ok(!JSON.stringify(await context.storageState()).includes(server.token));
});

test("times are in the zone that somebody chose, also after they have gone", async () => {
  const { page, context, wrong } = await open(browser, server.url);
  await signIn(page, server.token);
  const zone = page.getByLabel("Times in");
  await zone.focus();
  await zone.selectOption("Europe/Berlin");
  await visit(page, "gateways");
  await settled(page);
  await visit(page, "clients");
  await page.getByRole("row").nth(1).locator("time").first().waitFor();
  assert.match(await page.getByRole("row").nth(1).locator("time").first().getAttribute("title") ?? "", / CES?T$/);
  await page.reload();
  await signIn(page, server.token);
  assert.equal(await page.getByLabel("Times in").inputValue(), "Europe/Berlin");
  await context.close();
  assert.deepEqual(wrong, []);
});

test("everything is reached by the keyboard", async () => {
  const { page, wrong } = await open(browser, server.url);
  await page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
  await page.keyboard.insertText(server.token);
  await page.keyboard.press("Enter");
  await page.locator("#main").waitFor();
  await page.keyboard.press("Tab");
  await focusOn(page, "Skip to the page");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "main");
  await visit(page, "clients");
  await settled(page);
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
  await page.keyboard.insertText("city");
  await page.waitForFunction(() => location.hash.includes("name_contains=city") && document.querySelectorAll("main tbody tr").length === 1);
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.waitForFunction(() => document.querySelectorAll("main tbody tr").length > 1);
  await page.getByRole("row").nth(1).getByRole("link").focus();
  await page.keyboard.press("ArrowDown");
  await focusOn(page, "City Couriers");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Billing" }).waitFor();
  await focusOn(page, "Billing", "whoever follows a link hears where they are");
  await page.getByRole("button", { name: "Archive" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await focusOn(page, "Archive", "the focus goes back to where it came from");
  assert.deepEqual(wrong, []);
});

const focused = (page) => page.evaluate(() => document.activeElement?.textContent);
/** The focus comes with what is drawn, a moment after the key. */
async function focusOn(page, name, why = name) {
  await page.waitForFunction((wanted) => document.activeElement?.textContent?.trim() === wanted, name).catch(async () => assert.equal(await focused(page), name, why));
}
