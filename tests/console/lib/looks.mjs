// Every page in light, dark and narrow: it opens, nothing goes wrong, axe finds nothing, nothing sticks out. With SHOTS set the pictures are
// kept there.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { axe } from "./axe.mjs";
import { open, settled, signIn, visit } from "./browser.mjs";

const LOOKS = {
  light: { colorScheme: "light" },
  // The same page in other colours: only these can be wrong.
  dark: { colorScheme: "dark", rules: ["color-contrast"] },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 } },
};

/** A longer page is cut: more of the same is no picture. */
const PICTURE_PX_MAX = 2400;

/**
 * A test of each look.
 * @param {string} what the pages are
 * @param {() => { browser: any, server: any, pages: Record<string, [string, string]> }} world once it is there; of each page its place, and what is
 * seen once it has read
 */
export function everyLook(what, world) {
  for (const [look, { rules, ...options }] of Object.entries(LOOKS)) {
    test(`every page of ${what}, ${look}`, async (t) => {
      const { browser, server, pages } = world();
      const { page, wrong } = await open(browser, server.url, options);
      const holds = async (name) => {
        await axe(page, `${name}, ${look}`, { rules });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${wide} pixels stick out of the page`);
        await keep(page, `${name}-${look}`);
        assert.deepEqual(wrong.splice(0), []);
      };
      await page.getByLabel("Admin token").waitFor();
      await holds("sign-in");
      await signIn(page, server.token);
      for (const [name, [place, seen]] of Object.entries(pages)) {
        await t.test(name, async () => {
          await visit(page, place);
          await settled(page);
          await page.getByRole("main").getByText(seen).first().waitFor();
          await holds(name);
        });
      }
    });
  }
}

async function keep(page, name) {
  if (!process.env.SHOTS) return;
  await mkdir(process.env.SHOTS, { recursive: true });
  // What is under the pointer looks otherwise.
  await page.mouse.move(0, 0);
  const { width, height } = await page.evaluate(() => ({ width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight }));
  await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(height, PICTURE_PX_MAX) } });
}
