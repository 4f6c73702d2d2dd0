// The same call on a command line, for whoever wants to go on without the console.
import { html } from "../lib/ui.mjs";
import { curlOf } from "../lib/curl.mjs";
import { CopyButton } from "./Copy.mjs";

/** @param {{ calls: (import("../lib/api.mjs").Call | null | false)[], label?: string }} props */
export function Curl({ calls, label = "As curl" }) {
  const shown = calls.filter(Boolean);
  if (shown.length === 0) return null;
  const text = shown.map((call) => curlOf(/** @type {any} */ (call))).join("\n\n");
  return html`<details class="curl">
    <summary>${label}</summary>
    <div class="block"><pre tabindex="0" aria-label="The same call as curl">${text}</pre><${CopyButton} text=${text} what="curl command" /></div>
  </details>`;
}
