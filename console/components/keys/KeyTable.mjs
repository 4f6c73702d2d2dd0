// Keys as a list shows them.
import { html } from "../../lib/ui.mjs";
import { Badge } from "../Badge.mjs";
import { Ref } from "../Ref.mjs";
import { Time } from "../Time.mjs";

/** Whether two secrets open beside each other: the one before is told of after its end, too, and of a key by which nothing opens. @param {Api["Key"]} item */
export const rotating = (item) => item.status === "active" && Boolean(item.previous) && Date.parse(item.previous.until) > Date.now();

/** A key's state, and what is special about it now. @param {{ item: Api["Key"] }} props */
export function KeyState({ item }) {
  return html`<span class="row wrap"><${Badge} word=${item.status} />
    ${item.quarantine && html`<${Badge} word="quarantined" tone="bad" />`}
    ${rotating(item) && html`<${Badge} word="rotating" tone="warn" />`}
    ${item.revoke_at && item.status !== "revoked" && Date.parse(item.revoke_at) > Date.now() && html`<${Badge} word="to be revoked"
      tone="warn" />`}</span>`;
}

const NAME = { name: "Name", sort: "name", cell: (item) => html`<a href=${`#/keys/${item.id}`}>${item.name}</a>` };
const CLIENT = { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} />` };
const REST = [
  { name: "Status", cell: (item) => html`<${KeyState} item=${item} />` },
  { name: "Environment", cell: (item) => item.environment },
  { name: "Secret", cell: (item) => html`<code class="id">${item.hint}</code>` },
  { name: "Last used", cell: (item) => html`<${Time} at=${item.last_used_at} relative none="never" />` },
  { name: "Expires", sort: "expires_at", cell: (item) => html`<${Time} at=${item.expires_at} relative none="never" />` },
  { name: "Issued", sort: "created_at", cell: (item) => html`<${Time} at=${item.created_at} relative />` },
];

export const KEY_COLUMNS = [NAME, CLIENT, ...REST];
export const KEY_COLUMNS_OF_CLIENT = [NAME, ...REST];
