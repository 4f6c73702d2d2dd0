// No violation of WCAG 2.2 AA that a program can find.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** @param {string} what @param {{ rules?: string[] }} [options] `rules`: these alone */
export async function axe(page, what, { rules } = {}) {
  const builder = new AxeBuilder({ page });
  const { violations } = await (rules ? builder.withRules(rules) : builder.withTags(TAGS)).analyze();
  const said = violations.map((one) => `${what}: ${one.id}: ${one.help}\n${one.nodes.slice(0, 3).map((node) => `  ${node.html.slice(0, 200)}\n  ${node.failureSummary.replaceAll("\n", " ")}`).join("\n")}`);
  assert.equal(said.join("\n"), "");
}
