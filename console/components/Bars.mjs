// Bars side by side, for what is told apart by name and not by time. What they say is written beside them.
import { html } from "../lib/ui.mjs";
import { number } from "../lib/format.mjs";

/** @typedef {{ key: string, label: unknown, note?: unknown, parts: { tone: "good" | "warn" | "bad" | "quiet", value: number, label: string }[] }} Bar */

/** @param {{ label: string, items: Bar[] }} props */
export function Bars({ label, items }) {
  const most = Math.max(1, ...items.map((item) => item.parts.reduce((sum, part) => sum + part.value, 0)));
  return html`<ul class="bars" aria-label=${label}>${items.map((item) => html`<li key=${item.key}>
    <p class="row wrap spread small"><span>${item.label}</span><span class="quiet">${item.note}</span></p>
    <div class="bar" aria-hidden="true">${item.parts.map((part) => html`<span data-tone=${part.tone} ref=${wide(part.value / most)}>
      </span>`)}</div>
    <p class="hidden">${item.parts.map((part) => `${part.label}: ${number(part.value)}`).join(", ")}</p>
  </li>`)}</ul>`;
}

const wide = (share) => (element) => element?.style.setProperty("inline-size", `${100 * share}%`);
