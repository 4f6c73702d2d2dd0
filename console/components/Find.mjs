// Choosing a client, a route or a policy by its name. Where there are more than fit, a word narrows them.
import { html, useState } from "../lib/ui.mjs";
import { useRead, useSettled } from "../lib/hooks.mjs";
import { remember } from "../lib/names.mjs";
import { Field } from "./Field.mjs";

const FITS = 50;

/**
 * @param {{ what: "clients" | "routes" | "policies", label: string, value: string | null | undefined, onInput: (id: string | null) => void,
 *   none: string, query?: Record<string, string>, hint?: unknown, error?: string | null, required?: boolean }} props
 *   `none`: what it means to choose nothing
 */
export function Find({ what, label, value, onInput, none, query = {}, hint, error, required = false }) {
  const [word, setWord] = useState("");
  const settled = useSettled(word.trim());
  const read = useRead({ path: `/v1/${what}`, query: { ...query, limit: FITS, sort: "name", name_contains: settled } });
  const chosen = useRead(value ? { path: `/v1/${what}/${value}` } : null);
  const found = read.data?.items ?? [];
  remember(found);
  const items = chosen.data && !found.some((item) => item.id === value) ? [chosen.data, ...found] : found;
  const many = Boolean(read.data?.next_cursor) || word !== "";
  return html`<${Field} label=${label} hint=${hint} error=${error} required=${required}>${(given) => html`
    ${many && html`<input type="search" aria-label=${`Find: ${label}`} placeholder="A part of the name" value=${word}
      onInput=${(event) => setWord(event.target.value)} />`}
    <select ...${given} value=${value ?? ""} onChange=${(event) => onInput(event.target.value || null)}>
      <option value="" selected=${!value}>${none}</option>
      ${items.map((item) => html`<option value=${item.id} selected=${item.id === value}>${nameOf(item)}</option>`)}
    </select>`}<//>`;
}

const nameOf = (item) => (item.path ? `${item.name} (${item.methods.join(", ")} ${item.path})` : item.name);
