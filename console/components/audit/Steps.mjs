// What was checked here, step by step, and whether it held.
import { html } from "../../lib/ui.mjs";
import { allPassed } from "../../lib/verify.mjs";
import { Badge } from "../Badge.mjs";

/** @param {{ steps: import("../../lib/verify.mjs").Step[], passed: string, failed: string }} props `passed`, `failed`: what it means as a whole */
export function Steps({ steps, passed, failed }) {
  const broken = steps.some((one) => one.state === "failed");
  const whole = allPassed(steps) ? passed : broken ? failed : "This could not be checked here.";
  return html`<div class="receipt" data-tone=${allPassed(steps) ? "good" : "bad"} role=${broken ? "alert" : "status"}>
    <p class="strong">${whole}</p>
    <ul class="plain">${steps.map((one) => html`<li><${Badge} word=${one.state} /> <strong>${one.name}</strong> <span
      class="breaks">${one.says}</span></li>`)}</ul>
  </div>`;
}
