// The limits in force for a caller, and how much of each is used: as the gateways count it now.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { number, percent } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Act } from "./Act.mjs";
import { Badge } from "./Badge.mjs";
import { Danger } from "./Danger.mjs";
import { Ref } from "./Ref.mjs";
import { Empty, Shown } from "./States.mjs";
import { Table } from "./Table.mjs";
import { Time } from "./Time.mjs";

const COLUMNS = [
  { name: "Limit", cell: (item) => html`${item.name} <span class="quiet">${item.kind}</span>` },
  { name: "Policy", cell: (item) => html`<${Ref} id=${item.policy_id} /> <span class="quiet">rev. ${item.policy_revision}</span>` },
  { name: "Used", cell: (item) => html`<${Used} used=${item.used} limit=${item.limit} />` },
  { name: "Full again", cell: (item) => (item.used === 0 ? html`<span class="quiet">now</span>` : html`<${Time}
    at=${item.resets_at} relative />`) },
  { name: "Environment", cell: (item) => item.environment },
  { name: "Counts", cell: (item) => (item.key_id ? html`key <${Ref}
    id=${item.key_id} />` : item.counting === "shared" ? "all together" : item.counting) },
  { name: "Mode", cell: (item) => html`<${Badge} word=${item.mode} />` },
];

/** Giving a limit back is on record, and is not taken back. */
const GIVE = (may, onGive) => ({ name: html`<span class="hidden">What to do</span>`,
  cell: (item) => may && item.used > 0 && html`<${Act} kind="quiet" label=${`Give back what is used of ${item.name}`}
    onClick=${() => onGive(item)}>Give back<//>` });

/** @param {{ query: { client_id?: string, key_id?: string }, why?: Record<string, string> }} props */
export function Limits({ query, why = {} }) {
  const read = useRead({ path: "/v1/usage/current", query }, { every: 5 });
  const [giving, setGiving] = useState(/** @type {any} */ (null));
  const { may } = useMay();
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0
    ? html`<${Empty} title="No limit is in force here.">No policy binds these calls, so they are not limited.<//>`
    : html`<${Table} caption="Limits in force" columns=${[...COLUMNS, GIVE(may("limit.reset"), setGiving)]} items=${read.data.items}
      keyOf=${(item) => [item.assignment_id, item.kind, item.name, item.environment, item.key_id, item.route_id].join()} />`)}<//>
    <p class="small"><a href=${to("effective", why)}>Why these and no others?</a></p>
    ${giving && html`<${Danger} title=${`Give back what is used of ${giving.name}`} verb="Give back" name=${giving.name}
      about=${`${number(giving.used)} of ${number(giving.limit)} are used. They are as if they had never been: whoever is counted may use all of it again.`}
      call=${(reason) => ({ method: "POST", path: "/v1/usage/reset", body: resetOf(giving, { ...why, ...query }, reason) })}
        onClose=${() => setGiving(null)} onDone=${read.reload} />`}`;
}

/**
 * Of whoever the policy counts: a key, a client, or all together.
 * @param {any} item @param {{ client_id?: string, key_id?: string }} whose @param {string} reason
 */
function resetOf(item, { client_id, key_id }, reason) {
  const whom = { client: { client_id }, key: { key_id: item.key_id ?? key_id }, shared: {} }[item.counting];
  return { policy_id: item.policy_id, limit: item.name, environment: item.environment, ...whom, reason };
}

/** How much of a limit is used. @param {{ used: number, limit: number }} props */
export function Used({ used, limit }) {
  return html`<span class="used"><meter min="0" max=${limit} high=${limit * 0.8} optimum="0" value=${Math.min(used, limit)}
    aria-label=${`${used} of ${limit} used`}></meter>
    <span class="small nowrap">${number(used)} of ${number(limit)} <span class="quiet">(${percent(used, limit)})</span></span></span>`;
}
