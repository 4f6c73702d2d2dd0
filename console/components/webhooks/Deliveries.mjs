// Messages on their way, of one webhook or of all channels.
import { html } from "../../lib/ui.mjs";
import { count, words } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { options } from "../Filters.mjs";
import { Ref } from "../Ref.mjs";
import { Time } from "../Time.mjs";

export const STATES = ["pending", "held", "gathered", "delivered", "dead", "cancelled"];
export const STATE_FILTER = { name: "state", label: "State", kind: /** @type {"choice"} */ ("choice"), options: options("Any", STATES) };

const WHAT = { name: "What", cell: (one) => html`${one.webhook_id ? html`<a
  href=${`#/webhooks/${one.webhook_id}/deliveries/${one.id}`}>${one.type}</a>` : html`<span>${one.type}</span>`}${one.kind !== "event" && html` <span
  class="quiet small">${words(one.kind)}</span>`}` };
const STATE = { name: "State", cell: (one) => html`<${Badge} word=${one.state} />` };
const REST = [
  { name: "About", cell: (one) => html`<${Ref} id=${one.subject} />` },
  { name: "Tries", kind: /** @type {"number"} */ ("number"), cell: (one) => one.attempts },
  { name: "Last answer", cell: (one) => html`<${LastAnswer} one=${one} />` },
  { name: "Made", cell: (one) => html`<${Time} at=${one.created_at} relative />` },
  { name: "Next", cell: (one) => html`<${Next} one=${one} />` },
];

/** An error is the more telling, where there is one. */
export function LastAnswer({ one }) {
  if (one.last_error) return html`<span class="wrong">${words(one.last_error)}</span>${one.last_status && html` <span class="quiet">${one.last_status}</span>`}`;
  return one.last_status ? String(one.last_status) : html`<span class="quiet">–</span>`;
}

function Next({ one }) {
  if (one.ended_at) return html`<span class="quiet nowrap">ended <${Time} at=${one.ended_at} relative /></span>`;
  return one.due_at ? html`<${Time} at=${one.due_at} relative />` : html`<span class="quiet">–</span>`;
}

const WHOM = { name: "To", cell: (one) => (one.webhook_id ? html`<${Ref} id=${one.webhook_id} />` : one.address ?? html`<span class="quiet">an address</span>`) };

export const DELIVERY_COLUMNS_OF_WEBHOOK = [WHAT, STATE, ...REST];
export const DELIVERY_COLUMNS = [WHAT, STATE, WHOM, ...REST];

/** @param {Api["Delivery"]} one */
export const toneOf = (one) => (one.state === "dead" ? "bad" : null);
export const triesText = (one) => count(one.attempts, "try", "tries");
