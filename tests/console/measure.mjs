// Measures what no test asserts, for it is the machine's: how large the first view is and how soon it can be used, and how smoothly 10,000 rows
// scroll. `npm run measure`; needs what the tests need.
import { gzipSync } from "node:zlib";
import { launch, open, signIn, visit } from "./lib/browser.mjs";
import { example } from "./lib/example.mjs";
import { serve } from "./lib/server.mjs";

const ROWS = 10_000;
const VIEWS = 5;
const SCROLL_MS = 4000;

const server = await serve();
const browser = await launch();
try {
  await example(server);
  await firstViews();
  await rows();
} finally {
  await browser.close();
  await server.stop();
}

/** Cold each time: a context of its own has no cache. */
async function firstViews() {
  const found = [];
  for (let view = 0; view < VIEWS; view += 1) {
    const { page, context } = await open(browser, "about:blank");
    const bodies = [];
    page.on("response", (response) => { if (response.url().startsWith(server.url) && !response.url().includes("/v1/")) bodies.push(response.body()); });
    await page.goto(server.url);
    await page.getByLabel("Admin token").waitFor();
    const asked = await page.evaluate(() => performance.now());
    const begun = Date.now();
    await signIn(page, server.token);
    await page.getByText("Who calls most").waitFor();
    await page.locator(".plot canvas").waitFor();
    const drawn = Date.now() - begun;
    const bytes = (await Promise.all(bodies)).reduce((all, body) => all + gzipSync(body).length, 0);
    found.push({ "to the sign-in, ms": Math.round(asked), "from there to the drawn overview, ms": drawn, files: bodies.length, "gzip kB": Math.round(bytes / 100) / 10 });
    await context.close();
  }
  console.table(found);
}

async function rows() {
  const { page } = await open(browser, server.url);
  await signIn(page, server.token);
  await page.route((url) => url.pathname === "/v1/reports/usage", async (route) => {
    const body = await (await route.fetch()).json();
    const made = (_, at) => ({ ...body.items[0], window_start: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString() });
    await route.fulfill({ json: { ...body, items: Array.from({ length: ROWS }, made), next_cursor: null } });
  });
  await visit(page, "reports?granularity=minute&group_by=client&limit=10000");
  await page.getByText("Rows 1 to 200 of 10,000").waitFor();
  await page.waitForTimeout(2000);
  const scrolled = await page.evaluate((ms) => new Promise((done) => {
    const [frames, long] = [[], []];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
    observer.observe({ type: "longtask" });
    const begun = performance.now();
    const range = document.documentElement.scrollHeight - innerHeight;
    let last = begun;
    const step = (now) => {
      frames.push(now - last);
      last = now;
      // Down and up again, twice.
      const way = ((now - begun) / ms) * 4;
      scrollTo(0, range * Math.abs(((way + 1) % 2) - 1));
      if (now - begun < ms) return requestAnimationFrame(step);
      observer.disconnect();
      const sorted = frames.slice(1).sort((one, other) => one - other);
      const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] * 10) / 10;
      return done({ "pixels down": range, frames: sorted.length, "median frame, ms": at(0.5), "99th, ms": at(0.99), "longest, ms": at(1), "long tasks": long.length });
    };
    requestAnimationFrame(step);
  }), SCROLL_MS);
  const leafed = await page.evaluate(() => new Promise((done) => {
    const button = [...document.querySelectorAll("button")].find((one) => one.textContent === "Rows after");
    const begun = performance.now();
    button?.click();
    requestAnimationFrame(() => requestAnimationFrame(() => done(Math.round(performance.now() - begun))));
  }));
  console.table([{ ...scrolled, "to the next 200 rows, ms": leafed, elements: await page.evaluate(() => document.querySelectorAll("*").length) }]);
}
