// What is to happen at a time ahead, and what has.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { MAY_PLAN } from "../components/work/plans.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["pending", "applied", "ended", "cancelled", "failed"]) },
  { name: "client_id", label: "Client's identifier" },
];

/** What a change is about: the most telling of what it names. */
export const Subject = ({ change }) => (change.kind === "revise_policy" ? html`<${Ref} id=${change.policy_id} />` : html`<${Ref} id=${change.key_id ?? change.client_id ?? change.policy_id} />`);

const COLUMNS = [
  { name: "Change", cell: (one) => html`<a href=${`#/scheduled-changes/${one.id}`}>${words(one.kind)}</a>` },
  { name: "Of", cell: (one) => html`<${Subject} change=${one} />` },
  { name: "Status", cell: (one) => html`<${Badge} word=${one.status} />` },
  { name: "At", cell: (one) => html`<${Time} at=${one.at} both />` },
  { name: "Undone", cell: (one) => html`<${Time} at=${one.until} none="it stays" />` },
  { name: "Why", cell: (one) => one.reason },
];

export default function ScheduledChangesPage({ query }) {
  const { may } = useMay();
  const call = { path: "/v1/scheduled-changes", query };
  const read = usePage(call, { every: 10 });
  const refused = MAY_PLAN.some(may) ? null : "You hold none of the permissions of what can be planned.";
  return html`<${Page} title="Scheduled changes"
    about="Changes that happen by themselves at a time ahead, and may end by themselves. Planned revocations of keys are among them." calls=${[call]}
    actions=${html`<${Act} kind="main" href="#/scheduled-changes/new" refusal=${refused}>Plan a change<//>`}>
    <${Section} title="Changes">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Scheduled changes" columns=${COLUMNS} rowTone=${(one) => (one.status === "failed" ? "bad" : null)}
        empty=${query.status || query.client_id ? html`<${Empty} title="No change fits these filters." />` : html`<${Empty} title="Nothing is planned, and nothing was." />`} />
    <//>
  <//>`;
}
