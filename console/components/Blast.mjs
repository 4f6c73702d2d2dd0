// The blast radius: whom a change would touch, before it is made.
import { html } from "../lib/ui.mjs";
import { count, list, number } from "../lib/format.mjs";
import { Facts } from "./Page.mjs";
import { Time } from "./Time.mjs";

// One person may answer for many clients.
const people = (contacts) => [...new Map(contacts.map((one) => [`${one.name} ${one.email} ${one.role}`, one])).values()];

/** @param {{ radius: Api["BlastRadius"] }} props */
export function Blast({ radius }) {
  const calm = radius.calls_last_24h === 0;
  return html`<div class="blast" data-tone=${calm ? "good" : "bad"}>
    <p class="strong">${calm ? "Nobody called with this in the last 24 hours." : `${count(radius.calls_last_24h, "call")} in the last 24 hours, ${number(radius.allowed_last_24h)} of them allowed.`}</p>
    <${Facts} items=${[
      ["Last used", html`<${Time} at=${radius.last_used_at} none="not in that time" both />`],
      ["Clients", number(radius.clients)],
      ["Keys", number(radius.keys)],
      ["Environments", list(radius.environments)],
      ["Owners", radius.owners.length ? radius.owners.map((owner) => html`<span class="item">${owner.team}${owner.email && html` <span
        class="quiet">${owner.email}</span>`}</span>`) : "–"],
      radius.contacts.length > 0 && ["Contacts", people(radius.contacts).map((contact) => html`<span
        class="item">${contact.name ?? "erased"} <span class="quiet">${contact.role}${contact.email ? `, ${contact.email}` : ""}</span>
        </span>`)],
      radius.routes.length > 0 && ["Routes called", radius.routes.slice(0, 8).map((route) => html`<span
        class="item">${route.name ?? route.id} <span class="quiet">${number(route.calls)}</span></span>`)],
    ]} />
    ${radius.truncated && html`<p class="small quiet">The lists are cut.</p>`}
  </div>`;
}
