// A browser as people have one, which fails a test at the first thing that it complains of.
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** How long something may take to be there. */
const WAIT_MS = 60_000;

/** A browser that dies while it starts is started once more: it is not what is tried here. */
export const launch = () => started().catch(started);

const started = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/**
 * A page of the console, with what went wrong in it: violations of the Content-Security-Policy, errors of scripts, answers that the
 * server should not have had to give. `allow` says of a message whether it is meant.
 */
export async function open(browser, url, { allow = () => false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const wrong = [];
  // Whether there is a provider is known by asking, and the browser tells of each answer above 399.
  const meant = (text) => /status of 404.*\/v1\/session\/start/.test(text);
  const note = (text) => { if (!allow(text) && !meant(text)) wrong.push(text); };
  page.on("pageerror", (error) => note(`error: ${error.message}`));
  // Before anybody is signed in there is an answer that says so.
  page.on("console", (message) => { if (["error", "warning"].includes(message.type()) && !/status of 401/.test(message.text())) note(`${message.type()}: ${message.text()} ${message.location().url}`); });
  await page.goto(url);
  return { page, context, wrong };
}

/** Signs in by a token, as somebody would. */
export async function signIn(page, token) {
  await page.getByLabel("Admin token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#main").waitFor();
}

/** Goes to a place without a reload, which would forget the token. */
export async function visit(page, place) {
  await page.evaluate((to) => { location.hash = to; }, `#/${place}`);
}

/** Waits until the page has read what it shows. */
export async function settled(page) {
  await page.locator("main h1").waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll("main .state.loading, main [aria-busy='true']")].every((one) => one.closest(".example")));
}
