// The ways between pages of one subject. The one that is shown is marked.
import { html } from "../lib/ui.mjs";
import { usePlace } from "../lib/router.mjs";

/** @param {{ label: string, items: [string, string][] }} props places and names */
export function Tabs({ label, items }) {
  const { path } = usePlace();
  return html`<nav class="tabs" aria-label=${label}>${items.map(([place, name]) => html`<a href=${`#/${place}`}
    aria-current=${place === path ? "page" : null}>${name}</a>`)}</nav>`;
}
