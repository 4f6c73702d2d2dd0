// Who holds which role where.
import { html, useState } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { usePrincipals } from "../lib/principals.mjs";
import { Give, grantColumns, Withdraw } from "../components/access/Grants.mjs";
import { Act } from "../components/Act.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { tell } from "../components/Toast.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "role", label: "Role", kind: "choice", options: options("Any", ["viewer", "auditor", "operator", "policy_manager", "access_admin", "security_officer", "admin", "break_glass", "gateway"]) },
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["given", "withdrawn"]) },
  { name: "team", label: "Team" },
  { name: "environment", label: "Environment" },
];

export default function GrantsPage({ query }) {
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const { may, refusal } = useMay();
  const everybody = usePrincipals();
  const call = { path: "/v1/grants", query };
  const read = usePage(call, { every: 15 });
  const nameOf = (id) => everybody?.find((one) => one.id === id)?.name ?? id;
  const given = () => { setOpen(null); tell("The role is given."); read.reload(); };
  return html`<${Page} title="Grants"
    about="A role within a scope, given by somebody for a reason. Nobody gives more than they hold; without a grant nothing may be done." calls=${[call]}
    actions=${html`<${Act} href="#/roles">What each role holds<//><${Act} kind="main" refusal=${may("grant.write") ? null : refusal("grant.write")}
      onClick=${() => setOpen("give")}>Give a role<//>`}>
    <${Section} title="Grants">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Grants" columns=${grantColumns(setOpen, refusal)}
        empty=${FILTERS.some((filter) => query[filter.name]) ? html`<${Empty} title="No grant fits these filters." />` : html`<${Empty} title="Nothing is granted yet." />`} />
    <//>
    ${open === "give" && html`<${Give} onClose=${() => setOpen(null)} onDone=${given} />`}
    ${open?.id && html`<${Withdraw} grant=${open} name=${nameOf(open.principal_id)} onClose=${() => setOpen(null)} onDone=${() => read.reload()} />`}
  <//>`;
}
