// What an entry was caused by and what came of it, each beneath its cause, with what was told of it.
import { html } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { count } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Shown } from "../States.mjs";
import { Time } from "../Time.mjs";
import { said } from "../Timeline.mjs";
import { Ref, shortened } from "../Ref.mjs";
import { Who } from "./AuditTable.mjs";

export const chainCall = (position) => ({ path: `/v1/audit/${position}/chain` });

/** @param {{ position: number }} props */
export function Chain({ position }) {
  const read = useRead(chainCall(position), { every: 5 });
  return html`<${Shown} read=${read}>${() => {
    const { items, deliveries, truncated } = read.data;
    const told = new Map();
    for (const one of deliveries ?? []) told.set(one.position, [...(told.get(one.position) ?? []), one]);
    const shown = new Set(items.map((link) => link.entry.position));
    const elsewhere = (deliveries ?? []).filter((one) => !shown.has(one.position));
    return html`
      <${Links} items=${items} cause=${null} here=${position} told=${told} />
      ${elsewhere.length > 0 && html`<${Told} items=${elsewhere} />`}
      ${deliveries === null && html`<p class="small quiet">What was told of these is shown to those alone who see every entry.</p>`}
      ${deliveries?.length === 0 && html`<p class="small quiet">Nobody was told of these: no webhook and no rule fits them.</p>`}
      ${truncated && html`<p class="small">There are more than the first thousand.</p>`}`;
  }}<//>`;
}

function Links({ items, cause, here, told }) {
  const mine = items.filter((link) => link.caused_by === cause);
  if (mine.length === 0) return null;
  return html`<ol class="timeline">${mine.map(({ entry }) => html`<li key=${entry.position}
    data-tone=${entry.outcome === "succeeded" ? null : "bad"} aria-current=${entry.position === here ? "true" : null}>
    <p>${entry.position === here ? html`<strong>${said(entry.action)}</strong> <span class="badge">this entry</span>` : html`<a
      href=${`#/audit/${entry.position}`} class="strong">${said(entry.action)}</a>`} <${Ref} id=${entry.subject.id} /></p>
    <p class="small quiet">${entry.position} · <${Time} at=${entry.occurred_at} seconds /> · <${Who} actor=${entry.actor} /></p>
    <${Told} items=${told.get(entry.position) ?? []} />
    <${Links} items=${items} cause=${entry.position} here=${here} told=${told} />
  </li>`)}</ol>`;
}

function Told({ items }) {
  if (items.length === 0) return null;
  return html`<ul class="plain small">${items.map((one) => html`<li key=${one.id} class="row wrap"><${Badge} word=${one.state} />
    <span>${one.kind === "notice" ? "Notice" : "Event"} ${one.type} <${By} delivery=${one} /></span>
    <span class="quiet">${count(one.attempts, "try", "tries")}${one.last_error && `: ${one.last_error}`}</span></li>`)}</ul>`;
}

/** @param {{ delivery: Api["Delivery"] }} props */
function By({ delivery }) {
  const { channel, webhook_id: webhook, id } = delivery;
  if (channel === "email") return html`by e-mail`;
  return webhook ? html`by <a href=${`#/webhooks/${webhook}/deliveries/${id}`}>webhook <code class="id">${shortened(webhook)}</code></a>` : html`by webhook`;
}
