// Choosing a zone. There are some four hundred, so they are listed once somebody reaches for them, and not on every page.
import { html, useState } from "../lib/ui.mjs";
import { zones } from "../lib/prefs.mjs";
import { Field } from "./Field.mjs";

const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The list alone, for whoever labels it. @param {any} props value, onInput(zone), and attributes of the list */
export function Zones({ value, onInput, ...attributes }) {
  const [all, setAll] = useState(false);
  const reach = () => setAll(true);
  const names = all ? zones() : [...new Set(["UTC", own(), value])].filter(Boolean);
  return html`<select ...${attributes} value=${value} onFocus=${reach} onPointerDown=${reach} onChange=${(event) => onInput(event.target.value)}>
    ${names.map((name) => html`<option key=${name} value=${name} selected=${name === value}>${name}</option>`)}</select>`;
}

/** A field of a form. @param {any} props value, onInput(zone), and those of `Field` */
export function ZoneField({ value, onInput, ...field }) {
  return html`<${Field} ...${field}>${(given) => html`<${Zones} ...${given} value=${value} onInput=${onInput} />`}<//>`;
}
