// Which key can call which route, by which scopes and within which limits.
import { html } from "../../lib/ui.mjs";
import { list } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Ref } from "../Ref.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";

export const ACCESS_FILTERS = ["client_id", "key_id", "route_id", "environment", "owner_team"];
export const ACCESS_TYPED = [{ name: "owner_team", label: "Owner team" }, { name: "environment", label: "Environment" },
  { name: "key_id", label: "Key" }];

export const lineKey = (line) => `${line.key_id} ${line.route_id}`;

export const ACCESS_COLUMNS = [
  { name: "Key", cell: (line) => html`<${Ref} id=${line.key_id} name=${line.key_name} />${line.quarantined && html` <${Badge}
    word="quarantined" />`}` },
  { name: "Client", cell: (line) => html`<${Ref} id=${line.client_id} name=${line.client_name} /><span
    class="item quiet">${line.owner_team}</span>` },
  { name: "Environment", cell: (line) => line.environment },
  { name: "Route", kind: /** @type {"long"} */ ("long"), cell: (line) => html`<${Ref} id=${line.route_id} name=${line.route_name} /><code
    class="item quiet">${line.methods.join(", ")} ${line.hosts.join(", ")}${line.path}</code>` },
  { name: "By the scopes", cell: (line) => (line.required_scopes.length === 0 ? html`<span
    class="quiet">needs none</span>` : list(line.required_scopes)) },
  { name: "From", cell: (line) => (line.allowed_cidrs.length === 0 ? html`<span class="quiet">anywhere</span>` : list(line.allowed_cidrs)) },
  { name: "Within", kind: /** @type {"long"} */ ("long"), cell: (line) => html`<${Within} limits=${line.limits} />` },
  { name: "Ends", cell: (line) => html`<${Time} at=${line.ends_at} none="never" />` },
];

function Within({ limits }) {
  if (limits.length === 0) return html`<span class="badge" data-tone="warn">no limit</span>`;
  return limits.map((one) => html`<span class="item">${one.says} <span class="quiet"><${Ref} id=${one.policy_id} name=${one.policy_name} />
    </span>${one.mode === "shadow" && html` <${Badge} word="shadow" />`}</span>`);
}

export const AccessTable = ({ items }) => html`<${Table} caption="Who can call what" columns=${ACCESS_COLUMNS} items=${items} keyOf=${lineKey} />`;
