// A sentence of the server as people read one: its moments in the zone that was chosen, its `names` set apart.
import { html } from "../lib/ui.mjs";
import { Time } from "./Time.mjs";

const PARTS = /(`[^`]+`|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

/** @param {{ text: string | null | undefined }} props */
export function Said({ text }) {
  return (text ?? "").split(PARTS).map((part, at) => {
    if (at % 2 === 0) return part;
    return part.startsWith("`") ? html`<code>${part.slice(1, -1)}</code>` : html`<${Time} at=${part} seconds />`;
  });
}
