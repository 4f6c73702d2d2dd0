// A moment, and how far away it is. The zone is the one that was chosen.
import { html } from "../lib/ui.mjs";
import { ago, moment } from "../lib/format.mjs";
import { usePrefs } from "../lib/prefs.mjs";

/** @param {{ at: string | null | undefined, none?: string, relative?: boolean, both?: boolean, seconds?: boolean }} props */
export function Time({ at, none = "–", relative = false, both = false, seconds = false }) {
  const { zone } = usePrefs();
  if (!at) return html`<span class="quiet">${none}</span>`;
  const full = moment(at, { seconds, zone });
  if (both) return html`<time datetime=${at}>${full}</time> <span class="quiet nowrap">${ago(at)}</span>`;
  return html`<time datetime=${at} title=${full} class="nowrap">${relative ? ago(at) : full}</time>`;
}
