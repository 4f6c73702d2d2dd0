// The token of a person or a service account: shown once, followed by another, ended.
import { html, useState } from "../../lib/ui.mjs";
import { Act } from "../Act.mjs";
import { Confirm } from "../Confirm.mjs";
import { CopyOnce } from "../Copy.mjs";
import { Dialog } from "../Dialog.mjs";
import { Choice, Moment, wrongAt } from "../Field.mjs";
import { Time } from "../Time.mjs";

const OVERLAPS = [["0", "Not at all"], ["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], ["2592000", "30 days"]];

/** @param {{ title: string, token: string | null | undefined, onClose: () => void, children?: unknown }} props */
export function TokenOnce({ title, token, onClose, children }) {
  if (!token) {
    return html`<${Dialog} title=${title} onClose=${onClose}><p>The token was in the first answer to this request, and is nowhere else. If that answer was lost, rotate it.</p>
      <div class="row end"><${Act} kind="main" onClick=${onClose}>Close<//></div><//>`;
  }
  return html`<${Dialog} title=${title} locked onClose=${onClose}><${CopyOnce} what="Token" secret=${token} onStored=${onClose} />${children}<//>`;
}

/** @param {{ path: string, name: string, onClose: (rotated: boolean) => void }} props */
export function RotateToken({ path, name, onClose }) {
  const [value, setValue] = useState({ overlap: "0", expires_at: null });
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  if (answer) return html`<${TokenOnce} title=${`${name} has a new token`} token=${answer.body.token} onClose=${() => onClose(true)} />`;
  return html`<${Confirm} title=${`Rotate the token of ${name}`} verb="Rotate" reason="none" about="It has another token, which is shown once."
    onClose=${() => onClose(false)} onDone=${setAnswer}
    call=${() => ({ method: "POST", path: `${path}/rotate-token`, body: { overlap_seconds: Number(value.overlap), ...(value.expires_at ? { expires_at: value.expires_at } : {}) } })}
    extra=${(error) => html`<${Choice} label="How long the token before lives on" required value=${value.overlap}
      onInput=${(overlap) => setValue({ ...value, overlap })} options=${OVERLAPS} error=${wrongAt(error, "/overlap_seconds")} />
      <${Moment} label="The new one stops at" value=${value.expires_at} onInput=${(expires_at) => setValue({ ...value, expires_at })}
        hint="In UTC, at most a year ahead. Empty: in 90 days." error=${wrongAt(error, "/expires_at")} />`} />`;
}

/** What is known of the tokens of somebody, as facts. @param {any} one */
export const tokenFacts = (one) => [
  ["Token", one.token ? html`version ${one.token.version}, ends with <code>${one.token.hint}</code><span
    class="item quiet">stops <${Time} at=${one.token.expires_at} both /></span>` : html`<span class="quiet">none</span>`],
  one.previous && ["Token before", html`ends with <code>${one.previous.hint}</code><span class="item quiet">lives until <${Time} at=${one.previous.until} both /></span>`],
];
