// Somebody by name, where the name is to be seen, and choosing somebody.
import { html } from "../../lib/ui.mjs";
import { usePrincipals } from "../../lib/principals.mjs";
import { Field } from "../Field.mjs";
import { shortened } from "../Ref.mjs";

/** @param {{ id: string | null | undefined, none?: string }} props */
export function Principal({ id, none = "–" }) {
  const known = usePrincipals()?.find((one) => one.id === id);
  if (!id) return html`<span class="quiet">${none}</span>`;
  if (known) return html`<a href=${known.place} title=${id}>${known.name ?? html`<span class="quiet">erased</span>`}</a>`;
  return html`<code class="id" title=${id}>${shortened(id)}</code>`;
}

/** @param {{ label: string, value: string, onInput: (id: string) => void, error?: string | null }} props */
export function FindPrincipal({ label, value, onInput, error }) {
  const everybody = (usePrincipals() ?? []).filter((one) => one.status === "enabled" || one.id === value);
  const group = (kind, title) => {
    const items = everybody.filter((one) => one.kind === kind);
    return items.length > 0 && html`<optgroup label=${title}>${items.map((one) => html`<option value=${one.id}
      selected=${one.id === value}>${one.name ?? one.id}${one.team ? ` (${one.team})` : ""}</option>`)}</optgroup>`;
  };
  return html`<${Field} label=${label} required error=${error}>${(given) => html`<select ...${given} value=${value} onChange=${(event) => onInput(event.target.value)}>
    <option value="" selected=${!value}>Choose…</option>${group("person", "People")}${group("service account", "Service accounts")}</select>`}<//>`;
}
