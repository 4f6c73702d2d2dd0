// Programs that use the admin API, and the teams that answer for them.
import { html, useState } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { forgetPrincipals } from "../lib/principals.mjs";
import { go } from "../lib/router.mjs";
import { TokenOnce } from "../components/access/Token.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { Moment, Text, wrongAt } from "../components/Field.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "name_contains", label: "Name", kind: "search" },
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["enabled", "disabled"]) },
  { name: "team", label: "Team" },
];

const COLUMNS = [
  { name: "Name", cell: (one) => html`<a href=${`#/service-accounts/${one.id}`}>${one.name}</a>` },
  { name: "Status", cell: (one) => html`<${Badge} word=${one.status} />` },
  { name: "Team", cell: (one) => one.team },
  { name: "Token", cell: (one) => (one.token ? html`<code>${one.token.hint}</code>` : html`<span class="quiet">none</span>`) },
  { name: "Stops", cell: (one) => html`<${Time} at=${one.token?.expires_at} relative />` },
  { name: "Last used", cell: (one) => html`<${Time} at=${one.last_used_at} relative none="never" />` },
  { name: "Made", cell: (one) => html`<${Time} at=${one.created_at} relative />` },
];

export default function ServiceAccountsPage({ query }) {
  const [making, setMaking] = useState(false);
  const { refusal } = useMay();
  const call = { path: "/v1/service-accounts", query };
  const read = usePage(call, { every: 20 });
  return html`<${Page} title="Service accounts" about="Programs that use the admin API. They manage neither people nor grants, and approve nothing." calls=${[call]}
    actions=${html`<${Act} kind="main" refusal=${refusal("service_account.write")} onClick=${() => setMaking(true)}>Make a service account<//>`}>
    <${Section} title="Service accounts">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Service accounts" columns=${COLUMNS} empty=${FILTERS.some((filter) => query[filter.name]) ? html`<${Empty}
        title="None fits these filters." />` : html`<${Empty} title="No service account yet." />`} />
    <//>
    ${making && html`<${Make} onClose=${() => setMaking(false)} />`}
  <//>`;
}

function Make({ onClose }) {
  const [value, setValue] = useState({ name: "", team: "", expires_at: null });
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  const set = (changes) => setValue({ ...value, ...changes });
  const stored = () => { forgetPrincipals(); go(`service-accounts/${answer.body.service_account.id}`); };
  if (answer) return html`<${TokenOnce} title=${`${value.name} is made`} token=${answer.body.token}
    onClose=${stored}><p>It may do nothing before it is given a role, on its page.</p><//>`;
  return html`<${Confirm} title="Make a service account" verb="Make it" reason="none" about="Its token is shown once." onClose=${onClose} onDone=${setAnswer}
    call=${() => ({ method: "POST", path: "/v1/service-accounts", body: { name: value.name.trim(), team: value.team.trim(), ...(value.expires_at ? { expires_at: value.expires_at } : {}) } })}
    extra=${(error) => html`
      <${Text} label="Name" required value=${value.name} onInput=${(name) => set({ name })} hint="What it is for: deployment, monitoring." error=${wrongAt(error, "/name")} />
      <${Text} label="Team" required value=${value.team} onInput=${(team) => set({ team })} hint="Who answers for it." error=${wrongAt(error, "/team")} />
      <${Moment} label="Its token stops at" value=${value.expires_at} onInput=${(expires_at) => set({ expires_at })}
        hint="In UTC, at most a year ahead. Empty: in 90 days." error=${wrongAt(error, "/expires_at")} />`} />`;
}
