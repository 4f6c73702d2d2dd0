// What waits for a second person, and what became of it.
import { html, useContext } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { list } from "../lib/format.mjs";
import { Signed } from "../lib/permissions.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Act } from "../components/Act.mjs";
import { titleOf } from "../components/approvals/Asked.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["waiting", "approved", "redeemed", "declined", "withdrawn", "expired"]) },
  { name: "mine", label: "Proposed by", kind: "choice", options: [["", "Anybody"], ["true", "Me"]] },
];

const COLUMNS = (me) => [
  { name: "Request", cell: (one) => html`<a href=${`#/approvals/${one.id}`}><code>${titleOf(one)}</code></a>` },
  { name: "Status", cell: (one) => html`<${Badge} word=${one.status} tone=${one.status === "redeemed" ? "good" : undefined} />` },
  { name: "Needs", cell: (one) => list(one.needs.map((need) => need.permission)) },
  { name: "Proposed by", cell: (one) => (one.proposer === me ? "you" : html`<${Principal} id=${one.proposer} />`) },
  { name: "Reason", cell: (one) => one.reason ?? html`<span class="quiet">–</span>` },
  { name: "Proposed", cell: (one) => html`<${Time} at=${one.created_at} relative />` },
  { name: "Expires", cell: (one) => (["waiting", "approved"].includes(one.status) ? html`<${Time} at=${one.expires_at} relative />` : html`<span class="quiet">–</span>`) },
];

export default function ApprovalsPage({ query }) {
  const me = useContext(Signed)?.who.id;
  const call = { path: "/v1/approvals", query };
  const read = usePage(call, { every: 5 });
  return html`<${Page} title="Approvals"
    about="What one person is not enough for. Somebody else who may do it, too, approves it; whoever proposed it then carries it out, once, within 24 hours." calls=${[call]}
    actions=${html`<${Act} href="#/approval-rules">What needs two people<//>`}>
    <${Section} title="Requests">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Approvals" columns=${COLUMNS(me)} empty=${query.status || query.mine
        ? html`<${Empty} title="No request fits these filters." />`
        : html`<${Empty} title="Nothing has waited for a second person yet.">Rules say what needs two people.<//>`} />
    <//>
  <//>`;
}
