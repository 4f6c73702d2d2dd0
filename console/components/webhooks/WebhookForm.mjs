// What is said of a webhook: the same form for a new one and for a change.
import { html } from "../../lib/ui.mjs";
import { Area, Text, wrongAt } from "../Field.mjs";
import { ScopeFields, scopeBody, scopeForm } from "../Scope.mjs";
import { KINDS, TYPES } from "./events.mjs";

export const EMPTY_WEBHOOK = { name: "", url: "", events: ["api_key.*"], scope: scopeForm(null) };
export const formOf = ({ name, url, events, scope }) => ({ name, url, events, scope: scopeForm(scope) });
export const bodyOf = (value) => ({ ...value, name: value.name.trim(), url: value.url.trim(), scope: scopeBody(value.scope) });

const lines = (text) => text.split(/[\s,]+/).filter(Boolean);

/** @param {{ value: any, onInput: (value: any) => void, error: any, moved?: boolean }} props `moved`: it has another URL than before */
export function WebhookFields({ value, onInput, error, moved = false }) {
  const set = (changes) => onInput({ ...value, ...changes });
  return html`
    <${Text} label="Name" required value=${value.name} onInput=${(name) => set({ name })} error=${wrongAt(error, "/name")} />
    <${ScopeFields} label="Told of" value=${value.scope} onInput=${(scope) => set({ scope })} error=${error} />
    <${Text} wide label="URL" type="url" required value=${value.url} onInput=${(url) => set({ url })} error=${wrongAt(error, "/url")}
      hint=${moved ? "Whoever answers there has to echo a challenge before it is told anything again." : "HTTPS at a public address, unless the operator has opened more. The path may be a secret of yours."} />
    <${Events} value=${value.events} onInput=${(events) => set({ events })} error=${wrongAt(error, "/events")} />`;
}

function Events({ value, onInput, error }) {
  const toggle = (one, on) => onInput(on ? [...value.filter((other) => other !== one), one] : value.filter((other) => other !== one));
  const box = ([one, name]) => html`<label class="check"><input type="checkbox" checked=${value.includes(one)}
    onChange=${(event) => toggle(one, event.target.checked)} /> ${name} <code class="quiet small">${one}</code></label>`;
  const typed = value.filter((one) => !KINDS.some(([kind]) => kind === one));
  return html`<fieldset class="field"><legend>Events</legend>
    <div class="choices">${KINDS.map(box)}</div>
    <details class="small" open=${typed.length > 0}><summary>Single types of events and notices</summary><div class="choices">${TYPES.map((one) => box([one, ""]))}</div></details>
    <${Area} mono label="As they are sent" required rows=${3} value=${value.join("\n")} onInput=${(text) => onInput(lines(text))}
      hint="One a line: api_key.revoked, api_key.*, notice.key_expiring." error=${error} />
  </fieldset>`;
}
